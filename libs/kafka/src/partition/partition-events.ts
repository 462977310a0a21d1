import type { OperationalError } from '../errors.ts';
import type { FetchedBatch, LogRange } from '../consumers/group-consumer.ts';
import type { LogLevel } from '../log.ts';
import type { InputRecord, OutputRecord } from '../record.ts';
import type { Positions } from './partition-logic.ts';
import type { SealedGroup } from './record-handler.ts';
import type { Poison } from './partition-reader.ts';

export type PartitionPhase = 'fencing' | 'restoring' | 'running' | 'stopped' | 'closed';

/** Which phase may come after which. */
export const followers: Readonly<Record<PartitionPhase, readonly PartitionPhase[]>> = {
  fencing: ['restoring', 'stopped', 'closed'],
  restoring: ['running', 'stopped', 'closed'],
  running: ['stopped', 'closed'],
  stopped: ['closed'],
  closed: [],
};

/** What has come about, as the driver tells it. */
export type PartitionEvent<T> =
  /** The group has answered: nobody else owns the partition before `leaseUntil`. `confirmations`: how many answers it counts for. */
  | { readonly kind: 'heard'; readonly leaseUntil: number; readonly confirmations: number }
  /**
   * The group has formed anew and the partition has stayed: the consumer has forgotten positions and pauses. `ownedCount`: how
   * many partitions this instance owns now.
   */
  | { readonly kind: 'rejoined'; readonly ownedCount: number }
  | { readonly kind: 'fenced' }
  /** `from`: where to begin within the log, where whoever was asked knows. */
  | { readonly kind: 'located'; readonly asked: Locate; readonly range: LogRange; readonly from?: number | undefined }
  /** `from`: where to begin in those of them of which something is known already. */
  | { readonly kind: 'state-located'; readonly ranges: ReadonlyMap<string, LogRange>; readonly from: Positions }
  /** What was asked could not be found out; it is asked again, unless a person must do something. */
  | { readonly kind: 'failed'; readonly asked: Ask; readonly error: Error }
  | { readonly kind: 'fetched'; readonly batch: FetchedBatch }
  | { readonly kind: 'restored' }
  /** A record of the restore can never be read. */
  | { readonly kind: 'poisoned'; readonly record: InputRecord; readonly error: Error }
  /** Something outside is missing to read a record; `undefined`: no longer. */
  | { readonly kind: 'halted'; readonly error: Error | undefined }
  | { readonly kind: 'begun'; readonly positions: Positions }
  | { readonly kind: 'decoded'; readonly values: readonly (T | Poison)[] }
  /** All effects that were sent before it was asked are acknowledged. */
  | { readonly kind: 'settled' }
  /** `ends`: of each state topic that it has written to, the offset behind the group. */
  | { readonly kind: 'written'; readonly ends: Positions }
  /** Whether the group was committed nobody knows, or it was not. */
  | { readonly kind: 'unwritten'; readonly error: Error }
  /** An effect, or a call of the logic, has thrown. */
  | { readonly kind: 'broken'; readonly error: Error }
  /** `wakesAt` has come. */
  | { readonly kind: 'wake' }
  /** Handle nothing more, and commit what was handled. */
  | { readonly kind: 'finish' }
  /** The group has given the partition to someone else. */
  | { readonly kind: 'lost' };

/** Where a log begins and ends; `for` says what follows from it. */
export interface Locate {
  readonly kind: 'locate';
  readonly topic: string;
  readonly for: 'restore' | 'go-on' | 'check' | 'investigate';
  /** What was expected; of `check` and `investigate`. */
  readonly offset: number;
}

/** Where the logs of all state topics begin and end, and where the logic wants to begin in them: `state-located`. */
export interface LocateState {
  readonly kind: 'locate-state';
}

export interface Fence {
  readonly kind: 'fence';
}

export type Ask = Fence | Locate | LocateState;

/** What the driver is to do; it tells what comes of it where an event says so. */
export type PartitionEffect =
  | Ask
  | { readonly kind: 'pause' | 'resume'; readonly topic: string }
  | { readonly kind: 'seek'; readonly topic: string; readonly offset: number }
  /** Hand the first `count` records of the batch to the logic: `restored`. */
  | { readonly kind: 'restore'; readonly batch: FetchedBatch; readonly count: number }
  /** Tell the logic that the restore has reached the end: `begun`. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'decode'; readonly records: readonly InputRecord[] }
  | { readonly kind: 'send'; readonly records: readonly OutputRecord[] }
  | { readonly kind: 'settle' }
  /** State in one transaction, then the positions: `written`, or `unwritten`. */
  | { readonly kind: 'write'; readonly group: SealedGroup; readonly positions: Positions }
  | { readonly kind: 'say'; readonly level: LogLevel; readonly message: string; readonly error?: Error }
  /** For the metrics. */
  | { readonly kind: 'was-restored'; readonly records: number; readonly durationMs: number }
  /** How much of the logs that are restored has been read, counted in offsets. */
  | { readonly kind: 'restores'; readonly done: number; readonly total: number }
  | { readonly kind: 'was-handled'; readonly topic: string; readonly records: number; readonly lag: number }
  | { readonly kind: 'was-committed'; readonly group: SealedGroup; readonly durationMs: number }
  | { readonly kind: 'was-not-committed'; readonly error: Error }
  /** A right is missing; the partition has stopped, and begins anew after a while. */
  | { readonly kind: 'denied'; readonly error: OperationalError }
  /** All that was handled is committed; answers `finish`. */
  | { readonly kind: 'finished' }
  /** The machine is closed by itself: whoever owns the partition then begins anew, once the group has confirmed the owner. */
  | { readonly kind: 'give-up'; readonly error: Error; readonly isFenced: boolean };
