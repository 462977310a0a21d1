import {
  isClosed,
  canceledReason,
  expirationTime,
  lastAttemptCompleteTime,
  lastFailure,
  lastHeartbeatTime,
  publicStatus,
  runState,
  stateTransitionCount,
  type Activity,
  type ClosedActivity,
  type ClosedStatus,
  type Outcome,
} from '@ratchet/domain';
import type { ActivitySeen } from '../front-door/index.ts';
import { linkJson } from '../grpc/index.ts';
import { present } from '../present.ts';
import type { ActivityJson, OutcomeJson, PendingJson } from './answers.ts';
import { failureJson } from './failure-json.ts';
import { valueJson } from './payload-json.ts';

export function outcomeJson(runId: string, status: ClosedStatus, outcome: Outcome): OutcomeJson {
  if (outcome.type === 'failure') {
    return { runId, status, failure: failureJson(outcome.failure), retryState: outcome.retryState };
  }
  const result = valueJson(outcome.result);
  return 'value' in result
    ? { runId, status, result: result.value }
    : { runId, status, resultPayloads: result.payloads };
}

/** Of an activity as it stands. */
export function resultJson(activity: Activity): OutcomeJson | PendingJson {
  const { runId } = activity.id;
  if (isClosed(activity)) return outcomeJson(runId, activity.status, activity.outcome);
  return { runId, status: activity.status === 'paused' ? 'paused' : 'running' };
}

/** The public view of an activity, open or closed. Instants are ISO 8601, durations milliseconds. */
export function activityJson({ activity, stateBytes }: ActivitySeen): ActivityJson {
  const { id, activityType, options, attempt, lastWorkerIdentity, workerSdk, input, header, userMetadata } = activity;
  const { taskQueue, retryPolicy, priorityKey, fairnessKey, fairnessWeight, ...timeouts } = options;
  const { summary, details } = userMetadata ?? {};
  const failure = lastFailure(activity);
  return {
    activityId: id.activityId,
    runId: id.runId,
    activityType,
    status: publicStatus(activity),
    runState: runState(activity),
    attempt,
    scheduledAt: instant(activity.scheduledAt),
    taskQueue,
    timeouts,
    priority: { priorityKey, fairnessKey, fairnessWeight },
    retryPolicy: { ...retryPolicy },
    input: input.map((payload) => valueJson([payload])),
    stateTransitionCount: stateTransitionCount(activity),
    stateSizeBytes: stateBytes,
    ...(lastWorkerIdentity === '' ? {} : { lastWorkerIdentity }),
    ...(Object.keys(header).length === 0
      ? {}
      : { header: Object.fromEntries(Object.entries(header).map(([key, payload]) => [key, valueJson([payload])])) }),
    ...(activity.status === 'scheduled'
      ? { dispatchAt: instant(activity.dispatchAt), retryIntervalMs: activity.retryIntervalMs }
      : {}),
    ...present({
      workerSdk: workerSdk && { ...workerSdk },
      summary: summary && valueJson([summary]),
      details: details && valueJson([details]),
      links: activity.links?.map(linkJson),
      lastFailure: failure && failureJson(failure.failure),
      cancelReason: canceledReason(activity),
      startedAt: instantIfAny(activity.startedAt),
      lastAttemptCompletedAt: instantIfAny(lastAttemptCompleteTime(activity)),
      expiresAt: instantIfAny(expirationTime(activity)),
      heartbeat: heartbeatJson(activity),
    }),
    ...(isClosed(activity) ? closedJson(activity) : {}),
  };
}

const closedJson = (activity: ClosedActivity) => ({
  closedAt: instant(activity.closedAt),
  outcome: outcomeJson(activity.id.runId, activity.status, activity.outcome),
});

function heartbeatJson(activity: Activity): ActivityJson['heartbeat'] {
  const { heartbeat } = activity;
  if (heartbeat === undefined) return undefined;
  const recordedAt = instantIfAny(lastHeartbeatTime(activity));
  return {
    details: valueJson(heartbeat.details),
    ...(recordedAt === undefined ? {} : { recordedAt }),
    count: heartbeat.count,
  };
}

const instantIfAny = (at: number | undefined): string | undefined => (at === undefined ? undefined : instant(at));

const instant = (at: number): string => new Date(at).toISOString();
