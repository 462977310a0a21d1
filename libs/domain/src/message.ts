import type { Activity, ClosedStatus, Link, Outcome, UserMetadata } from './activity.ts';
import type { ActivityOptions } from './activity-options.ts';
import type { ForwardedFrom } from './command.ts';
import type { Answer, FanOutCause, NoticeReason } from './decision.ts';
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
        readonly activityType: string;
        /** Who ran the last attempt; may be empty. */
        readonly workerIdentity: string;
      }
    /** Still open, or no news of the run: the asker asks again, the scheduler remembers it meanwhile. */
    | { readonly type: 'OutcomePending'; readonly runId: string }
    /** `stateBytes`: how large its records are. */
    | { readonly type: 'Described'; readonly description: ActivityDescription; readonly stateBytes: number }
    /** Where a run stands, and the first signals that its asker has not, as many as it has room for. */
    | { readonly type: 'RunDescribed'; readonly run: WorkflowRun; readonly signals: readonly Signal[] }
    /** Pushed to the worker that runs an attempt; at least once, the same for the same attempt and reason. */
    | ({ readonly type: 'CancelNotice'; readonly reason: NoticeReason } & AttemptPlace);
}

/** Names one attempt of one life of an activity, as its task token does. */
export interface AttemptPlace {
  readonly id: ExecutionId;
  readonly scheduleOffset: Offset;
  readonly attempt: number;
  readonly stamp: number;
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
      readonly cause: FanOutCause;
      readonly decidedOffset: Offset;
      readonly requestId: string;
      readonly identity: string;
      readonly reason: string;
      readonly activityIds: readonly string[];
    }
  /** From the scheduler, or written anew by the cancellation service: the worker must learn why to stop this attempt. */
  | ({
      readonly type: 'NotifyWorker';
      readonly workerAddress: ReplyAddress;
      readonly reason: NoticeReason;
      /** When the attempt is over at the latest, by its own limits. */
      readonly overAt: EpochMillis;
      /** How often the notice was sent before this record was written. */
      readonly sentCount: number;
    } & DecidedNotice)
  /** From the scheduler: the attempt of a `NotifyWorker` before it has learned of it, or is over. */
  | ({ readonly type: 'NoticeSettled' } & DecidedNotice);

/** What the scheduler says of an attempt, and where it was decided. */
export interface DecidedNotice extends AttemptPlace {
  /** Offset of the command: copies may come late, and what a later command has settled stays settled. -1 is unknown. */
  readonly decidedOffset: Offset;
}

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

/** Record of `ratchet.activity.callbacks`: a URL is to be told how an activity ended. */
export interface CallbackRequest {
  readonly id: ExecutionId;
  readonly url: string;
  readonly activityType: string;
  readonly status: ClosedStatus;
  readonly outcome: Outcome;
  readonly closedAt: EpochMillis;
  /** The offset of the command that closed it: with the id and the URL, what tells one telling from another. */
  readonly closedOffset: Offset;
  /** How often it was tried in vain. */
  readonly failedCount: number;
  /** Not to be tried before; absent: at once. */
  readonly notBefore?: EpochMillis;
}

/** Under `inputKey`. The snapshot of an activity carries none of it. */
export interface ActivityInput {
  readonly type: 'ActivityInput';
  /** Which life of the id it belongs to. */
  readonly scheduleOffset: Offset;
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
  readonly userMetadata?: UserMetadata;
  readonly links?: readonly Link[];
}

/** Under `heartbeatKey`; the attempt is the one that recorded it or took it over. Stamp 0: its activity is closed. */
export interface ActivityHeartbeat {
  readonly type: 'ActivityHeartbeat';
  readonly details: Payloads;
  readonly recordedAt: EpochMillis;
  readonly count: number;
  readonly scheduleOffset: Offset;
  readonly attempt: number;
  readonly stamp: number;
}

/** Records of `ratchet.activity.executions` and `ratchet.activity.outcomes`, one per key of a topic. */
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
      /** The last command that the cancellation service forwarded. */
      readonly forwarded?: ForwardedFrom;
      /** Ids of the keys that proofs were verified with. Absent: none were. */
      readonly tokenKeyIds?: readonly string[];
      /** Task topics that are being made: tasks that were dispatched to them may not have been sent. Absent: none. */
      readonly unsentTopics?: readonly string[];
      /** When the retention of something closed ends first. Absent: of nothing. */
      readonly expiresFirstAt?: EpochMillis;
    };
