import type { ExecutionId, ReplyAddress, RunId } from './identity.ts';
import type { Offset } from './units.ts';
import type { RunStatus } from './workflow-run.ts';

interface QueryBase {
  readonly requestId: string;
  readonly replyTo: ReplyAddress;
  /** The answer must have seen the command log up to and with this offset; -1 for any. */
  readonly seenOffset: Offset;
}

/** What of an activity may be large, and need not be described. */
export type LargePart = 'input' | 'heartbeat-details' | 'result';

export interface ActivityQuery extends QueryBase {
  readonly type: 'Describe' | 'AwaitOutcome';
  readonly target: ExecutionId;
  /** Which life of the id is meant, where an id is free again after closing. Absent: whichever there is. */
  readonly scheduleOffset?: Offset;
  /** For Describe: what is left out of the answer. Absent: nothing. */
  readonly without?: readonly LargePart[];
}

/** What its asker has of a run already. */
export interface KnownOfRun {
  /** Absent: nothing, so the answer comes at once. */
  readonly status?: RunStatus;
  /** Only signals of this name count; empty: of every name. */
  readonly signalName: string;
  /** The last signal it has; -1 for none. */
  readonly signalsUpTo: Offset;
  /** How many more it has room for; at 0 signals are no news. */
  readonly signalCountMax: number;
}

/** Answered as soon as the run has another status, or a signal that the asker has not. */
export interface AwaitRun extends QueryBase {
  readonly type: 'AwaitRun';
  readonly run: RunId;
  readonly known: KnownOfRun;
}

/** A question that changes nothing. Asked again by its sender every few seconds until answered. */
export type Query = ActivityQuery | AwaitRun;
