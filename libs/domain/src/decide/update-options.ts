import type { ActivityOptions, ActivityOptionsRequest } from '../activity-options.ts';
import { isClosed, type OpenActivity } from '../activity.ts';
import { invalid, ok, type Checked } from '../checked.ts';
import type { UpdateOptions } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import { normaliseOptions } from '../normalise-options.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Refusal } from '../refusal.ts';
import { retryIntervalMs } from '../retry-policy.ts';
import { isExact } from '../rules.ts';
import { sameOptions } from '../same-options.ts';
import { statusName } from '../status-name.ts';
import { after, invariant, type EpochMillis } from '../units.ts';
import { checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { activityNotFound, findActivity } from './lookup.ts';
import {
  draftOf,
  firstDispatchAt,
  laterOf,
  neverStarted,
  restoredOptions,
  scheduledFrom,
  type Draft,
} from './open-activity.ts';

/**
 * Other options for an open activity, at once: what waits in a queue is sent again under a new stamp, what runs keeps
 * its token and gets new limits, counted from its start. Semantics sections 1.2, 2.1 and 2.4.
 */
export function decideUpdateOptions(view: PartitionView, command: UpdateOptions, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command), validateUpdate(command));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  if (activity.updateRequestId === command.requestId) return accept(acknowledged);
  if (isClosed(activity) || activity.status === 'cancel-requested' || activity.status === 'reset-requested') {
    return refuse('failed-precondition', `Cannot update options for activity in state ${statusName(activity.status)}`);
  }
  const updated = updatedOptions(activity, command, context.now);
  if (updated.kind === 'refused') return updated;
  // Nothing new: what waits in its queue keeps its place.
  const isSame = sameOptions(activity.options, updated.value);
  if (!isExact(context.rules)) {
    if (isSame) return accept(acknowledged);
    return accept(acknowledged, transition(activity, withOptions(activity, updated.value, context)));
  }
  const after = isSame ? { ...activity, version: context.offset } : withOptions(activity, updated.value, context);
  return accept(acknowledged, transition(activity, { ...after, updateRequestId: command.requestId }));
}

/** What is wrong with the request itself. */
export function validateUpdate({
  options,
  restoreOriginal,
}: Pick<UpdateOptions, 'options' | 'restoreOriginal'>): Refusal | undefined {
  const isEmpty = Object.keys(options).length === 0;
  if (restoreOriginal && !isEmpty) return refusalOf('Both UpdateMask and RestoreOriginal are provided');
  if (!restoreOriginal && isEmpty) return refusalOf('UpdateMask must specify at least one path');
  return undefined;
}

const refusalOf = (message: string): Refusal => ({ reason: 'invalid-argument', message });

/** The options after the update, normalised as a whole: one timeout may cut another. */
function updatedOptions(
  activity: OpenActivity,
  { options, restoreOriginal }: UpdateOptions,
  now: EpochMillis,
): Checked<ActivityOptions> {
  if (restoreOriginal) return ok(restoredOptions(activity));
  if (options.startDelayMs !== undefined && !mayDelayStart(activity, now)) {
    const message = 'cannot update start_delay: the first activity attempt has already been dispatched';
    return { kind: 'refused', refusal: { reason: 'failed-precondition', message } };
  }
  if (options.retryPolicy?.backoffCoefficient === 0) {
    return invalid('BackoffCoefficient cannot be less than 1 on retry policy.');
  }
  const merged: ActivityOptionsRequest = {
    ...activity.options,
    ...options,
    retryPolicy: { ...activity.options.retryPolicy, ...options.retryPolicy },
  };
  return normaliseOptions(merged, { ...activity.id, activityType: activity.activityType });
}

/** While the delay runs, or as long as a pause holds the first attempt back. */
const mayDelayStart = (activity: OpenActivity, now: EpochMillis): boolean =>
  neverStarted(activity) && (activity.status === 'paused' || activity.dispatchAt > now);

function withOptions(activity: OpenActivity, options: ActivityOptions, { now, offset }: DecisionContext): OpenActivity {
  if (activity.status !== 'scheduled' && activity.status !== 'paused') return { ...activity, options, version: offset };
  const draft = draftOf(activity);
  draft.version = offset;
  draft.stamp = activity.stamp + 1;
  draft.options = options;
  if (activity.retryIntervalMs === 0) {
    draft.dispatchAt = laterOf(now, firstDispatchAt(activity.scheduledAt, options));
  } else if (activity.retryIntervalSource === 'retry-policy') {
    rederiveBackoff(draft, activity, now);
  }
  return activity.status === 'paused' ? { ...draft, status: 'paused' } : scheduledFrom(draft, now);
}

/** The interval as the new policy has it, from when the attempt failed. A worker's own interval is left alone. */
function rederiveBackoff(draft: Draft, activity: OpenActivity, now: EpochMillis): void {
  const intervalMs = retryIntervalMs(draft.options.retryPolicy, activity.attempt - 1);
  if (intervalMs === activity.retryIntervalMs) return;
  invariant(activity.lastFailure !== undefined, 'a backoff without a failed attempt');
  draft.retryIntervalMs = intervalMs;
  draft.dispatchAt = laterOf(now, after(activity.lastFailure.failedAt, intervalMs));
}
