import { isRunning, type Activity, type OpenActivity } from '../activity.ts';
import type { TimeOut } from '../command.ts';
import {
  heartbeatDeadline,
  scheduleToCloseDeadline,
  scheduleToStartDeadline,
  startToCloseDeadline,
} from '../deadlines.ts';
import { accept, acknowledged, type Decision, type DecisionContext } from '../decision.ts';
import { timeoutFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import type { EpochMillis } from '../units.ts';
import { afterTimeout, lastHeartbeatDetails } from './attempt-end.ts';
import { transition } from './transition.ts';
import { close, failureOutcome, keepingLastFailure } from './close.ts';
import { findTimed, isOf, isRefused, notDue, staleTimer } from './lookup.ts';

/**
 * A limit may have passed: the timer only says so, the log's clock decides. Semantics sections 2.1, 2.2 and 2.6.
 *
 * The limits of one attempt hold for the attempt the timer was set for; schedule-to-close is absolute and holds for
 * every attempt of this life.
 */
export function decideTimeOut(view: PartitionView, command: TimeOut, context: DecisionContext): Decision {
  const { target, timer, timeoutType } = command;
  const activity = findTimed(view, target, timer);
  if (isRefused(activity)) return activity;
  if (timeoutType !== 'schedule-to-close' && !isOf(activity, timer)) return staleTimer(target);
  const deadline = deadlineOf(activity, timeoutType);
  if (deadline === undefined) return staleTimer(target);
  if (deadline > context.now) return notDue(target, deadline, context.now);
  return accept(acknowledged, transition(activity, timedOut(activity, timeoutType, context), 'timed-out'));
}

/** When this limit passes for the activity as it stands; nothing if it has none, or not in this state. */
function deadlineOf(activity: OpenActivity, timeoutType: TimeOut['timeoutType']): EpochMillis | undefined {
  switch (timeoutType) {
    case 'schedule-to-close':
      return scheduleToCloseDeadline(activity);
    case 'schedule-to-start':
      return activity.status === 'scheduled' ? scheduleToStartDeadline(activity) : undefined;
    case 'start-to-close':
      return isRunning(activity) ? startToCloseDeadline(activity) : undefined;
    case 'heartbeat':
      return isRunning(activity) ? heartbeatDeadline(activity) : undefined;
  }
}

function timedOut(activity: OpenActivity, timeoutType: TimeOut['timeoutType'], context: DecisionContext): Activity {
  if (isRunning(activity) && (timeoutType === 'start-to-close' || timeoutType === 'heartbeat')) {
    return afterTimeout(activity, timeoutType, context);
  }
  const failure = timeoutFailure(timeoutType, lastHeartbeatDetails(activity), activity.lastFailure?.failure);
  const retryState = activity.status === 'cancel-requested' ? 'cancel-requested' : 'timeout';
  const closing = { status: 'timed-out', outcome: failureOutcome(failure, retryState) } as const;
  return close(activity, keepingLastFailure(activity, closing), context);
}
