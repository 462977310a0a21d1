import {
  isClosed,
  type Activity,
  type AttemptFailure,
  type CancelRequest,
  type ClosedActivity,
  type ClosedStatus,
  type OpenActivity,
  type Outcome,
} from '../activity.ts';
import type { DecisionContext } from '../decision.ts';
import type { Failure, RetryState } from '../failure.ts';
import { isExact } from '../rules.ts';
import type { EpochMillis } from '../units.ts';
import { after } from '../units.ts';

/** How an activity ends. */
export interface Closing {
  readonly status: ClosedStatus;
  readonly outcome: Outcome;
  /** The request that cancelled or terminated it; else that of a cancel which was pending. */
  readonly requestId?: string;
  /** The request that cancelled it, where it was not pending. */
  readonly cancel?: CancelRequest;
  /** The last attempt's failure, where it is not the outcome's own. */
  readonly lastFailure?: AttemptFailure;
  /** Where no attempt was running: the instant that stands for its start. */
  readonly startedAt?: EpochMillis;
}

/** What is left of an activity, kept for its retention: all that there was to see of it. */
export function close(activity: OpenActivity, closing: Closing, { now, offset }: DecisionContext): ClosedActivity {
  const startedAt = closing.startedAt ?? activity.startedAt;
  const cancel = closing.cancel ?? ('cancel' in activity ? activity.cancel : undefined);
  return {
    id: activity.id,
    activityType: activity.activityType,
    scheduleOffset: activity.scheduleOffset,
    version: offset,
    requestIds: activity.requestIds,
    scheduledAt: activity.scheduledAt,
    retentionMs: activity.retentionMs,
    transitionCount: activity.transitionCount,
    options: activity.options,
    input: activity.input,
    header: activity.header,
    attempt: activity.attempt,
    ...optionalOf(activity),
    status: closing.status,
    closedAt: now,
    ...(startedAt === undefined ? {} : { startedAt }),
    expiresAt: after(now, activity.retentionMs),
    outcome: closing.outcome,
    closeRequestId: closing.requestId ?? cancel?.requestId ?? '',
    ...(closing.lastFailure === undefined ? {} : { lastFailure: closing.lastFailure }),
    ...(cancel === undefined ? {} : { cancel }),
    lastWorkerIdentity: activity.lastWorkerIdentity,
    ...requestIdsOf(activity),
  };
}

/** What an activity may have and need not. */
const optionalOf = ({ userMetadata, links, callbackUrls, reportIds, heartbeat, workerSdk }: OpenActivity) => ({
  ...(userMetadata === undefined ? {} : { userMetadata }),
  ...(links === undefined ? {} : { links }),
  ...(callbackUrls === undefined ? {} : { callbackUrls }),
  ...(reportIds === undefined ? {} : { reportIds }),
  ...(heartbeat === undefined ? {} : { heartbeat }),
  ...(workerSdk === undefined ? {} : { workerSdk }),
});

/** By which repetitions of what was asked of it are known. */
const requestIdsOf = ({ pause, unpauseRequestId, resetRequestId, updateRequestId }: OpenActivity) => ({
  ...(pause === undefined ? {} : { pauseRequestId: pause.requestId }),
  ...(unpauseRequestId === undefined ? {} : { unpauseRequestId }),
  ...(resetRequestId === undefined ? {} : { resetRequestId }),
  ...(updateRequestId === undefined ? {} : { updateRequestId }),
});

/** Who reported the end of the last attempt is its worker, whoever that is, be it nobody (semantics section 1.4). */
export const closedBy = (identity: string, after: Activity, { rules }: DecisionContext): Activity =>
  isExact(rules) && isClosed(after) ? { ...after, lastWorkerIdentity: identity } : after;

export const failureOutcome = (failure: Failure, retryState: RetryState = 'unspecified'): Outcome => ({
  type: 'failure',
  failure,
  retryState,
});

/** An ending in which the last failed attempt, if any, stays what it was. */
export const keepingLastFailure = (activity: OpenActivity, closing: Closing): Closing =>
  activity.lastFailure === undefined ? closing : { ...closing, lastFailure: activity.lastFailure };
