// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis, Millis } from '@ratchet/domain';

import type { AttemptReference } from './attempt-reference.ts';

import type { ExecutionId } from './execution-id.ts';
import type { Failure } from './failure.ts';
import type { ForwardedFrom } from './forwarded-from.ts';

import type { Payload } from './payload.ts';
import type { ReplyAddress } from './reply-address.ts';

import type { RunCloseStatus } from './run-close-status.ts';

import type { TimeoutType } from './timeout-type.ts';
import type { UserMetadata } from './user-metadata.ts';
import type { WorkerSdk } from './worker-sdk.ts';

/** Whatever may happen to an activity or a workflow run, as a proposal. The first in the log wins. */
export interface ActivityCommand {
  /** The activity; activityId is empty for a command to a workflow run, everything for one to the partition. */
  readonly target: ExecutionId;
  /** Made by the sender; comes back with the answer, and makes a repeated request one request. */
  readonly requestId: string;
  /** Who sends it; shown to people. */
  readonly identity: string;
  /** Who sends it, as the completion-gateway proved it: `api-key:<name>`, `token:<subject>`, `certificate:<subject>`, `webhook:<name>` or `kafka:completions`. Empty: nobody was asked, as by whoever writes to the log itself. */
  readonly principal: string;
  /** Where the answer goes. Absent: nobody waits. */
  readonly replyTo?: ReplyAddress | null;
  /** For what the process sends that drives a workflow run: which one it is. Refused once another drives the run; empty: anyone may ask for it. */
  readonly driverId: string;
  /** For what the cancellation service forwards: of what it was made. */
  readonly forwardedFrom?: ForwardedFrom | null;
  /** What is asked for. */
  readonly body:
    | { readonly 'ratchet.v1.Schedule': Schedule }
    | { readonly 'ratchet.v1.Claim': Claim }
    | { readonly 'ratchet.v1.RecordHeartbeat': RecordHeartbeat }
    | { readonly 'ratchet.v1.Complete': Complete }
    | { readonly 'ratchet.v1.Fail': Fail }
    | { readonly 'ratchet.v1.ReportCanceled': ReportCanceled }
    | { readonly 'ratchet.v1.RequestCancel': RequestCancel }
    | { readonly 'ratchet.v1.Terminate': Terminate }
    | { readonly 'ratchet.v1.CloseWithRun': CloseWithRun }
    | { readonly 'ratchet.v1.Pause': Pause }
    | { readonly 'ratchet.v1.Unpause': Unpause }
    | { readonly 'ratchet.v1.Reset': Reset }
    | { readonly 'ratchet.v1.UpdateOptions': UpdateOptions }
    | { readonly 'ratchet.v1.TimeOut': TimeOut }
    | { readonly 'ratchet.v1.DispatchDue': DispatchDue }
    | { readonly 'ratchet.v1.Redispatch': Redispatch }
    | { readonly 'ratchet.v1.FailDispatch': FailDispatch }
    | { readonly 'ratchet.v1.ExpireBefore': ExpireBefore }
    | { readonly 'ratchet.v1.OpenRun': OpenRun }
    | { readonly 'ratchet.v1.RequestCancelRun': RequestCancelRun }
    | { readonly 'ratchet.v1.CloseRun': CloseRun }
    | { readonly 'ratchet.v1.SignalRun': SignalRun }
    | { readonly 'ratchet.v1.AcknowledgeSignals': AcknowledgeSignals }
    | { readonly 'ratchet.v1.UseRules': UseRules }
    | { readonly 'ratchet.v1.Delete': Delete }
    | { readonly 'ratchet.v1.TakeOverRun': TakeOverRun }
    | { readonly 'ratchet.v1.TimeOutRun': TimeOutRun };
}
/** Asks for an activity. */
export interface Schedule {
  /** Which activity function. */
  readonly activityType: string;
  /** The options. */
  readonly options: ActivityOptionsRequest;
  /** The arguments. */
  readonly input: readonly Payload[];
  /** Opaque; handed to the worker. */
  readonly header: Readonly<Record<string, Payload>>;
  /** About a closed activity of this id. */
  readonly idReusePolicy: IdReusePolicy;
  /** About an open activity of this id. */
  readonly idConflictPolicy: IdConflictPolicy;
  /** A cancel of its workflow run does not reach it. */
  readonly shielded: boolean;
  /** How long the closed record is kept, in milliseconds; the namespace's, stamped in at the front door. */
  readonly retentionMs: Millis;
  /** `replyTo` also wants the outcome. */
  readonly awaitOutcome: boolean;
  /** With `awaitOutcome`: a new execution is answered before its outcome, too. */
  readonly acknowledge: boolean;
  /** Whom to tell of the outcome. */
  readonly callbackUrls: readonly string[];
  /** What people are told of it. */
  readonly userMetadata?: UserMetadata | null;
  /** Where it comes from; each a temporal.api.common.v1.Link. */
  readonly links: readonly Uint8Array[];
  /** With USE_EXISTING. Absent: the request id. */
  readonly onConflict?: OnConflict | null;
}
/** Options as someone asks for them; what is absent gets its default, or stays as it is. */
export interface ActivityOptionsRequest {
  /** The task queue. A Schedule must have it. */
  readonly taskQueue?: string | null;
  /** Milliseconds; 0 is unlimited. */
  readonly scheduleToCloseTimeoutMs?: number | null;
  /** Milliseconds; 0 is unlimited. */
  readonly scheduleToStartTimeoutMs?: number | null;
  /** Milliseconds. */
  readonly startToCloseTimeoutMs?: number | null;
  /** Milliseconds; 0 is none. */
  readonly heartbeatTimeoutMs?: number | null;
  /** Milliseconds before the first dispatch. */
  readonly startDelayMs?: number | null;
  /** When a failed attempt is followed by another. */
  readonly retryPolicy?: RetryPolicyRequest | null;
  /** Of tasks that wait in one queue 1 goes before 5; 0 is none, as good as 3. */
  readonly priorityKey?: number | null;
  /** Whose task it is; empty is nobody's. */
  readonly fairnessKey?: string | null;
  /** 0 is none, as good as 1. */
  readonly fairnessWeight?: number | null;
}
/** A retry policy as someone asks for it. */
export interface RetryPolicyRequest {
  /** Milliseconds before the second attempt. */
  readonly initialIntervalMs?: number | null;
  /** Each interval is the one before it times this. */
  readonly backoffCoefficient?: number | null;
  /** Upper bound of an interval, in milliseconds. */
  readonly intervalMsMax?: number | null;
  /** Total attempts; 0 is no limit. */
  readonly attemptsMax?: number | null;
  /** Error types that end the activity at once. */
  readonly nonRetryableErrorTypes?: readonly string[] | null;
}
/** May the id of a closed activity be used again? */
export type IdReusePolicy = 'allow-duplicate' | 'allow-duplicate-failed-only' | 'reject-duplicate';
/** What if an open activity has the id? */
export type IdConflictPolicy = 'fail' | 'use-existing';
/** What of a Schedule an activity that has the id takes on. */
export interface OnConflict {
  /** So that a repetition of the request is known. */
  readonly attachRequestId: boolean;
  /** Its links, too. */
  readonly attachLinks: boolean;
}
/** A worker asks for the right to run an attempt. */
export interface Claim {
  /** Which attempt is meant; absent: the current one, by id. */
  readonly attempt?: AttemptReference | null;
  /** What of the attempt's task token proves who has it: key id and signature. Absent: by id. */
  readonly proof?: Uint8Array | null;
  /** The same id asks for the same grant again. */
  readonly claimId: string;
  /** What the worker is built with. */
  readonly sdk?: WorkerSdk | null;
}
/** The attempt is alive. */
export interface RecordHeartbeat {
  /** Which attempt is meant; absent: the current one, by id. */
  readonly attempt?: AttemptReference | null;
  /** What of the attempt's task token proves who has it: key id and signature. Absent: by id. */
  readonly proof?: Uint8Array | null;
  /** Reach the next attempt. */
  readonly details: readonly Payload[];
}
/** The attempt has a result. */
export interface Complete {
  /** Which attempt is meant; absent: the current one, by id. */
  readonly attempt?: AttemptReference | null;
  /** What of the attempt's task token proves who has it: key id and signature. Absent: by id. */
  readonly proof?: Uint8Array | null;
  /** The result. */
  readonly result: readonly Payload[];
  /** The same in every repetition of a report that may come more than once; absent: it comes once. */
  readonly reportId?: string | null;
  /** When its sender has sent it, as a signature proves: not to a run that began later. In milliseconds since the Unix epoch; absent: nobody knows. */
  readonly issuedAt?: EpochMillis | null;
}
/** The attempt failed. */
export interface Fail {
  /** Which attempt is meant; absent: the current one, by id. */
  readonly attempt?: AttemptReference | null;
  /** What of the attempt's task token proves who has it: key id and signature. Absent: by id. */
  readonly proof?: Uint8Array | null;
  /** Absent: the worker gave no details. */
  readonly failure?: Failure | null;
  /** Recorded before the failure. */
  readonly lastHeartbeatDetails?: readonly Payload[] | null;
  /** The same in every repetition of a report that may come more than once; absent: it comes once. */
  readonly reportId?: string | null;
  /** When its sender has sent it, as a signature proves: not to a run that began later. In milliseconds since the Unix epoch; absent: nobody knows. */
  readonly issuedAt?: EpochMillis | null;
}
/** The worker accepted the cancellation. */
export interface ReportCanceled {
  /** Which attempt is meant; absent: the current one, by id. */
  readonly attempt?: AttemptReference | null;
  /** What of the attempt's task token proves who has it: key id and signature. Absent: by id. */
  readonly proof?: Uint8Array | null;
  /** What the activity gave along. */
  readonly details: readonly Payload[];
  /** The same in every repetition of a report that may come more than once; absent: it comes once. */
  readonly reportId?: string | null;
  /** When its sender has sent it, as a signature proves: not to a run that began later. In milliseconds since the Unix epoch; absent: nobody knows. */
  readonly issuedAt?: EpochMillis | null;
}
/** Asks for the cancellation of an activity. */
export interface RequestCancel {
  /** Why; may be empty. */
  readonly reason: string;
  /** It comes from the cancel of a workflow run. */
  readonly cascaded: boolean;
  /** Means an activity whose Schedule stands before this offset, and no later one of the same id. */
  readonly openBefore?: number | null;
}
/** Ends an activity at once. */
export interface Terminate {
  /** Why; may be empty. */
  readonly reason: string;
}
/** The workflow run of this activity was closed. */
export interface CloseWithRun {
  /** Offset of the command that closed it. */
  readonly closedOffset: number;
}
/** No further attempt starts. */
export interface Pause {
  /** Why; may be empty. */
  readonly reason: string;
}
/** Attempts may start again. */
export type Unpause = Readonly<Record<string, never>>;
/** Starts over with attempt 1. */
export interface Reset {
  /** A paused activity stays paused. */
  readonly keepPaused: boolean;
  /** Forget the heartbeat details. */
  readonly resetHeartbeat: boolean;
  /** Go back to the options as scheduled. */
  readonly restoreOriginalOptions: boolean;
}
/** Changes options of an open activity. */
export interface UpdateOptions {
  /** Only what is present changes. */
  readonly options: ActivityOptionsRequest;
  /** Go back to the options as scheduled; nothing else may be present. */
  readonly restoreOriginal: boolean;
}
/** A deadline may have passed; the decider checks. */
export interface TimeOut {
  /** Which limit. */
  readonly timeoutType: TimeoutType;
  /** The attempt this timer was set for. */
  readonly timer: AttemptReference;
}
/** The start delay or the backoff may be over. */
export interface DispatchDue {
  /** The attempt this timer was set for. */
  readonly timer: AttemptReference;
}
/** The task may be gone from the task topic. */
export interface Redispatch {
  /** The attempt this timer was set for. */
  readonly timer: AttemptReference;
}
/** No task of the attempt can be sent: its task queue cannot be had. */
export interface FailDispatch {
  /** The attempt that was to be sent. */
  readonly timer: AttemptReference;
  /** For people: which queue, and why it cannot be had. */
  readonly reason: string;
}
/** Removes closed executions whose retention ended. */
export interface ExpireBefore {
  /** Milliseconds since the Unix epoch. */
  readonly before: EpochMillis;
  /** At most so many executions. */
  readonly countMax: number;
}
/** A workflow run begins. */
export interface OpenRun {
  /** How long the closed record is kept, in milliseconds. */
  readonly retentionMs: Millis;
  /** How long the run may be open, in milliseconds; 0 is without limit. */
  readonly timeoutMs: Millis;
}
/** Asks for the cancellation of a workflow run. */
export interface RequestCancelRun {
  /** Why; may be empty. */
  readonly reason: string;
}
/** A workflow run ends. */
export interface CloseRun {
  /** How. */
  readonly status: RunCloseStatus;
  /** For people; may be empty. */
  readonly reason: string;
}
/** A message to a workflow run; the request id is the signal's id. */
export interface SignalRun {
  /** The signal's name. */
  readonly name: string;
  /** Its arguments. */
  readonly args: readonly Payload[];
  /** When its sender has sent it, as a signature proves: not to a run that began later. In milliseconds since the Unix epoch; absent: nobody knows. */
  readonly issuedAt?: EpochMillis | null;
}
/** The run has taken its signals. */
export interface AcknowledgeSignals {
  /** Up to and with the signal at this offset of the command log. */
  readonly upTo: number;
  /** Only signals of this name; empty: of every name. */
  readonly name: string;
}
/** From here on this partition decides under these rules. */
export interface UseRules {
  /** The rules version. */
  readonly version: number;
}
/** Ends an activity that is open, and forgets it. */
export type Delete = Readonly<Record<string, never>>;
/** The process that `driverId` names drives the workflow run from here on. */
export type TakeOverRun = Readonly<Record<string, never>>;
/** The timeout of a workflow run may have passed. */
export type TimeOutRun = Readonly<Record<string, never>>;
