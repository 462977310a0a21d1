import { isClosed, type Activity, type AttemptFailure, type ClosedStatus } from './activity.ts';
import { scheduleToCloseDeadline } from './deadlines.ts';
import { after, type EpochMillis, type Millis } from './units.ts';

// The public view of an activity, where it is not the state itself. Semantics sections 2, 2.1 and 2.6.

export type PublicStatus = 'running' | 'paused' | ClosedStatus;

/** The status that everyone sees: an open activity runs, unless it is paused. */
export function publicStatus({ status }: Activity): PublicStatus {
  switch (status) {
    case 'scheduled':
    case 'started':
    case 'cancel-requested':
    case 'pause-requested':
    case 'reset-requested':
      return 'running';
    case 'paused':
    case 'completed':
    case 'failed':
    case 'canceled':
    case 'terminated':
    case 'timed-out':
      return status;
  }
}

export type RunState = 'scheduled' | 'started' | 'cancel-requested' | 'paused' | 'pause-requested' | 'unspecified';

/** What goes on inside an open activity. A reset that waits shows as the attempt that runs; a closed activity has none. */
export function runState(activity: Activity): RunState {
  switch (activity.status) {
    case 'scheduled':
    case 'started':
    case 'cancel-requested':
    case 'paused':
    case 'pause-requested':
      return activity.status;
    case 'reset-requested':
      return activity.deferredReset?.keepPaused === true ? 'pause-requested' : 'started';
    case 'completed':
    case 'failed':
    case 'canceled':
    case 'terminated':
    case 'timed-out':
      return 'unspecified';
  }
}

/** When the attempt that is waited for will be dispatched. Absent when it is due already, and in every other state. */
export const nextAttemptScheduleTime = (activity: Activity, now: EpochMillis): EpochMillis | undefined =>
  activity.status === 'scheduled' && activity.dispatchAt > now ? activity.dispatchAt : undefined;

/** The backoff that is being waited out. Absent during a start delay: that is no retry. */
export const currentRetryIntervalMs = (activity: Activity, now: EpochMillis): Millis | undefined =>
  activity.status === 'scheduled' && activity.dispatchAt > now && activity.retryIntervalMs > 0
    ? activity.retryIntervalMs
    : undefined;

/** When the first attempt is, or was, due. */
export const executionTime = ({ scheduledAt, options }: Activity): EpochMillis =>
  after(scheduledAt, options.startDelayMs);

/** The schedule-to-close deadline, be the activity closed or not. Absent when unlimited. */
export const expirationTime = (activity: Activity): EpochMillis | undefined => scheduleToCloseDeadline(activity);

/** When the last heartbeat was recorded. Absent where there is none, or a reset has forgotten it. */
export const lastHeartbeatTime = ({ heartbeat }: Activity): EpochMillis | undefined =>
  heartbeat === undefined || heartbeat.recordedAt === 0 ? undefined : heartbeat.recordedAt;

/** When the latest attempt ended that its worker, or a limit of its own, has ended. */
export const lastAttemptCompleteTime = (activity: Activity): EpochMillis | undefined =>
  activity.status === 'completed' ? activity.closedAt : lastFailure(activity)?.failedAt;

/** Why it is to be cancelled, or was, once that was asked for. */
export const canceledReason = (activity: Activity): string | undefined =>
  'cancel' in activity ? activity.cancel.reason : undefined;

/** How often it has changed, its heartbeats counted. */
export const stateTransitionCount = ({ transitionCount, heartbeat }: Activity): number =>
  transitionCount + (heartbeat?.count ?? 0);

/** From scheduling to closing, in milliseconds. Absent while the activity is open. */
export const executionDurationMs = (activity: Activity): number | undefined =>
  isClosed(activity) ? activity.closedAt - activity.scheduledAt : undefined;

/**
 * How the last attempt failed. For a closed activity it may be the outcome itself: a failure that was not retried, or
 * a start-to-close or heartbeat timeout that was not. Semantics section 2.2.
 */
export function lastFailure(activity: Activity): AttemptFailure | undefined {
  if (activity.lastFailure !== undefined || !isClosed(activity)) return activity.lastFailure;
  const { outcome, status, closedAt } = activity;
  if (outcome.type !== 'failure') return undefined;
  const { failure } = outcome;
  const isAttemptTimeout =
    failure.info.type === 'timeout' &&
    (failure.info.timeoutType === 'start-to-close' || failure.info.timeoutType === 'heartbeat');
  const isOwn = status === 'failed' || (status === 'timed-out' && isAttemptTimeout);
  return isOwn ? { failure, failedAt: closedAt } : undefined;
}
