import type { ActivityOptions } from '../activity-options.ts';
import type { DeferredReset, OpenActivity, OpenBase } from '../activity.ts';
import { after, epochMillis, millis, type EpochMillis } from '../units.ts';

/** An open activity's fields while a transition is being made; what comes out is immutable again. */
export type Draft = { -readonly [K in keyof OpenBase]: OpenBase[K] };

/**
 * What every open state has, taken out of one of them. Field by field: the fields of a single state must not slip into
 * the next, and this is the hot path.
 */
export function draftOf(activity: OpenActivity): Draft {
  const draft: Draft = {
    id: activity.id,
    activityType: activity.activityType,
    scheduleOffset: activity.scheduleOffset,
    version: activity.version,
    requestIds: activity.requestIds,
    scheduledAt: activity.scheduledAt,
    retentionMs: activity.retentionMs,
    transitionCount: activity.transitionCount,
    attempt: activity.attempt,
    options: activity.options,
    originalOptions: activity.originalOptions,
    input: activity.input,
    header: activity.header,
    shielded: activity.shielded,
    stamp: activity.stamp,
    dispatchAt: activity.dispatchAt,
    retryIntervalMs: activity.retryIntervalMs,
    retryIntervalSource: activity.retryIntervalSource,
    lastWorkerIdentity: activity.lastWorkerIdentity,
  };
  if (activity.userMetadata !== undefined) draft.userMetadata = activity.userMetadata;
  if (activity.links !== undefined) draft.links = activity.links;
  if (activity.startedAt !== undefined) draft.startedAt = activity.startedAt;
  if (activity.workerSdk !== undefined) draft.workerSdk = activity.workerSdk;
  if (activity.callbackUrls !== undefined) draft.callbackUrls = activity.callbackUrls;
  if (activity.reportIds !== undefined) draft.reportIds = activity.reportIds;
  if (activity.heartbeat !== undefined) draft.heartbeat = activity.heartbeat;
  if (activity.lastFailure !== undefined) draft.lastFailure = activity.lastFailure;
  copyRequests(activity, draft);
  return draft;
}

/** What was asked of it, and by which repetitions of that are known. */
function copyRequests(activity: OpenActivity, draft: Draft): void {
  if (activity.pause !== undefined) draft.pause = activity.pause;
  if (activity.unpauseRequestId !== undefined) draft.unpauseRequestId = activity.unpauseRequestId;
  if (activity.resetRequestId !== undefined) draft.resetRequestId = activity.resetRequestId;
  if (activity.updateRequestId !== undefined) draft.updateRequestId = activity.updateRequestId;
}

/** A draft as a scheduled activity, its task sent now if it is due. */
export const scheduledFrom = (draft: Draft, now: EpochMillis): OpenActivity =>
  draft.dispatchAt <= now ? { ...draft, status: 'scheduled', dispatchedAt: now } : { ...draft, status: 'scheduled' };

/** No attempt of this life has ever been granted: its start delay still means something. */
export const neverStarted = (activity: OpenActivity): boolean =>
  (activity.status === 'scheduled' || activity.status === 'paused') &&
  activity.attempt === 1 &&
  activity.lastFailure === undefined;

/** The options as scheduled. The start delay comes back only while it can still delay something (semantics 1.1). */
export const restoredOptions = (activity: OpenActivity): ActivityOptions =>
  neverStarted(activity)
    ? activity.originalOptions
    : { ...activity.originalOptions, startDelayMs: activity.options.startDelayMs };

/**
 * Back to attempt 1: the backoff is dropped, a start delay that is not over is honoured. Semantics section 2.1, Reset.
 *
 * @param now when the first attempt is due, unless the start delay says later.
 */
export function restart(activity: OpenActivity, reset: DeferredReset, now: EpochMillis): Draft {
  const draft = draftOf(activity);
  draft.attempt = 1;
  draft.stamp = activity.stamp + 1;
  if (reset.restoreOriginalOptions) draft.options = restoredOptions(activity);
  // The tally of heartbeats goes on; only what the last one said, and when, is forgotten.
  if (reset.resetHeartbeat && draft.heartbeat !== undefined)
    draft.heartbeat = { details: [], recordedAt: forgotten, count: draft.heartbeat.count };
  draft.retryIntervalMs = noInterval;
  draft.retryIntervalSource = 'retry-policy';
  draft.dispatchAt = laterOf(now, firstDispatchAt(activity.scheduledAt, draft.options));
  return draft;
}

/** When the first attempt is due: the start delay after scheduling. */
export const firstDispatchAt = (scheduledAt: EpochMillis, options: ActivityOptions): EpochMillis =>
  after(scheduledAt, options.startDelayMs);

export const laterOf = (one: EpochMillis, other: EpochMillis): EpochMillis => epochMillis(Math.max(one, other));

const noInterval = millis(0);
const forgotten = epochMillis(0);
