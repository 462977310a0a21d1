import {
  publicStatus,
  runState,
  type Activity,
  type ClosedActivity,
  type ClosedStatus,
  type Outcome,
} from '@ratchet/domain';
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

export const isClosed = (activity: Activity): activity is ClosedActivity => 'outcome' in activity;

/** Of an activity as it stands. */
export function resultJson(activity: Activity): OutcomeJson | PendingJson {
  const { runId } = activity.id;
  if (isClosed(activity)) return outcomeJson(runId, activity.status, activity.outcome);
  return { runId, status: activity.status === 'paused' ? 'paused' : 'running' };
}

/** The public view of an activity. Instants are ISO 8601, durations milliseconds. */
export function activityJson(activity: Activity): ActivityJson {
  const { id, activityType, attempt, scheduledAt, lastWorkerIdentity, lastFailure } = activity;
  return {
    activityId: id.activityId,
    runId: id.runId,
    activityType,
    status: publicStatus(activity),
    runState: runState(activity),
    attempt,
    scheduledAt: instant(scheduledAt),
    ...(lastWorkerIdentity === '' ? {} : { lastWorkerIdentity }),
    ...(lastFailure === undefined ? {} : { lastFailure: failureJson(lastFailure.failure) }),
    ...(isClosed(activity) ? closedJson(activity) : openJson(activity)),
  };
}

const closedJson = (activity: ClosedActivity) => ({
  taskQueue: activity.taskQueue,
  closedAt: instant(activity.closedAt),
  ...(activity.startedAt === undefined ? {} : { startedAt: instant(activity.startedAt) }),
  outcome: outcomeJson(activity.id.runId, activity.status, activity.outcome),
});

type OpenActivity = Exclude<Activity, ClosedActivity>;

function openJson(activity: OpenActivity) {
  const { options, heartbeat, dispatchAt, retryIntervalMs } = activity;
  const { taskQueue, retryPolicy, priorityKey, fairnessKey, fairnessWeight, ...timeouts } = options;
  return {
    taskQueue,
    timeouts,
    priority: { priorityKey, fairnessKey, fairnessWeight },
    retryPolicy: { ...retryPolicy },
    ...(activity.status === 'scheduled' ? { dispatchAt: instant(dispatchAt), retryIntervalMs } : {}),
    ...('startedAt' in activity ? { startedAt: instant(activity.startedAt) } : {}),
    ...(heartbeat === undefined
      ? {}
      : {
          heartbeat: {
            details: valueJson(heartbeat.details),
            recordedAt: instant(heartbeat.recordedAt),
            count: heartbeat.count,
          },
        }),
  };
}

const instant = (at: number): string => new Date(at).toISOString();
