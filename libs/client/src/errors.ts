import type { ClosedStatus, RefusalReason, RetryState } from '@ratchet/domain';
import type { RatchetFailure } from '@ratchet/protocol';

/** Which execution an error is about. */
export interface ExecutionNames {
  readonly activityId: string;
  /** Empty when the latest run was meant and is not known. */
  readonly runId: string;
}

/** The activity has ended, and not with a result. `cause` says why, and its own `cause` what was before. */
export class ActivityFailedError extends Error {
  override readonly name = 'ActivityFailedError';
  override readonly cause: RatchetFailure;
  readonly activityId: string;
  readonly runId: string;
  readonly status: Exclude<ClosedStatus, 'completed'>;
  /** Why there was no further attempt. */
  readonly retryState: RetryState;

  constructor(
    { activityId, runId }: ExecutionNames,
    status: Exclude<ClosedStatus, 'completed'>,
    retryState: RetryState,
    cause: RatchetFailure,
  ) {
    super(`activity '${activityId}' ${endings[status]}: ${cause.message}`, { cause });
    this.activityId = activityId;
    this.runId = runId;
    this.status = status;
    this.retryState = retryState;
    this.cause = cause;
  }
}

const endings = {
  failed: 'failed',
  canceled: 'was cancelled',
  terminated: 'was terminated',
  'timed-out': 'timed out',
} as const;

/** The id is in use, and the policies for conflict and reuse say no. */
export class ActivityAlreadyStartedError extends Error {
  override readonly name = 'ActivityAlreadyStartedError';
  readonly activityId: string;
  /** The run that has the id. */
  readonly runId: string;

  constructor({ activityId, runId }: ExecutionNames, message: string) {
    super(`${message}: activity '${activityId}', run ${runId}`);
    this.activityId = activityId;
    this.runId = runId;
  }
}

/** There is no such activity, or it is closed (or the attempt is over) and the caller speaks for an attempt. */
export class ActivityNotFoundError extends Error {
  override readonly name = 'ActivityNotFoundError';
  readonly activityId: string;
  readonly runId: string;

  constructor({ activityId, runId }: ExecutionNames, message: string) {
    super(message);
    this.activityId = activityId;
    this.runId = runId;
  }
}

/** Which workflow run an error is about. */
export interface WorkflowNames {
  readonly workflowId: string;
  /** Empty when the latest run was meant and is not known. */
  readonly runId: string;
}

/** A run of this workflow id is open, and one is open at a time. */
export class WorkflowExecutionAlreadyStartedError extends Error {
  override readonly name = 'WorkflowExecutionAlreadyStartedError';
  readonly workflowId: string;
  /** The run that is open. */
  readonly runId: string;

  constructor({ workflowId, runId }: WorkflowNames, message: string) {
    super(`${message}: workflow '${workflowId}', run ${runId}`);
    this.workflowId = workflowId;
    this.runId = runId;
  }
}

/** There is no such workflow run, or it is closed. */
export class WorkflowNotFoundError extends Error {
  override readonly name = 'WorkflowNotFoundError';
  readonly workflowId: string;
  readonly runId: string;

  constructor({ workflowId, runId }: WorkflowNames, message: string) {
    super(message);
    this.workflowId = workflowId;
    this.runId = runId;
  }
}

/** What was asked for cannot be done. Thrown before anything is sent. */
export class InvalidActivityOptionsError extends Error {
  override readonly name = 'InvalidActivityOptionsError';
  /** As written in code: `timeouts.startToClose`, `args[0].items[2]`. Empty when the message names it in the reference's words. */
  readonly field: string;

  constructor(message: string, field: string, options?: ErrorOptions) {
    super(message, options);
    this.field = field;
  }
}

/** The state of the activity does not allow it; the message says which state. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError';
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Answer to a heartbeat: someone wants this activity cancelled. Stop, and say so with `reportCancellation`. */
export class ActivityCancelledError extends Error {
  override readonly name = 'ActivityCancelledError';
}

/** Answer to a heartbeat: the activity is to pause. Stop, and say so with `fail`. */
export class ActivityPausedError extends Error {
  override readonly name = 'ActivityPausedError';
}

/** Answer to a heartbeat: the activity is to begin anew. Stop, and say so with `fail`. */
export class ActivityResetError extends Error {
  override readonly name = 'ActivityResetError';
}
