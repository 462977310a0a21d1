// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

import type { ExecutionId } from './execution-id.ts';

import type { NoticeReason } from './notice-reason.ts';

import type { ReplyAddress } from './reply-address.ts';

import type { RunId } from './run-id.ts';

/** A step of the cancellation protocol. */
export interface CancellationRecord {
  /** Which step. */
  readonly body:
    | { readonly 'ratchet.v1.CancelActivity': CancelActivity }
    | { readonly 'ratchet.v1.CancelRun': CancelRun }
    | { readonly 'ratchet.v1.FanOut': FanOut }
    | { readonly 'ratchet.v1.NotifyWorker': NotifyWorker }
    | { readonly 'ratchet.v1.NoticeSettled': NoticeSettled };
}
/** From outside: cancel this activity. */
export interface CancelActivity {
  /** The activity. */
  readonly target: ExecutionId;
  /** Comes back with the answer. */
  readonly requestId: string;
  /** Who asks. */
  readonly identity: string;
  /** Why; may be empty. */
  readonly reason: string;
  /** Where the answer goes. */
  readonly replyTo?: ReplyAddress | null;
}
/** From outside: cancel this workflow run. */
export interface CancelRun {
  /** The run. */
  readonly run: RunId;
  /** Comes back with the answer. */
  readonly requestId: string;
  /** Who asks. */
  readonly identity: string;
  /** Why; may be empty. */
  readonly reason: string;
  /** Where the answer goes. */
  readonly replyTo?: ReplyAddress | null;
}
/** From the scheduler: a page of the activities that were open when a run was cancelled or closed. */
export interface FanOut {
  /** The run. */
  readonly run: RunId;
  /** What happened to the run. */
  readonly cause: FanOutCause;
  /** Offset of the command that did it. */
  readonly decidedOffset: number;
  /** Of that command. */
  readonly requestId: string;
  /** Who asked. */
  readonly identity: string;
  /** Why; may be empty. */
  readonly reason: string;
  /** At most 1,000 ids. */
  readonly activityIds: readonly string[];
}
/** What happened to the run. */
export type FanOutCause = 'run-cancel-requested' | 'run-closed';
/** From the scheduler, or written anew by the cancellation service: the worker that runs this attempt must learn why to stop. */
export interface NotifyWorker {
  /** The activity. */
  readonly id: ExecutionId;
  /** Offset of its Schedule in the command log. */
  readonly scheduleOffset: number;
  /** Counts from 1. */
  readonly attempt: number;
  /** The stamp of the attempt. */
  readonly stamp: number;
  /** Offset of the command that decided it: what is settled by a later one is not told again. -1 is unknown. */
  readonly decidedOffset: number;
  /** Where that worker listens. */
  readonly workerAddress: ReplyAddress;
  /** Why it must stop. */
  readonly reason: NoticeReason;
  /** When the attempt is over at the latest, by its own limits; milliseconds since the Unix epoch. */
  readonly overAt: EpochMillis;
  /** How often the notice was sent before this record was written. */
  readonly sentCount: number;
}
/** From the scheduler: the attempt of a NotifyWorker before it has learned of it, or is over. */
export interface NoticeSettled {
  /** The activity. */
  readonly id: ExecutionId;
  /** Offset of its Schedule in the command log. */
  readonly scheduleOffset: number;
  /** Counts from 1. */
  readonly attempt: number;
  /** The stamp of the attempt. */
  readonly stamp: number;
  /** Offset of the command that decided it: what is settled by a later one is not told again. -1 is unknown. */
  readonly decidedOffset: number;
}
