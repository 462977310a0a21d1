import type { temporal } from '@temporalio/proto';
import {
  currentRetryIntervalMs,
  epochMillis,
  executionDurationMs,
  executionTime,
  expirationTime,
  lastFailure,
  nextAttemptScheduleTime,
  publicStatus,
  runState,
  type Activity,
  type Outcome,
} from '@ratchet/domain';
import { present } from '../../present.ts';
import { publicStatusNumbers, retryStateNumbers, runStateNumbers } from './enums.ts';
import { fromFailure } from './failures.ts';
import { fromPriority, fromRetryPolicy, fromTimeouts } from './options.ts';
import { fromHeader, fromPayloads } from './payloads.ts';
import { fromCount, fromMs, fromMsIfAny } from './times.ts';

type Info = temporal.api.activity.v1.IActivityExecutionInfo;

export interface Inclusions {
  readonly heartbeatDetails: boolean;
  readonly lastFailure: boolean;
}

/** The public view of an activity (semantics sections 1.4, 2 and 2.6). What a closed one's slim record has not is left out. */
export function fromActivity(activity: Activity, include: Inclusions): Info {
  const { id, activityType, attempt, scheduledAt, lastWorkerIdentity } = activity;
  const failure = lastFailure(activity);
  return {
    activityId: id.activityId,
    runId: id.runId,
    activityType: { name: activityType },
    status: publicStatusNumbers[publicStatus(activity)],
    runState: runStateNumbers[runState(activity)],
    attempt,
    scheduleTime: fromMs(scheduledAt),
    executionTime: fromMs(executionTime(activity)),
    lastWorkerIdentity,
    // There are none, but Go's SDK looks into them without looking for them.
    searchAttributes: {},
    ...timesOf(activity),
    ...present({
      lastAttemptCompleteTime: fromMsIfAny(failure?.failedAt),
      lastFailure: include.lastFailure && failure !== undefined ? fromFailure(failure.failure) : undefined,
    }),
    ...('options' in activity ? ofOpen(activity, include) : ofClosed(activity)),
  };
}

function timesOf(activity: Activity): Info {
  const now = epochMillis(Date.now());
  return present({
    lastStartedTime: fromMsIfAny('startedAt' in activity ? activity.startedAt : undefined),
    closeTime: fromMsIfAny('closedAt' in activity ? activity.closedAt : undefined),
    expirationTime: fromMsIfAny(expirationTime(activity)),
    nextAttemptScheduleTime: fromMsIfAny(nextAttemptScheduleTime(activity, now)),
    currentRetryInterval: fromMsIfAny(currentRetryIntervalMs(activity, now)),
    executionDuration: fromMsIfAny(executionDurationMs(activity)),
  });
}

type Open = Extract<Activity, { readonly options: unknown }>;

function ofOpen(activity: Open, include: Inclusions): Info {
  const { options, heartbeat, header } = activity;
  const canceledReason = 'cancel' in activity ? activity.cancel.reason : undefined;
  return {
    taskQueue: options.taskQueue,
    ...fromTimeouts(options),
    retryPolicy: fromRetryPolicy(options.retryPolicy),
    priority: fromPriority(options),
    startDelay: fromMs(options.startDelayMs),
    header: fromHeader(header),
    totalHeartbeatCount: fromCount(heartbeat?.count ?? 0),
    ...present({
      lastHeartbeatTime: fromMsIfAny(heartbeat?.recordedAt),
      heartbeatDetails:
        include.heartbeatDetails && heartbeat !== undefined ? fromPayloads(heartbeat.details) : undefined,
      canceledReason,
    }),
  };
}

const ofClosed = ({ taskQueue, heartbeatCount }: Exclude<Activity, Open>): Info => ({
  taskQueue,
  totalHeartbeatCount: fromCount(heartbeatCount),
});

/** A result is always there, be it empty: the SDK takes a missing one for "not yet". */
export const fromOutcome = (outcome: Outcome): temporal.api.activity.v1.IActivityExecutionOutcome =>
  outcome.type === 'success'
    ? { result: fromPayloads(outcome.result) }
    : { failure: fromFailure(outcome.failure), retryState: retryStateNumbers[outcome.retryState] };
