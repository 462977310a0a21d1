import type { ActivityOptionsRequest, IdConflictPolicy, IdReusePolicy } from './activity-options.ts';
import type { Link, UserMetadata, WorkerSdk } from './activity.ts';
import type { Failure, TimeoutType } from './failure.ts';
import type { ExecutionId, ReplyAddress, RunId } from './identity.ts';
import type { Payload, Payloads } from './payload.ts';
import type { EpochMillis, Millis, Offset } from './units.ts';
import type { RunCloseStatus } from './workflow-run.ts';

/** Which attempt is meant. By id: the current one, whichever it is. By token: that one and no other. */
export type AttemptReference =
  | { readonly by: 'id' }
  | {
      readonly by: 'token';
      readonly scheduleOffset: Offset;
      readonly attempt: number;
      readonly stamp: number;
      /** What of the token proves who has it; the scheduler asks for it before it decides. */
      readonly proof?: Uint8Array;
    };

/** The attempt a timer was set for. */
export interface TimerReference {
  readonly scheduleOffset: Offset;
  readonly attempt: number;
  readonly stamp: number;
}

/** Of what the cancellation service made a command: the record of `cancellations`, and which of its commands it is. */
export interface ForwardedFrom {
  readonly offset: Offset;
  /** Counts from 0. */
  readonly index: number;
  /** When that record was appended: where its topic was made anew, offsets begin again. 0 is unknown. */
  readonly appendedAt: EpochMillis;
  /** The cancellation service's signature; the scheduler asks for it before it decides. Absent in the progress. */
  readonly proof?: Uint8Array;
}

/** What every command has. */
interface CommandBase {
  /** Made by the sender. Comes back with the answer, and makes a repeated request one request. */
  readonly requestId: string;
  /** Who sends it; shown to people. */
  readonly identity: string;
  /** Who sends it, as the completion-gateway proved it, such as `api-key:billing`; for audits, and no decision asks for it. */
  readonly principal?: string;
  /** Only on what the process sends that drives a workflow run: refused once another one does. Absent: anyone may ask for it. */
  readonly driverId?: string;
  /** Where the answer goes. Absent: nobody waits. */
  readonly replyTo?: ReplyAddress;
  /** Only on what the cancellation service forwards: its repetitions after a crash are known by it, and not decided again. */
  readonly forwardedFrom?: ForwardedFrom;
}

/** Commands to one Activity Execution. An empty `runId` of a standalone activity means its latest run. */
interface OfActivity extends CommandBase {
  readonly target: ExecutionId;
}

/** Commands to a workflow run. */
interface OfRun extends CommandBase {
  readonly run: RunId;
}

export interface Schedule extends OfActivity {
  readonly type: 'Schedule';
  readonly activityType: string;
  readonly options: ActivityOptionsRequest;
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
  readonly idReusePolicy: IdReusePolicy;
  readonly idConflictPolicy: IdConflictPolicy;
  readonly shielded: boolean;
  /** The namespace's retention, stamped in at the front door. */
  readonly retentionMs: Millis;
  /** `replyTo` wants the outcome: a new execution is answered by it alone, one that was there by `Scheduled` first. */
  readonly awaitOutcome: boolean;
  /** With `awaitOutcome`: a new execution is answered by `Scheduled` first, too. */
  readonly acknowledge?: boolean;
  /** Whom to tell of the outcome, beside `replyTo`; see ADR 13. Absent: nobody. */
  readonly callbackUrls?: readonly string[];
  readonly userMetadata?: UserMetadata;
  readonly links?: readonly Link[];
  /** With `use-existing`: what of this command an activity that has the id takes on. Absent: the request id. */
  readonly onConflict?: OnConflict;
}

/** Semantics section 1.5. */
export interface OnConflict {
  /** So that a repetition of the request is known, even after the activity has closed. */
  readonly attachRequestId: boolean;
  readonly attachLinks: boolean;
}

/** What may reach us more than once and must count once: a webhook, an event, a request repeated after a silence. */
interface Repeatable extends Issued {
  /** Names what is reported, the same in every repetition: the second one is acknowledged and changes nothing. */
  readonly reportId?: string;
}

