// Generated from schemas/ by tools/generate. Do not edit.

import type { ExecutionId } from './execution-id.ts';

import type { ReplyAddress } from './reply-address.ts';

import type { RunStatus } from './run-status.ts';

/** A question that changes nothing. */
export interface ActivityQuery {
  /** What is asked. */
  readonly type: QueryType;
  /** The activity asked about; of a workflow run: its ids, and an empty activity id. */
  readonly target: ExecutionId;
  /** Comes back with the answer. */
  readonly requestId: string;
  /** Where the answer goes. */
  readonly replyTo: ReplyAddress;
  /** The answer must have seen the command log up to and with this offset; -1 for any. */
  readonly seenOffset: number;
  /** For AwaitRun. */
  readonly awaitRun?: KnownOfRun | null;
  /** Offset of the Schedule of the life of the id that is meant; absent: whichever there is. */
  readonly scheduleOffset?: number | null;
  /** For Describe, what is left out of the answer: `input`, `heartbeat-details`, `result`. Other words are passed over. */
  readonly without: readonly string[];
}
/** What is asked. */
export type QueryType = 'Describe' | 'AwaitOutcome' | 'AwaitRun';
/** What its asker has of the run already. */
export interface KnownOfRun {
  /** Absent: nothing, so the answer comes at once. */
  readonly status?: RunStatus | null;
  /** The last signal it has; -1 for none. */
  readonly signalsUpTo: number;
  /** How many more it has room for; at 0 signals are no news. */
  readonly signalCountMax: number;
  /** Only signals of this name count; empty: of every name. */
  readonly signalName: string;
}
