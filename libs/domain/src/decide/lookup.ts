import { isClosed, isRunning, type Activity, type OpenActivity, type RunningActivity } from '../activity.ts';
import type { AttemptReference, TimerReference } from '../command.ts';
import { refuse, type Refused } from '../decision.ts';
import type { ExecutionId, RunId } from '../identity.ts';
import type { PartitionView } from '../partition-view.ts';
import type { WorkflowRun } from '../workflow-run.ts';

/** What the reference answers whenever there is nothing to act on. Semantics section 2.4. */
export const activityNotFound = ({ activityId }: ExecutionId): Refused =>
  refuse('not-found', `activity not found for ID: ${activityId}`);

export const runNotFound = ({ workflowId }: RunId): Refused =>
  refuse('not-found', `workflow not found for ID: ${workflowId}`);

/**
 * The activity a command speaks of, open or closed. An empty run id means the latest run.
 *
 * Of a closed workflow run there is nothing left to speak of, even before `CloseWithRun` has reached its activities.
 */
export function findActivity(view: PartitionView, target: ExecutionId): Activity | undefined {
  if (target.workflowId !== '') {
    const run = findRun(view, target);
    return run === undefined || run.status === 'closed' ? undefined : view.activity({ ...target, runId: run.id.runId });
  }
  if (target.runId !== '') return view.activity(target);
  const runId = view.latestRunId(target.namespace, target.activityId);
  return runId === undefined ? undefined : view.activity({ ...target, runId });
}

/** The workflow run a command speaks of. An empty run id means the latest run of the workflow id. */
export function findRun(view: PartitionView, { namespace, workflowId, runId }: RunId): WorkflowRun | undefined {
  const known = runId === '' ? view.latestWorkflowRunId(namespace, workflowId) : runId;
  return known === undefined ? undefined : view.run({ namespace, workflowId, runId: known });
}

interface OfAttempt {
  readonly target: ExecutionId;
  readonly attempt: AttemptReference;
}

/** The open activity whose current attempt is meant, or the refusal. A token of anything but that attempt is stale. */
export function findAttempt(view: PartitionView, { target, attempt }: OfAttempt): OpenActivity | Refused {
  const activity = findActivity(view, target);
  if (activity === undefined || isClosed(activity)) return activityNotFound(target);
  if (attempt.by === 'token' && !isOf(activity, attempt)) return staleAttempt(target);
  return activity;
}

/** As `findAttempt`, for what only a granted attempt may say. Semantics section 2.4: by id, too, it is not found. */
export function findRunningAttempt(view: PartitionView, command: OfAttempt): RunningActivity | Refused {
  const found = findAttempt(view, command);
  if (isRefused(found) || isRunning(found)) return found;
  return activityNotFound(command.target);
}

/** The open activity a timer was set for. */
export function findTimed(
  view: PartitionView,
  target: ExecutionId,
  { scheduleOffset }: TimerReference,
): OpenActivity | Refused {
  const activity = findActivity(view, target);
  if (activity === undefined || isClosed(activity)) return activityNotFound(target);
  return activity.scheduleOffset === scheduleOffset ? activity : staleTimer(target);
}

/** Whether a token or timer is of the activity's current life, attempt and stamp. */
export const isOf = (activity: OpenActivity, { scheduleOffset, attempt, stamp }: TimerReference): boolean =>
  activity.scheduleOffset === scheduleOffset && activity.attempt === attempt && activity.stamp === stamp;

// The reference tells a stale token's holder what it tells everyone who finds nothing.
const staleAttempt = ({ activityId }: ExecutionId): Refused =>
  refuse('stale-attempt', `activity not found for ID: ${activityId}`);

export const staleTimer = ({ activityId }: ExecutionId): Refused =>
  refuse('stale-attempt', `the timer is of another attempt of activity ${activityId}`);

export const notDue = ({ activityId }: ExecutionId, at: number, now: number): Refused =>
  refuse('not-due', `activity ${activityId} is due at ${String(at)}, and it is ${String(now)}`);

export const isRefused = (found: Activity | WorkflowRun | Refused): found is Refused => 'kind' in found;
