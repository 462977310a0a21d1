import type { Activity, AttemptFailure, OpenActivity, RunningActivity } from '../activity.ts';
import type { DecisionContext } from '../decision.ts';
import { scheduleToCloseDeadline } from '../deadlines.ts';
import type { Failure, RetryState } from '../failure.ts';
import { notEnoughTimeFailure, retriedFailure, timeoutFailure } from '../failures.ts';
import { durationMsMax } from '../limits.ts';
import type { Payloads } from '../payload.ts';
import { retryIntervalMs } from '../retry-policy.ts';
import { isRetryable } from '../retryable.ts';
import { isExact } from '../rules.ts';
import { after, invariant, millis, type EpochMillis, type Millis } from '../units.ts';
import { close, failureOutcome } from './close.ts';
import { draftOf, restart, scheduledFrom } from './open-activity.ts';

/** The wait before the next attempt. */
interface Retry {
  readonly intervalMs: Millis;
  readonly source: OpenActivity['retryIntervalSource'];
}

/** A running attempt failed as `failure` says: another attempt, or the end. Semantics sections 1.3 and 2.1. */
export function afterFailure(activity: RunningActivity, failure: Failure, context: DecisionContext): Activity {
  if (activity.status === 'reset-requested') return afterReset(activity, failure, context);
  const retry = decideRetry(activity, failure, context.now);
  if (typeof retry !== 'string') return backOff(activity, failure, retry, context);
  const outcome = failureOutcome(failure, retry);
  if (!endsAsTimeout(activity, failure)) return close(activity, { status: 'failed', outcome }, context);
  return close(activity, { status: 'timed-out', outcome, lastFailure: recorded(failure, context) }, context);
}

/** A running attempt passed its start-to-close or heartbeat limit. Semantics sections 2.1 and 2.2. */
export function afterTimeout(
  activity: RunningActivity,
  timeoutType: 'start-to-close' | 'heartbeat',
  context: DecisionContext,
): Activity {
  // What is retried says only which limit passed: details are with the heartbeat, and a chain of causes would grow for ever.
  const failure = timeoutFailure(timeoutType, []);
  if (activity.status === 'reset-requested') return afterReset(activity, failure, context);
  const retry = decideRetry(activity, failure, context.now);
  if (typeof retry !== 'string') return backOff(activity, failure, retry, context);

  const details = lastHeartbeatDetails(activity);
  const cause = activity.lastFailure?.failure;
  if (retry === 'timeout') {
    const outcome = failureOutcome(notEnoughTimeFailure(details, cause), retry);
    const lastFailure = { failure, failedAt: context.now };
    return close(activity, { status: 'timed-out', outcome, lastFailure }, context);
  }
  const outcome = failureOutcome(timeoutFailure(timeoutType, details, cause), retry);
  return close(activity, { status: 'timed-out', outcome }, context);
}

export const lastHeartbeatDetails = (activity: OpenActivity): Payloads => activity.heartbeat?.details ?? [];

/** The wait before another attempt, or why there is none. The order is the reference's precedence (section 1.3). */
function decideRetry(activity: RunningActivity, failure: Failure, now: EpochMillis): Retry | RetryState {
  const { retryPolicy } = activity.options;
  if (activity.status === 'cancel-requested') return 'cancel-requested';
  if (!isRetryable(failure, retryPolicy)) return 'non-retryable-failure';
  if (retryPolicy.attemptsMax > 0 && activity.attempt >= retryPolicy.attemptsMax) return 'maximum-attempts-reached';
  const retry = retryAfter(activity, failure);
  const deadline = scheduleToCloseDeadline(activity);
  return deadline !== undefined && now + retry.intervalMs >= deadline ? 'timeout' : retry;
}

/** The policy's interval, unless the worker named another for this one retry. */
function retryAfter({ options, attempt }: RunningActivity, { info }: Failure): Retry {
  const overridingMs = info.type === 'application' ? info.nextRetryDelayMs : undefined;
  if (overridingMs !== undefined && overridingMs > 0) {
    return { intervalMs: millis(Math.min(overridingMs, durationMsMax)), source: 'worker-override' };
  }
  return { intervalMs: retryIntervalMs(options.retryPolicy, attempt), source: 'retry-policy' };
}

/** On to the next attempt: waiting for it, or paused if that was asked (the backoff is kept for the unpause). */
function backOff(activity: RunningActivity, failure: Failure, retry: Retry, context: DecisionContext): Activity {
  const { now, offset } = context;
  const draft = draftOf(activity);
  draft.version = offset;
  draft.attempt = activity.attempt + 1;
  draft.stamp = activity.stamp + 1;
  draft.dispatchAt = after(now, retry.intervalMs);
  draft.retryIntervalMs = retry.intervalMs;
  draft.retryIntervalSource = retry.source;
  draft.lastFailure = recorded(failure, context);
  return activity.status === 'pause-requested' ? { ...draft, status: 'paused' } : scheduledFrom(draft, now);
}

/** A reset was waiting for this attempt to end: however it ended, the first attempt is next. */
function afterReset(activity: RunningActivity, failure: Failure, context: DecisionContext): Activity {
  const { now, offset } = context;
  const reset = activity.deferredReset;
  invariant(reset !== undefined, 'reset-requested without what was asked for');
  const draft = restart(activity, reset, now);
  draft.version = offset;
  draft.lastFailure = recorded(failure, context);
  return reset.keepPaused ? { ...draft, status: 'paused' } : scheduledFrom(draft, now);
}

const recorded = (failure: Failure, { now, rules }: DecisionContext): AttemptFailure => ({
  failure: retriedFailure(failure, isExact(rules)),
  failedAt: now,
});

/** A whole-execution timeout that is reported by id: an activity of a workflow times out with it, a standalone one fails. */
const endsAsTimeout = ({ id }: RunningActivity, { info }: Failure): boolean =>
  id.workflowId !== '' &&
  info.type === 'timeout' &&
  (info.timeoutType === 'schedule-to-start' || info.timeoutType === 'schedule-to-close');
