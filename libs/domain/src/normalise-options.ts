import type { ActivityOptions, ActivityOptionsRequest } from './activity-options.ts';
import { invalid, ok, type Checked } from './checked.ts';
import { normaliseDuration } from './normalise-duration.ts';
import { normalisePriority, priorityLevel } from './priority.ts';
import { normaliseRetryPolicy } from './normalise-retry-policy.ts';
import { millis, type Millis } from './units.ts';
import { checkTaskQueue } from './validate.ts';

/** Named in the message when no timeout bounds the activity. */
export interface OptionsSubject {
  readonly namespace: string;
  readonly activityId: string;
  readonly activityType: string;
}

interface Timeouts {
  readonly scheduleToCloseTimeoutMs: Millis;
  readonly scheduleToStartTimeoutMs: Millis;
  readonly startToCloseTimeoutMs: Millis;
  readonly heartbeatTimeoutMs: Millis;
}

/**
 * The options of an activity with every default filled in, checked. Semantics section 1.1.
 *
 * Pure and repeatable: the front doors call it to answer early, `decide` calls it again, and normalising what is
 * normal gives the same.
 */
export function normaliseOptions(request: ActivityOptionsRequest, subject: OptionsSubject): Checked<ActivityOptions> {
  const priority = normalisePriority(request);
  if (priority.kind === 'refused') return priority;
  const queue = checkTaskQueue(subject.namespace, request.taskQueue, priorityLevel(priority.value.priorityKey));
  if (queue !== undefined) return { kind: 'refused', refusal: queue };
  const retryPolicy = normaliseRetryPolicy(request.retryPolicy);
  if (retryPolicy.kind === 'refused') return retryPolicy;
  const timeouts = normaliseTimeouts(request, subject);
  if (timeouts.kind === 'refused') return timeouts;
  const startDelay = normaliseDuration('invalid StartDelay', request.startDelayMs);
  if (startDelay.kind === 'refused') return startDelay;
  return ok({
    taskQueue: request.taskQueue,
    ...timeouts.value,
    startDelayMs: startDelay.value,
    retryPolicy: retryPolicy.value,
    ...priority.value,
  });
}

function normaliseTimeouts(request: ActivityOptionsRequest, subject: OptionsSubject): Checked<Timeouts> {
  const scheduleToClose = normaliseDuration('invalid ScheduleToCloseTimeout', request.scheduleToCloseTimeoutMs);
  if (scheduleToClose.kind === 'refused') return scheduleToClose;
  const scheduleToStart = normaliseDuration('invalid ScheduleToStartTimeout', request.scheduleToStartTimeoutMs);
  if (scheduleToStart.kind === 'refused') return scheduleToStart;
  const startToClose = normaliseDuration('invalid StartToCloseTimeout', request.startToCloseTimeoutMs);
  if (startToClose.kind === 'refused') return startToClose;
  const heartbeat = normaliseDuration('invalid HeartbeatTimeout', request.heartbeatTimeoutMs);
  if (heartbeat.kind === 'refused') return heartbeat;

  if (scheduleToClose.value === 0 && startToClose.value === 0) {
    return invalid(
      'a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ' +
        `ActivityId=${subject.activityId} ActivityType=${subject.activityType}`,
    );
  }
  const startToCloseTimeoutMs = within(startToClose.value, scheduleToClose.value);
  return ok({
    scheduleToCloseTimeoutMs: scheduleToClose.value,
    scheduleToStartTimeoutMs: within(scheduleToStart.value, scheduleToClose.value),
    startToCloseTimeoutMs,
    heartbeatTimeoutMs: millis(Math.min(heartbeat.value, startToCloseTimeoutMs)),
  });
}

/** A timeout inside the whole execution's: the smaller of the two, where 0 on either side says nothing. */
function within(timeoutMs: Millis, wholeMs: Millis): Millis {
  if (wholeMs === 0) return timeoutMs;
  return timeoutMs === 0 ? wholeMs : millis(Math.min(timeoutMs, wholeMs));
}
