// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

import type { ClosedStatus } from './closed-status.ts';
import type { ExecutionId } from './execution-id.ts';

import type { NoticeReason } from './notice-reason.ts';
import type { Outcome } from './outcome.ts';
import type { Payload } from './payload.ts';

import type { UserMetadata } from './user-metadata.ts';

import type { ActivitySnapshot } from './activity-snapshot.ts';

import type { RunSnapshot } from './run-snapshot.ts';

import type { SignalSnapshot } from './signal-snapshot.ts';
/** What arrives at an address of `ratchet.replies`. Exactly one of the fields after `offset` is set; none: a kind of answer this reader does not know. */
export interface Reply {
  /** Whom it is for. */
  readonly address: string;
  /** The request it answers; may be empty. */
  readonly requestId: string;
  /** Of the command that decided it; of the last command seen, for a query. */
  readonly offset: number;
  /** The command was accepted. */
  readonly acknowledged?: Acknowledged | null;
  /** The Schedule was accepted. */
  readonly scheduled?: Scheduled | null;
  /** The claim was granted. */
  readonly granted?: Granted | null;
  /** The heartbeat was recorded. */
  readonly heartbeatRecorded?: HeartbeatRecorded | null;
  /** The OpenRun was accepted. */
  readonly runOpened?: RunOpened | null;
  /** The command changed nothing. */
  readonly refused?: Refusal | null;
  /** The activity is closed. */
  readonly outcomeReached?: OutcomeReached | null;
  /** The activity is open, or there is no news of the run: ask again. */
  readonly outcomePending?: OutcomePending | null;
  /** The answer to Describe. */
  readonly described?: ActivityDescription | null;
  /** Pushed to the worker that runs an attempt. */
  readonly cancelNotice?: CancelNotice | null;
  /** The answer to AwaitRun. */
  readonly runDescribed?: RunDescription | null;
}
/** The command was accepted. */
export type Acknowledged = Readonly<Record<string, never>>;
/** The Schedule was accepted. */
export interface Scheduled {
  /** The run. */
  readonly runId: string;
  /** It started this run; false: the run was there. */
  readonly started: boolean;
}
/** The attempt is the claimer's. */
export interface Granted {
  /** From then; milliseconds since the Unix epoch. */
  readonly startedAt: EpochMillis;
}
/** The heartbeat was recorded. At most one flag is set. */
export interface HeartbeatRecorded {
  /** Stop when you can. */
  readonly cancelRequested: boolean;
  /** The activity is to pause. */
  readonly paused: boolean;
  /** The activity was reset. */
  readonly reset: boolean;
}
/** The OpenRun was accepted. */
export interface RunOpened {
  /** The run. */
  readonly runId: string;
  /** It opened this run; false: the run was there. */
  readonly started: boolean;
}
/** The command changed nothing. */
export interface Refusal {
  /** Why. */
  readonly reason: RefusalReason;
  /** For people. */
  readonly message: string;
  /** For ALREADY_STARTED. */
  readonly existing?: ExistingRun | null;
  /** For the heartbeat of an attempt that is over: it is over because it timed out. */
  readonly attemptTimedOut: boolean;
}
/** Why. A reason this reader does not know is read as FAILED_PRECONDITION; the message tells. */
export type RefusalReason =
  | 'failed-precondition'
  | 'invalid-argument'
  | 'not-found'
  | 'already-started'
  | 'stale-attempt'
  | 'already-claimed'
  | 'not-due'
  | 'wrong-partition'
  | 'stale-driver';
/** The run that has the id. */
export interface ExistingRun {
  /** The run. */
  readonly runId: string;
  /** The request that started it. */
  readonly startRequestId: string;
}
/** The activity is closed. */
export interface OutcomeReached {
  /** The run. */
  readonly runId: string;
  /** How it ended. */
  readonly status: ClosedStatus;
  /** The one outcome. */
  readonly outcome: Outcome;
  /** The activity's type. */
  readonly activityType: string;
  /** Who ran the last attempt; may be empty. */
  readonly workerIdentity: string;
}
/** The activity is open; or there is no news of the run. */
export interface OutcomePending {
  /** The run. */
  readonly runId: string;
}
/** All there is to say about an activity. */
export interface ActivityDescription {
  /** Its state. */
  readonly snapshot: ActivitySnapshot;
  /** The arguments; empty for a closed one. */
  readonly input: readonly Payload[];
  /** Opaque; empty for a closed one. */
  readonly header: Readonly<Record<string, Payload>>;
  /** The last recorded heartbeat. */
  readonly heartbeat?: RecordedHeartbeat | null;
  /** What people are told of it. */
  readonly userMetadata?: UserMetadata | null;
  /** Where it comes from; each a temporal.api.common.v1.Link. */
  readonly links: readonly Uint8Array[];
  /** How many bytes its records have in the state topic. */
  readonly stateBytes: number;
}
/** The last recorded heartbeat. */
export interface RecordedHeartbeat {
  /** What it carried. */
  readonly details: readonly Payload[];
  /** Milliseconds since the Unix epoch. */
  readonly recordedAt: EpochMillis;
  /** All heartbeats recorded in this life. */
  readonly count: number;
}
/** The attempt that the addressed worker runs is to stop. */
export interface CancelNotice {
  /** Names the activity. */
  readonly id: ExecutionId;
  /** Offset of its Schedule in the command log. */
  readonly scheduleOffset: number;
  /** Counts from 1. */
  readonly attempt: number;
  /** The stamp of the attempt. */
  readonly stamp: number;
  /** Why it must stop. */
  readonly reason: NoticeReason;
}
/** Where a workflow run stands, and the signals that its asker has not. */
export interface RunDescription {
  /** Its state. */
  readonly snapshot: RunSnapshot;
  /** The first ones that it has room for, in the order of the log. */
  readonly signals: readonly SignalSnapshot[];
}
