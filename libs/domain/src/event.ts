import type { Activity, ClosedStatus, Outcome, RunningActivity } from './activity.ts';
import type { ExecutionId, RunId } from './identity.ts';
import type { Offset } from './units.ts';
import type { RunCloseStatus, Signal, WorkflowRun } from './workflow-run.ts';

/** Why an attempt must stop although its worker knows nothing of it yet. Semantics sections 2.4 and 2.5. */
export type NoticeReason = 'cancel-requested' | 'timed-out' | 'not-found' | 'paused' | 'reset';

/**
 * What a decision changes and what must be said to the world because of it.
 *
 * Events are never stored (the command log is the truth). Down to `RunExpired` they carry state, and `evolve` is their
 * application; so does `RulesChanged`. The others are effects: they tell the scheduler which records to send.
 */
export type DomainEvent =
  /** The activity is now this. `changed` says which of its records must be written again. */
  | {
      readonly type: 'ActivityChanged';
      readonly activity: Activity;
      readonly changed: { readonly input: boolean; readonly heartbeat: boolean; readonly main: boolean };
    }
  | { readonly type: 'RunChanged'; readonly run: WorkflowRun }
  | { readonly type: 'SignalReceived'; readonly run: RunId; readonly signal: Signal }
  /** These signals are no longer needed: they were acknowledged, or their run goes. */
  | { readonly type: 'SignalsAcknowledged'; readonly run: RunId; readonly offsets: readonly Offset[] }
  | { readonly type: 'ActivityExpired'; readonly id: ExecutionId }
  | { readonly type: 'RunExpired'; readonly run: RunId }
  /** A task of the current attempt must be sent. */
  | { readonly type: 'TaskDispatched'; readonly id: ExecutionId }
  | {
      readonly type: 'ActivityClosed';
      readonly id: ExecutionId;
      readonly status: ClosedStatus;
      readonly outcome: Outcome;
    }
  /** Others than its worker want the attempt to stop, or have ended it: the worker must learn. `activity` is the attempt. */
  | { readonly type: 'AttemptInterrupted'; readonly activity: RunningActivity; readonly reason: NoticeReason }
  /** An attempt that was interrupted has learned of it, has ended by itself, or may go on. */
  | { readonly type: 'AttemptInformed'; readonly activity: RunningActivity }
  /** The open activities of the run, as of now, must be told. */
  | { readonly type: 'RunCancelRequested'; readonly run: RunId }
  | { readonly type: 'RunClosed'; readonly run: RunId; readonly status: RunCloseStatus }
  | { readonly type: 'RulesChanged'; readonly version: number };
