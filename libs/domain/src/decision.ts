import type { Activity, ClosedActivity, RunningActivity, ScheduledActivity } from './activity.ts';
import type { ExecutionId, RunId } from './identity.ts';
import type { Refusal, StateLimit } from './refusal.ts';
import type { EpochMillis, Offset } from './units.ts';
import type { Signal, WorkflowRun } from './workflow-run.ts';

/** Of a partition's state: `PartitionState.apply` applies it, whole or not at all, and nothing else changes state. */
export type Change = readonly EntityChange[];

/** What one activity, run or signal is from here on; or the rules. Without rules of its own: `decide` has settled that. */
export type EntityChange =
  /** The activity is now this. `changed` says which of its records must be written again. */
  | {
      readonly type: 'ActivityChanged';
      readonly activity: Activity;
      readonly changed: { readonly input: boolean; readonly heartbeat: boolean; readonly main: boolean };
    }
  | { readonly type: 'ActivityRemoved'; readonly id: ExecutionId }
  | { readonly type: 'RunChanged'; readonly run: WorkflowRun }
  | { readonly type: 'RunRemoved'; readonly run: RunId }
  | { readonly type: 'SignalAdded'; readonly run: RunId; readonly signal: Signal }
  /** These signals are no longer needed: they were acknowledged, or their run goes. */
  | { readonly type: 'SignalsRemoved'; readonly run: RunId; readonly offsets: readonly Offset[] }
  | { readonly type: 'RulesChanged'; readonly version: number };

/** Why an attempt must stop although its worker knows nothing of it yet. Semantics sections 2.4 and 2.5. */
export type NoticeReason = 'cancel-requested' | 'timed-out' | 'not-found' | 'paused' | 'reset';

/** Why the open activities of a run must be told. */
export type FanOutCause = 'run-cancel-requested' | 'run-closed';

/**
 * What others than the sender of the command are told. An activity or run in it is as the decision leaves it, unless it is
 * said to be the attempt that has ended.
 */
export type Effect =
  /** The task of the current attempt goes to its task queue. */
  | { readonly type: 'Task'; readonly activity: ScheduledActivity }
  /** The task of a first attempt is due later: its task queue can be made ready. */
  | { readonly type: 'TaskAhead'; readonly activity: ScheduledActivity }
  /** The activity has closed: whoever waits for its outcome is told, and its callback URLs are. */
  | { readonly type: 'Outcome'; readonly activity: ClosedActivity }
  /** Others than its worker want the attempt to stop, or have ended it: the worker must learn. `activity` is the attempt. */
  | { readonly type: 'Notice'; readonly activity: RunningActivity; readonly reason: NoticeReason }
  /** The attempt of a `Notice` has learned of it, has ended by itself, or may go on. `activity` is the attempt. */
  | { readonly type: 'NoticeSettled'; readonly activity: RunningActivity }
  /** The run has another status, or this signal: whoever waits for news of the run is told. */
  | { readonly type: 'RunNews'; readonly run: WorkflowRun; readonly signal?: Signal }
  /** The activities that are open in the run as of now must be told, each by a command of its own. */
  | {
      readonly type: 'FanOut';
      readonly run: RunId;
      readonly cause: FanOutCause;
      readonly activityIds: readonly string[];
    };

/** What the sender of an accepted command is told. */
export type Answer =
  | { readonly type: 'Scheduled'; readonly runId: string; readonly started: boolean }
  /** The attempt is yours from `startedAt`. */
  | { readonly type: 'Granted'; readonly startedAt: EpochMillis }
  /** At most one flag is set (semantics 2.5). */
  | {
      readonly type: 'HeartbeatRecorded';
      readonly cancelRequested: boolean;
      readonly paused: boolean;
      readonly reset: boolean;
    }
  | { readonly type: 'Acknowledged' }
  | { readonly type: 'RunOpened'; readonly runId: string; readonly started: boolean };

/** A step of a partition: what of its state changes, and what the world is told because of it, in this order. */
export interface Transition {
  readonly change: Change;
  readonly effects: readonly Effect[];
}

export interface Accepted extends Transition {
  readonly kind: 'accepted';
  readonly answer: Answer;
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

export type Decision = Accepted | Refused;

/** What the log says about the command itself. */
export interface DecisionContext {
  /** The log's clock: never behind an earlier command of the partition. */
  readonly now: EpochMillis;
  /** Where the command stands. */
  readonly offset: Offset;
  /** The rules version in force. */
  readonly rules: number;
}

const nothing: Transition = { change: [], effects: [] };

export const accept = (answer: Answer, { change, effects }: Transition = nothing): Accepted => ({
  kind: 'accepted',
  answer,
  change,
  effects,
});

/** The answer to whoever only needs to know that it happened. */
export const acknowledged: Answer = { type: 'Acknowledged' };

export const refuse = (reason: Refusal['reason'], message: string): Refused => ({
  kind: 'refused',
  refusal: { reason, message },
});

/** There is no room for what the command adds. */
export const refuseAtLimit = (limit: StateLimit, message: string): Refused => ({
  kind: 'refused',
  refusal: { reason: 'failed-precondition', message, limit },
});
