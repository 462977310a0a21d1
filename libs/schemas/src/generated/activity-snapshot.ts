// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis, Millis } from '@ratchet/domain';
import type { ActivityOptions } from './activity-options.ts';

import type { CancelRequest } from './cancel-request.ts';
import type { ClosedStatus } from './closed-status.ts';
import type { ExecutionId } from './execution-id.ts';
import type { Failure } from './failure.ts';

import type { Outcome } from './outcome.ts';
import type { Payload } from './payload.ts';
import type { ReplyAddress } from './reply-address.ts';

import type { UserMetadata } from './user-metadata.ts';
import type { WorkerSdk } from './worker-sdk.ts';

/** The state of one activity, without input, header and heartbeat, which are records of their own and stay as long as it does. Exactly one of open and closed is set. */
export interface ActivitySnapshot {
  /** Names the activity. */
  readonly id: ExecutionId;
  /** Which activity function. */
  readonly activityType: string;
  /** Offset of its Schedule in the command log: tells this life of the id from a former one. */
  readonly scheduleOffset: number;
  /** Offset of the command that decided this state. */
  readonly version: number;
  /** The request ids that started it or were attached to it; the first one started it. */
  readonly requestIds: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly scheduledAt: EpochMillis;
  /** How long the closed record is kept, in milliseconds from closing. */
  readonly retentionMs: Millis;
  /** Counts from 1; back to 1 after a reset. */
  readonly attempt: number;
  /** The worker of the latest attempt; may be empty. */
  readonly lastWorkerIdentity: string;
  /** How the latest failed attempt ended. */
  readonly lastFailure?: AttemptFailure | null;
  /** The open activity. */
  readonly open?: OpenState | null;
  /** The closed activity. */
  readonly closed?: ClosedState | null;
  /** Whom to tell of the outcome. */
  readonly callbackUrls: readonly string[];
  /** The latest report ids, those of the id's former run included. */
  readonly reportIds: readonly string[];
  /** Of each of them, until when it is remembered at least; 0, or none at all: only as long as it is one of the latest. In milliseconds since the Unix epoch. */
  readonly reportIdsUntil: readonly EpochMillis[];
  /** How many commands have changed it; heartbeats are counted on their own. Of a record from before they were counted: since then. */
  readonly transitionCount: number;
  /** When the latest attempt was granted, where none is in progress and the activity is open; milliseconds since the Unix epoch. */
  readonly startedAt?: EpochMillis | null;
  /** What the worker of the latest attempt is built with. */
  readonly workerSdk?: WorkerSdk | null;
}
/** How the latest failed attempt ended. */
export interface AttemptFailure {
  /** The failure. */
  readonly failure: Failure;
  /** Milliseconds since the Unix epoch. */
  readonly failedAt: EpochMillis;
}
/** What only an open activity has. */
export interface OpenState {
  /** Where it stands. */
  readonly status: OpenStatus;
  /** The options in force. */
  readonly options: ActivityOptions;
  /** As scheduled; absent: never changed. */
  readonly originalOptions?: ActivityOptions | null;
  /** A cancel of its workflow run does not reach it. */
  readonly shielded: boolean;
  /** Changes with every attempt, reset, pause and change of options. */
  readonly stamp: number;
  /** When this attempt's task is, or was, due; milliseconds since the Unix epoch. */
  readonly dispatchAt: EpochMillis;
  /** The interval this attempt waited for, in milliseconds; 0 for a first one. */
  readonly retryIntervalMs: Millis;
  /** Who set the interval. */
  readonly retryIntervalSource: RetryIntervalSource;
  /** The last pause. */
  readonly pause?: PauseRequest | null;
  /** Request id of the last unpause. */
  readonly unpauseRequestId?: string | null;
  /** Request id of the last reset. */
  readonly resetRequestId?: string | null;
  /** Request id of the last change of options. */
  readonly updateRequestId?: string | null;
  /** When a task of this attempt was last sent; milliseconds since the Unix epoch. */
  readonly dispatchedAt?: EpochMillis | null;
  /** The attempt in progress. */
  readonly running?: RunningAttempt | null;
}
/** Where an open activity stands. */
export type OpenStatus =
  'scheduled' | 'paused' | 'started' | 'cancel-requested' | 'pause-requested' | 'reset-requested';
/** Who set the interval. */
export type RetryIntervalSource = 'retry-policy' | 'worker-override';
/** Someone asked for a pause. */
export interface PauseRequest {
  /** Of the request. */
  readonly requestId: string;
  /** Who asked. */
  readonly identity: string;
  /** Why; may be empty. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly requestedAt: EpochMillis;
}
/** What only an attempt in progress has. */
export interface RunningAttempt {
  /** When it was granted; milliseconds since the Unix epoch. */
  readonly startedAt: EpochMillis;
  /** The claim that has it. */
  readonly claimId: string;
  /** Where the worker that runs it listens. */
  readonly workerAddress?: ReplyAddress | null;
  /** The cancellation asked for. */
  readonly cancel?: CancelRequest | null;
  /** A reset that waits for the end of the attempt. */
  readonly deferredReset?: DeferredReset | null;
}
/** What a reset leaves to be done when this attempt is over. */
export interface DeferredReset {
  /** Stay paused. */
  readonly keepPaused: boolean;
  /** Forget the heartbeat details. */
  readonly resetHeartbeat: boolean;
  /** Go back to the options as scheduled. */
  readonly restoreOriginalOptions: boolean;
}
/** What only a closed activity has. */
export interface ClosedState {
  /** How it ended. */
  readonly status: ClosedStatus;
  /** The task queue it had last. */
  readonly taskQueue: string;
  /** Milliseconds since the Unix epoch. */
  readonly closedAt: EpochMillis;
  /** Start of the latest attempt; milliseconds since the Unix epoch. */
  readonly startedAt?: EpochMillis | null;
  /** When the record may be removed; milliseconds since the Unix epoch. */
  readonly expiresAt: EpochMillis;
  /** The one outcome. */
  readonly outcome: Outcome;
  /** The request that cancelled or terminated it; empty otherwise. */
  readonly closeRequestId: string;
  /** All heartbeats recorded in this life. */
  readonly heartbeatCount: number;
  /** Absent to everyone: kept only so that no former run of the id is the latest. */
  readonly deleted: boolean;
  /** The options in force last. Absent in a record from before they were kept. */
  readonly options?: ActivityOptions | null;
  /** The cancellation asked for. */
  readonly cancel?: CancelRequest | null;
  /** Request id of the last pause. */
  readonly pauseRequestId?: string | null;
  /** Request id of the last unpause. */
  readonly unpauseRequestId?: string | null;
  /** Request id of the last reset. */
  readonly resetRequestId?: string | null;
  /** Request id of the last change of options. */
  readonly updateRequestId?: string | null;
  /** The arguments; of a record that stands among the open ones they have their own. */
  readonly input: readonly Payload[];
  /** What was handed to the worker. */
  readonly header: Readonly<Record<string, Payload>>;
  /** What people are told of it. */
  readonly userMetadata?: UserMetadata | null;
  /** Where it comes from; each a temporal.api.common.v1.Link. */
  readonly links: readonly Uint8Array[];
  /** Those of the last heartbeat. */
  readonly heartbeatDetails: readonly Payload[];
  /** When it was recorded; 0 where there is none, or a reset has forgotten it. Milliseconds since the Unix epoch. */
  readonly heartbeatAt: EpochMillis;
}
