import { isClosed, type Activity, type OpenActivity, type RunningActivity } from '../activity.ts';
import type { Pause, Unpause } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import type { PartitionView } from '../partition-view.ts';
import { statusName } from '../status-name.ts';
import { checkReason, checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { activityNotFound, findActivity } from './lookup.ts';
import { draftOf, laterOf, scheduledFrom } from './open-activity.ts';

/** Holds back further attempts; one that runs is only told. Semantics sections 2.1 and 2.4. */
export function decidePause(view: PartitionView, command: Pause, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command), checkReason(command.reason));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  // Even after a later unpause: a late repetition must not pause it again.
  if (pauseRequestIdOf(activity) === command.requestId) return accept(acknowledged);

  const { requestId, identity, reason } = command;
  const pause = { requestId, identity, reason, requestedAt: context.now };
  const version = context.offset;
  if (activity.status === 'started') {
    return accept(acknowledged, transition(activity, { ...activity, status: 'pause-requested', pause, version }));
  }
  if (activity.status === 'scheduled') {
    // The task that waits in its queue must not be granted any more.
    const draft = { ...draftOf(activity), pause, version, stamp: activity.stamp + 1 };
    return accept(acknowledged, transition(activity, { ...draft, status: 'paused' }));
  }
  return refuse('failed-precondition', `activity is in non-pausable state ${statusName(activity.status)}`);
}

const pauseRequestIdOf = (activity: Activity): string | undefined =>
  isClosed(activity) ? activity.pauseRequestId : activity.pause?.requestId;

/** Lets attempts go on: what remains of a backoff or start delay is waited for. Semantics sections 2.1 and 2.4. */
export function decideUnpause(view: PartitionView, command: Unpause, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  if (activity.unpauseRequestId === command.requestId) return accept(acknowledged);
  if (isClosed(activity)) {
    return refuse('failed-precondition', `activity is in terminal state ${statusName(activity.status)}`);
  }
  const after = unpaused(activity, command, context);
  if (after === undefined) {
    return refuse('failed-precondition', `activity is in non-unpausable state ${statusName(activity.status)}`);
  }
  return accept(acknowledged, transition(activity, after));
}

function unpaused(
  activity: OpenActivity,
  { requestId }: Unpause,
  { now, offset }: DecisionContext,
): Activity | undefined {
  if (activity.status === 'pause-requested') {
    const started: RunningActivity = { ...activity, status: 'started' };
    return { ...started, unpauseRequestId: requestId, version: offset };
  }
  if (activity.status !== 'paused') return undefined;
  const draft = draftOf(activity);
  draft.version = offset;
  draft.stamp = activity.stamp + 1;
  draft.unpauseRequestId = requestId;
  draft.dispatchAt = laterOf(now, activity.dispatchAt);
  return scheduledFrom(draft, now);
}
