import type { ActivityOptions } from './activity-options.ts';
import type { Failure, RetryState } from './failure.ts';
import type { ExecutionId, ReplyAddress } from './identity.ts';
import type { Payload, Payloads } from './payload.ts';
import type { RememberedId } from './remembered-id.ts';
import type { EpochMillis, Millis, Offset } from './units.ts';

/*
 * The instants of an activity, each by the log's clock and in epoch milliseconds; which timeout counts from which is said
 * in deadlines.ts:
 *
 * - scheduled, `scheduledAt`: its Schedule was accepted.
 * - dispatch, `dispatchAt`: the task of the present attempt is due: at once, or after a start delay or a backoff.
 * - dispatched, `dispatchedAt`: a task of the present attempt was last sent to its task queue, or was to be.
 * - started, `startedAt`: a worker's claim of the latest attempt was granted.
 * - recorded, `heartbeat.recordedAt`: the last heartbeat was accepted.
 * - closed, `closedAt`: it came to its one outcome.
 * - expires, `expiresAt`: what is left of it is removed, `retentionMs` after it closed.
 */

/** How a closed activity ended. Semantics section 2. */
export type ClosedStatus = 'completed' | 'failed' | 'canceled' | 'terminated' | 'timed-out';

/** An attempt is running somewhere in each of these. */
export type InProgressStatus = 'started' | 'cancel-requested' | 'pause-requested' | 'reset-requested';

export type OpenStatus = 'scheduled' | 'paused' | InProgressStatus;

/** What never changes while an activity lives, and what every state of it has. */
interface ActivityBase {
  readonly id: ExecutionId;
  readonly activityType: string;
  /** Offset of its Schedule: tells this life of the id from a former one. */
  readonly scheduleOffset: Offset;
  /** Offset of the command that decided this state. A heartbeat leaves it: heartbeats are a record of their own. */
  readonly version: Offset;
  /** The request ids that started it or were attached to it; the first one started it. */
  readonly requestIds: readonly string[];
  readonly scheduledAt: EpochMillis;
  /** How long the closed record is kept, from closing. */
  readonly retentionMs: Millis;
  /** How many commands have changed it; heartbeats have a count of their own. */
  readonly transitionCount: number;
  /** Those in force; of a closed one the last. */
  readonly options: ActivityOptions;
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
  readonly userMetadata?: UserMetadata;
  readonly links?: readonly Link[];
  /** Counts from 1; back to 1 after a reset. */
  readonly attempt: number;
  /** When the latest attempt was granted. Absent: none was. */
  readonly startedAt?: EpochMillis;
  readonly heartbeat?: Heartbeat;
  readonly lastWorkerIdentity: string;
  /** What the worker of the latest attempt is built with. Absent: it did not say. */
  readonly workerSdk?: WorkerSdk;
  readonly unpauseRequestId?: string;
  readonly resetRequestId?: string;
  readonly updateRequestId?: string;
  /** Whom to tell of the outcome. Absent: nobody. */
  readonly callbackUrls?: readonly string[];
  /** The latest `reportId`s, those of the id's former run included, so that a repeated report is known. Absent: none. */
  readonly reportIds?: readonly RememberedId[];
}

/** What whoever starts an activity says of it to people. */
export interface UserMetadata {
  readonly summary?: Payload;
  readonly details?: Payload;
}

/** Where an activity comes from: a `temporal.api.common.v1.Link`, as the wire has it. */
export type Link = Uint8Array;

/** As a client names itself in its calls. */
export interface WorkerSdk {
  readonly name: string;
  readonly version: string;
}

/** The last recorded heartbeat; its details reach the next attempt. */
export interface Heartbeat {
  readonly details: Payloads;
  /** 0: a reset has forgotten it. */
  readonly recordedAt: EpochMillis;
  /** All heartbeats recorded in this life. */
  readonly count: number;
}

export interface AttemptFailure {
  readonly failure: Failure;
  readonly failedAt: EpochMillis;
}

export interface CancelRequest {
  readonly requestId: string;
  readonly identity: string;
  readonly reason: string;
  readonly requestedAt: EpochMillis;
}

export interface PauseRequest {
  readonly requestId: string;
  readonly identity: string;
  readonly reason: string;
  readonly requestedAt: EpochMillis;
}

