import { isClosed, type Activity, type OpenActivity } from '../activity.ts';
import type { Reset } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { activityNotFound, findActivity } from './lookup.ts';
import { restart, scheduledFrom } from './open-activity.ts';

/** Back to attempt 1: at once, or when the attempt that runs has ended. Semantics sections 2.1 and 2.4. */
export function decideReset(view: PartitionView, command: Reset, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  if (activity.resetRequestId === command.requestId) return accept(acknowledged);
  if (isClosed(activity)) return refuse('failed-precondition', 'activity execution is not running');
  if (activity.status === 'cancel-requested') {
    return refuse('failed-precondition', 'cannot reset an activity with a pending cancellation');
  }
  if (activity.status === 'reset-requested') {
    return refuse('failed-precondition', 'cannot reset an activity with a pending reset');
  }
  return accept(acknowledged, transition(activity, afterReset(activity, command, context)));
}

function afterReset(activity: OpenActivity, command: Reset, { now, offset }: DecisionContext): Activity {
  const { keepPaused, resetHeartbeat, restoreOriginalOptions, requestId } = command;
  const request = { version: offset, resetRequestId: requestId };
  if (activity.status === 'scheduled' || activity.status === 'paused') {
    const draft = { ...restart(activity, { keepPaused, resetHeartbeat, restoreOriginalOptions }, now), ...request };
    return activity.status === 'paused' && keepPaused ? { ...draft, status: 'paused' } : scheduledFrom(draft, now);
  }
  // Only a pause that was asked for can be kept.
  const kept = keepPaused && activity.status === 'pause-requested';
  const deferredReset = { keepPaused: kept, resetHeartbeat, restoreOriginalOptions };
  return { ...activity, status: 'reset-requested', deferredReset, ...request };
}