/** What is signed with its time, so that who has caught it can neither keep nor change it: a webhook. */
interface Issued {
  /** When it was sent. It is nothing to a run that began later. Absent: nobody knows. */
  readonly issuedAt?: EpochMillis;
}
/** A worker asks for the right to run an attempt. The same `claimId` asks for the same grant again. */
export interface Claim extends OfActivity {
  readonly type: 'Claim';
  readonly attempt: AttemptReference;
  readonly claimId: string;
  /** What the worker is built with. Absent: it does not say. */
  readonly sdk?: WorkerSdk;
}
export interface RecordHeartbeat extends OfActivity {
  readonly type: 'RecordHeartbeat';
  readonly attempt: AttemptReference;
  readonly details: Payloads;
}
export interface Complete extends OfActivity, Repeatable {
  readonly type: 'Complete';
  readonly attempt: AttemptReference;
  readonly result: Payloads;
}
export interface Fail extends OfActivity, Repeatable {
  readonly type: 'Fail';
  readonly attempt: AttemptReference;
  /** Absent: the worker gave no details. */
  readonly failure?: Failure;
  readonly lastHeartbeatDetails?: Payloads;
}
/** The worker says that it accepted the cancellation. */
export interface ReportCanceled extends OfActivity, Repeatable {
  readonly type: 'ReportCanceled';
  readonly attempt: AttemptReference;
  readonly details: Payloads;
}
export interface RequestCancel extends OfActivity {
  readonly type: 'RequestCancel';
  readonly reason: string;
  /** It comes from the cancel of a workflow run: a shielded activity is left alone. */
  readonly cascaded: boolean;
  /** With `cascaded`: where the cancel of the run stands. One scheduled after it under the same id is not meant. */
  readonly openBefore?: Offset;
}
export interface Terminate extends OfActivity {
  readonly type: 'Terminate';
  readonly reason: string;
}
/** Ends an open activity as `Terminate` does, and forgets it: its id is free. */
export interface Delete extends OfActivity {
  readonly type: 'Delete';
}
/** The workflow run of this activity was closed at `closedOffset`: whatever is still open in it ends. */
export interface CloseWithRun extends OfActivity {
  readonly type: 'CloseWithRun';
  readonly closedOffset: Offset;
}
export interface Pause extends OfActivity {
  readonly type: 'Pause';
  readonly reason: string;
}
export interface Unpause extends OfActivity {
  readonly type: 'Unpause';
}
export interface Reset extends OfActivity {
  readonly type: 'Reset';
  readonly keepPaused: boolean;
  readonly resetHeartbeat: boolean;
  readonly restoreOriginalOptions: boolean;
}
/** Only what is present changes. With `restoreOriginal` nothing else may be present. */
export interface UpdateOptions extends OfActivity {
  readonly type: 'UpdateOptions';
  readonly options: Partial<ActivityOptionsRequest>;
  readonly restoreOriginal: boolean;
}
/** A timer is a hint: `decide` checks that the deadline has passed on the log's clock. */
export interface TimeOut extends OfActivity {
  readonly type: 'TimeOut';
  readonly timeoutType: TimeoutType;
  readonly timer: TimerReference;
}
/** The start delay or the backoff is over. */
export interface DispatchDue extends OfActivity {
  readonly type: 'DispatchDue';
  readonly timer: TimerReference;
}
/** Nobody claimed the attempt for so long that its task may be gone from the task topic. */
export interface Redispatch extends OfActivity {
  readonly type: 'Redispatch';
  readonly timer: TimerReference;
}
/** No task of the attempt can be sent: its task queue cannot be had. The scheduler says so of what it could not send. */
export interface FailDispatch extends OfActivity {
  readonly type: 'FailDispatch';
  readonly timer: TimerReference;
  /** For people: which queue, and why it cannot be had. */
  readonly reason: string;
}
/** Removes what was closed and whose retention ended before `before`; one per partition, at most `countMax` executions. */
export interface ExpireBefore extends CommandBase {
  readonly type: 'ExpireBefore';
  readonly before: EpochMillis;
  readonly countMax: number;
}

export interface OpenRun extends OfRun {
  readonly type: 'OpenRun';
  readonly retentionMs: Millis;
  /** How long it may be open. Absent or 0: without limit. */
  readonly timeoutMs?: Millis;
}
/** Another process drives the run from here on: the one that `driverId` names. */
export interface TakeOverRun extends OfRun {
  readonly type: 'TakeOverRun';
}
/** The timeout of the run may have passed. A timer is a hint: `decide` checks that it has, on the log's clock. */
export interface TimeOutRun extends OfRun {
  readonly type: 'TimeOutRun';
}
export interface RequestCancelRun extends OfRun {
  readonly type: 'RequestCancelRun';
  readonly reason: string;
}
export interface CloseRun extends OfRun {
  readonly type: 'CloseRun';
  readonly status: RunCloseStatus;
  /** For people: why it failed or was terminated. May be empty. */
  readonly reason: string;
}
export interface SignalRun extends OfRun, Issued {
  readonly type: 'SignalRun';
  /** The requestId is the signal's id. */
  readonly name: string;
  readonly args: Payloads;
}
export interface AcknowledgeSignals extends OfRun {
  readonly type: 'AcknowledgeSignals';
  /** Only signals of this name: each name is taken in at its own pace. Empty: of every name. */
  readonly name: string;
  readonly upTo: Offset;
}
/** From here on this partition decides under rules version `version`. */
export interface UseRules extends CommandBase {
  readonly type: 'UseRules';
  readonly version: number;
}

export type ActivityCommand =
  | Schedule
  | Claim
  | RecordHeartbeat
  | Complete
  | Fail
  | ReportCanceled
  | RequestCancel
  | Terminate
  | Delete
  | CloseWithRun
  | Pause
  | Unpause
  | Reset
  | UpdateOptions
  | TimeOut
  | DispatchDue
  | Redispatch
  | FailDispatch;
export type RunCommand =
  OpenRun | TakeOverRun | RequestCancelRun | CloseRun | TimeOutRun | SignalRun | AcknowledgeSignals;
export type PartitionCommand = ExpireBefore | UseRules;

/** Whatever may happen, as a proposal. The first in the log wins. */
export type Command = ActivityCommand | RunCommand | PartitionCommand;

/** The command of a type. */
export type CommandOf<T extends Command['type']> = Extract<Command, { readonly type: T }>;
