import type { RetryState, RunCloseStatus } from '@ratchet/domain';
import { CancelledFailure, isInstance, RatchetFailure } from '@ratchet/protocol';

export interface ActivityFailureInfo {
  readonly activityType: string;
  readonly activityId: string;
  /** Of the worker that ran the last attempt; empty when none did. */
  readonly identity: string;
  /** Why there was no further attempt. */
  readonly retryState: RetryState;
}

/**
 * An activity of a run has ended, and not with a result. `cause` says why: an `ApplicationFailure`, `TimeoutFailure`,
 * `CancelledFailure`, `TerminatedFailure` or `ServerFailure`. Semantics section 2.2.
 */
export class ActivityFailure extends RatchetFailure implements ActivityFailureInfo {
  override readonly name = 'ActivityFailure';
  override readonly cause: RatchetFailure;
  readonly activityType: string;
  readonly activityId: string;
  readonly identity: string;
  readonly retryState: RetryState;

  constructor(
    message: string,
    { activityType, activityId, identity, retryState }: ActivityFailureInfo,
    cause: RatchetFailure,
  ) {
    super(message, cause);
    this.cause = cause;
    this.activityType = activityType;
    this.activityId = activityId;
    this.identity = identity;
    this.retryState = retryState;
  }
}

/** Whether an error says that something was cancelled: the scope, or the activity. */
export const isCancellation = (error: unknown): boolean =>
  isInstance(error, CancelledFailure) ||
  (isInstance(error, ActivityFailure) && isInstance(error.cause, CancelledFailure));

/** Another process drives the run: it has attached to it since, and what this one sends as its driver is refused. */
export class WorkflowRunTakenOverError extends Error {
  override readonly name = 'WorkflowRunTakenOverError';
  readonly workflowId: string;
  readonly runId: string;

  constructor(
    { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
    message: string,
    options?: ErrorOptions,
  ) {
    super(`Expected to drive workflow '${workflowId}', but ${message}`, options);
    this.workflowId = workflowId;
    this.runId = runId;
  }
}

/** The run is closed: nothing can be scheduled in it, and it takes in no signals. */
export class WorkflowRunClosedError extends Error {
  override readonly name = 'WorkflowRunClosedError';
  readonly workflowId: string;
  readonly runId: string;
  /** How it was closed, when that is known here. */
  readonly status: RunCloseStatus | undefined;

  constructor(
    { workflowId, runId }: { readonly workflowId: string; readonly runId: string },
    message: string,
    status?: RunCloseStatus,
  ) {
    super(message);
    this.workflowId = workflowId;
    this.runId = runId;
    this.status = status;
  }
}
