import type { temporal } from '@temporalio/proto';
import {
  isClosed,
  canceledReason,
  currentRetryIntervalMs,
  epochMillis,
  executionDurationMs,
  executionTime,
  expirationTime,
  lastAttemptCompleteTime,
  lastFailure,
  lastHeartbeatTime,
  nextAttemptScheduleTime,
  publicStatus,
  runState,
  stateTransitionCount,
  type Activity,
  type Outcome,
  type WorkerSdk,
} from '@ratchet/domain';
import { present } from '../../present.ts';
import { publicStatusNumbers, retryStateNumbers, runStateNumbers } from './enums.ts';
import { fromFailure } from './failures.ts';
import { linkType } from './links.ts';
import { fromPriorityIfAny, fromRetryPolicy, fromStartDelayIfAny, fromTimeouts } from './options.ts';
import { fromHeaderIfAny, fromPayloads, fromPayloadsIfAny } from './payloads.ts';
import { fromCount, fromMs, fromMsIfAny } from './times.ts';
import { fromUserMetadataIfAny } from './user-metadata.ts';

type Info = temporal.api.activity.v1.IActivityExecutionInfo;

export interface Inclusions {
  readonly heartbeatDetails: boolean;
  readonly lastFailure: boolean;
}

/**
 * The public view of an activity, open or closed (semantics sections 1.4, 2 and 2.6). What there is none of is absent: an
 * empty message is not as good.
 *
 * @param stateBytes how large its records are.
 */
export function fromActivity(activity: Activity, stateBytes: number, include: Inclusions): Info {
  const { id, activityType, attempt, options, heartbeat, lastWorkerIdentity, workerSdk } = activity;
  const failure = lastFailure(activity);
  return {
    activityId: id.activityId,
    runId: id.runId,
    activityType: { name: activityType },
    status: publicStatusNumbers[publicStatus(activity)],
    runState: runStateNumbers[runState(activity)],
    attempt,
    taskQueue: options.taskQueue,
    ...fromTimeouts(options),
    retryPolicy: fromRetryPolicy(options.retryPolicy),
    lastWorkerIdentity,
    ...sdkOf(workerSdk),
    totalHeartbeatCount: fromCount(heartbeat?.count ?? 0),
    stateTransitionCount: fromCount(stateTransitionCount(activity)),
    stateSizeBytes: fromCount(stateBytes),
    // There are none, but Go's SDK looks into them without looking for them.
    searchAttributes: {},
    ...timesOf(activity),
    ...present({
      priority: fromPriorityIfAny(options),
      startDelay: fromStartDelayIfAny(options),
      header: fromHeaderIfAny(activity.header),
      userMetadata: fromUserMetadataIfAny(activity.userMetadata),
      links: activity.links?.map((link) => linkType.decode(link)),
      canceledReason: canceledReason(activity),
      heartbeatDetails: include.heartbeatDetails ? fromPayloadsIfAny(heartbeat?.details ?? []) : undefined,
      lastFailure: include.lastFailure && failure !== undefined ? fromFailure(failure.failure) : undefined,
    }),
  };
}

const sdkOf = ({ name, version }: WorkerSdk = { name: '', version: '' }): Info => ({
  sdkName: name,
  sdkVersion: version,
});

function timesOf(activity: Activity): Info {
  const now = epochMillis(Date.now());
  return present({
    scheduleTime: fromMs(activity.scheduledAt),
    executionTime: fromMs(executionTime(activity)),
    lastStartedTime: fromMsIfAny(activity.startedAt),
    lastHeartbeatTime: fromMsIfAny(lastHeartbeatTime(activity)),
    lastAttemptCompleteTime: fromMsIfAny(lastAttemptCompleteTime(activity)),
    closeTime: fromMsIfAny(isClosed(activity) ? activity.closedAt : undefined),
    expirationTime: fromMsIfAny(expirationTime(activity)),
    nextAttemptScheduleTime: fromMsIfAny(nextAttemptScheduleTime(activity, now)),
    currentRetryInterval: fromMsIfAny(currentRetryIntervalMs(activity, now)),
    executionDuration: fromMsIfAny(executionDurationMs(activity)),
  });
}

/** A result is always there, be it empty: the SDK takes a missing one for "not yet". */
export const fromOutcome = (outcome: Outcome): temporal.api.activity.v1.IActivityExecutionOutcome =>
  outcome.type === 'success'
    ? { result: fromPayloads(outcome.result) }
    : { failure: fromFailure(outcome.failure), retryState: retryStateNumbers[outcome.retryState] };
