import type { AttemptFailure, ClosedActivity, ClosedStatus, OpenActivity, Outcome } from '../activity.ts';
import type { DecisionContext } from '../decision.ts';
import type { Failure, RetryState } from '../failure.ts';
import type { EpochMillis } from '../units.ts';
import { after } from '../units.ts';

/** How an activity ends. */
export interface Closing {
  readonly status: ClosedStatus;
  readonly outcome: Outcome;
  /** The request that cancelled or terminated it; else that of a cancel which was pending. */
  readonly requestId?: string;
  /** The last attempt's failure, where it is not the outcome's own. */
  readonly lastFailure?: AttemptFailure;
  /** Where no attempt was running: the instant that stands for its start. */
  readonly startedAt?: EpochMillis;
}

/** The slim record that is left of an activity, kept for its retention. */
export function close(activity: OpenActivity, closing: Closing, { now, offset }: DecisionContext): ClosedActivity {
  const startedAt = closing.startedAt ?? ('startedAt' in activity ? activity.startedAt : undefined);
  return {
    id: activity.id,
    activityType: activity.activityType,
    scheduleOffset: activity.scheduleOffset,
    version: offset,
    requestIds: activity.requestIds,
    scheduledAt: activity.scheduledAt,
    retentionMs: activity.retentionMs,
    attempt: activity.attempt,
    ...(activity.callbackUrls === undefined ? {} : { callbackUrls: activity.callbackUrls }),
    ...(activity.reportIds === undefined ? {} : { reportIds: activity.reportIds }),
    status: closing.status,
    taskQueue: activity.options.taskQueue,
    closedAt: now,
    ...(startedAt === undefined ? {} : { startedAt }),
    expiresAt: after(now, activity.retentionMs),
    outcome: closing.outcome,
    closeRequestId: closing.requestId ?? cancelRequestId(activity) ?? '',
    ...(closing.lastFailure === undefined ? {} : { lastFailure: closing.lastFailure }),
    lastWorkerIdentity: activity.lastWorkerIdentity,
    heartbeatCount: activity.heartbeat?.count ?? 0,
  };
}

const cancelRequestId = (activity: OpenActivity): string | undefined =>
  'cancel' in activity ? activity.cancel.requestId : undefined;

export const failureOutcome = (failure: Failure, retryState: RetryState = 'unspecified'): Outcome => ({
  type: 'failure',
  failure,
  retryState,
});

/** An ending in which the last failed attempt, if any, stays what it was. */
export const keepingLastFailure = (activity: OpenActivity, closing: Closing): Closing =>
  activity.lastFailure === undefined ? closing : { ...closing, lastFailure: activity.lastFailure };
