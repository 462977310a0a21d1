import type { Activity, ClosedStatus, Outcome } from './activity.ts';
import type { ActivityOptions } from './activity-options.ts';
import type { Answer } from './decision.ts';
import type { ExecutionId, ReplyAddress, RunId } from './identity.ts';
import type { Payload, Payloads } from './payload.ts';
import type { Failure } from './failure.ts';
import type { Refusal } from './refusal.ts';
import type { Signal, WorkflowRun } from './workflow-run.ts';
import type { EpochMillis, Offset } from './units.ts';

/** One attempt of an activity, on its way to a worker. */
export interface ActivityTask {
  readonly id: ExecutionId;
  readonly activityType: string;
  /** Signed; see `@ratchet/protocol`. */
  readonly taskToken: Uint8Array;
  readonly attempt: number;
  readonly options: ActivityOptions;
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
  readonly heartbeatDetails: Payloads;
  readonly scheduledAt: EpochMillis;
  /** When this attempt was dispatched. */
  readonly currentAttemptScheduledAt: EpochMillis;
  /** How often a full worker has passed it on to another partition. */
  readonly passedOnCount: number;
}

/** What `Describe` answers: the public view of an activity (semantics 1.4, 2.6). */
export type ActivityDescription = Activity;

/** What arrives at an address of `ratchet.replies`. */
export interface Reply {
  readonly address: string;
  /** The request it answers. */
  readonly requestId: string;
  /** The offset of the command that decided it (of the last command seen, for a query). */
  readonly offset: Offset;
  readonly body:
    | { readonly type: 'Accepted'; readonly answer: Answer }
    | { readonly type: 'Refused'; readonly refusal: Refusal }
    | {
        readonly type: 'OutcomeReached';
        readonly runId: string;
        readonly status: ClosedStatus;
        readonly outcome: Outcome;
      }
    /** Still open: the asker asks again, the scheduler remembers it meanwhile. */
    | { readonly type: 'OutcomePending'; readonly runId: string }
    | { readonly type: 'Described'; readonly description: ActivityDescription }
    /** Pushed to the worker that runs an attempt. */
    | {
        readonly type: 'CancelNotice';
        readonly id: ExecutionId;
        readonly scheduleOffset: Offset;
        readonly attempt: number;
        readonly stamp: number;
      };
}

/** Records of `ratchet.activity.cancellations`. */
export type CancellationRecord =
  /** From outside. */
  | {
      readonly type: 'CancelActivity';
      readonly target: ExecutionId;
      readonly requestId: string;
      readonly identity: string;
      readonly reason: string;
      readonly replyTo?: ReplyAddress;
    }
  | {
      readonly type: 'CancelRun';
      readonly run: RunId;
      readonly requestId: string;
      readonly identity: string;
      readonly reason: string;
      readonly replyTo?: ReplyAddress;
    }
  /** From the scheduler: a page of the activities that were open when a run was cancelled or closed. */
  | {
      readonly type: 'FanOut';
      readonly run: RunId;
      readonly cause: 'run-cancel-requested' | 'run-closed';
      readonly decidedOffset: Offset;
      readonly requestId: string;
      readonly identity: string;
      readonly reason: string;
      readonly activityIds: readonly string[];
    }
  /** From the scheduler: the worker that runs this attempt must learn of its cancellation. */
  | {
      readonly type: 'NotifyWorker';
      readonly id: ExecutionId;
      readonly scheduleOffset: Offset;
      readonly attempt: number;
      readonly stamp: number;
      readonly workerAddress: ReplyAddress;
    };

/** A completion event of an external system, by token or by ids. */
export interface CompletionEvent {
  readonly eventId: string;
  readonly source: string;
  readonly taskToken?: Uint8Array;
  readonly target?: ExecutionId;
  readonly body:
    | { readonly type: 'Completed'; readonly result: Payloads }
    | { readonly type: 'Failed'; readonly failure: Failure }
    | { readonly type: 'Canceled'; readonly details: Payloads }
    | { readonly type: 'Heartbeat'; readonly details: Payloads };
}

/** Under `inputKey`; written once. The snapshot of an open activity carries neither input nor header. */
export interface ActivityInput {
  readonly type: 'ActivityInput';
  /** Which life of the id it belongs to. */
  readonly scheduleOffset: Offset;
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
}

/** Under `heartbeatKey`; the attempt is the one that recorded it or took it over. */
export interface ActivityHeartbeat {
  readonly type: 'ActivityHeartbeat';
  readonly details: Payloads;
  readonly recordedAt: EpochMillis;
  readonly count: number;
  readonly scheduleOffset: Offset;
  readonly attempt: number;
  readonly stamp: number;
}

/** Records of `ratchet.activity.executions`, one per key of the compacted topic. */
export type StateRecord =
  | { readonly type: 'ActivitySnapshot'; readonly activity: Activity }
  | ActivityInput
  | ActivityHeartbeat
  | { readonly type: 'RunSnapshot'; readonly run: WorkflowRun }
  /** Under `signalKey`. */
  | { readonly type: 'SignalSnapshot'; readonly run: RunId; readonly signal: Signal }
  /** Under `__progress`: everything before these offsets is in the state. */
  | {
      readonly type: 'Progress';
      readonly commands: Offset;
      readonly queries: Offset;
      readonly now: EpochMillis;
      readonly rules: number;
    };