/** What a reset of a running attempt leaves to be done when that attempt is over. */
export interface DeferredReset {
  readonly keepPaused: boolean;
  readonly resetHeartbeat: boolean;
  readonly restoreOriginalOptions: boolean;
}

/** What every open state has. */
export interface OpenBase extends ActivityBase {
  /** As scheduled: what `restoreOriginalOptions` goes back to. */
  readonly originalOptions: ActivityOptions;
  /** Run under a shield: a cancel of its workflow run does not reach it. */
  readonly shielded: boolean;
  /** Changes with every attempt, reset, pause and re-dispatch to other options; what carries an older one is stale. */
  readonly stamp: number;
  /** When this attempt's task is, or was, due. In the future: start delay or backoff. */
  readonly dispatchAt: EpochMillis;
  /** The interval this attempt waited for; 0 for a first one. */
  readonly retryIntervalMs: Millis;
  readonly retryIntervalSource: 'retry-policy' | 'worker-override';
  readonly lastFailure?: AttemptFailure;
  /** The last pause, kept after an unpause so that its request id stays known. */
  readonly pause?: PauseRequest;
}

export interface ScheduledActivity extends OpenBase {
  readonly status: 'scheduled';
  /** When a task of this attempt was last sent; absent while it waits for `dispatchAt`. */
  readonly dispatchedAt?: EpochMillis;
}

export interface PausedActivity extends OpenBase {
  readonly status: 'paused';
}

/** An attempt was granted and has not ended. */
export interface RunningActivity extends OpenBase {
  readonly status: InProgressStatus;
  readonly startedAt: EpochMillis;
  readonly claimId: string;
  /** Where the worker that runs it listens. */
  readonly workerAddress?: ReplyAddress;
  readonly cancel?: CancelRequest;
  readonly deferredReset?: DeferredReset;
}

export type OpenActivity = ScheduledActivity | PausedActivity | RunningActivity;

/** The one outcome. A failure's `retryState` says why there was no further attempt. */
export type Outcome =
  | { readonly type: 'success'; readonly result: Payloads }
  | { readonly type: 'failure'; readonly failure: Failure; readonly retryState: RetryState };

/** What is left for askers who come late, all that there is to see of it; gone after `expiresAt`. */
export interface ClosedActivity extends ActivityBase {
  readonly status: ClosedStatus;
  readonly closedAt: EpochMillis;
  readonly expiresAt: EpochMillis;
  readonly outcome: Outcome;
  /** The request that terminated it, else that cancelled it or would have, so that its repetition is accepted. Or empty. */
  readonly closeRequestId: string;
  /** Only where it is not the outcome's own failure, which may be large: read it through `lastFailure`. */
  readonly lastFailure?: AttemptFailure;
  readonly cancel?: CancelRequest;
  readonly pauseRequestId?: string;
  /** Absent to everyone: kept, without its outcome, only so that no former run of the id is the latest. Absent: no. */
  readonly deleted?: true;
}

/**
 * One Activity Execution.
 *
 * ```
 *            claim              complete / fail for good / time out
 * scheduled ───────> started ────────────────────────────────────> closed
 *   │  ^               │ ^  │ request cancel
 *   │  └── retry ──────┘ │  └────────────────> cancel-requested ──> closed (never a retry)
 *   │ pause       unpause│ pause
 *   v                    v
 * paused <─ attempt ends ─ pause-requested      reset-requested ── attempt ends ──> scheduled, attempt 1
 * ```
 */
export type Activity = OpenActivity | ClosedActivity;

export function isClosed(activity: Activity): activity is ClosedActivity {
  switch (activity.status) {
    case 'completed':
    case 'failed':
    case 'canceled':
    case 'terminated':
    case 'timed-out':
      return true;
    default:
      return false;
  }
}

export const isOpen = (activity: Activity): activity is OpenActivity => !isClosed(activity);

/** Whether an attempt was granted and has not ended. */
export const isRunning = (activity: Activity): activity is RunningActivity =>
  isOpen(activity) && activity.status !== 'scheduled' && activity.status !== 'paused';

/** Whether a task of its attempt was sent, or was to be, and nobody has claimed it. */
export const isUnclaimed = (activity: Activity): activity is ScheduledActivity =>
  activity.status === 'scheduled' && activity.dispatchedAt !== undefined;
