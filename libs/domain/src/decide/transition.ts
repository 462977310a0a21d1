import {
  isClosed,
  isRunning,
  isUnclaimed,
  type Activity,
  type RunningActivity,
  type ScheduledActivity,
} from '../activity.ts';
import type { AttemptReference } from '../command.ts';
import type { Effect, EntityChange, NoticeReason, Transition } from '../decision.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Signal, WorkflowRun } from '../workflow-run.ts';
import { assertActivityStep, assertRunStep } from './transition-rules.ts';

/*
 * Effects are derived here and nowhere else: from what an activity or a run was before a command, and is after it.
 */

/** How a running attempt ends, if it ends here: its worker says so, or others do and the worker must learn of it. */
export type AttemptEnd = 'reported' | 'timed-out' | 'not-found';

/** Whoever has the token speaks for the attempt; a report by id comes from elsewhere, and its worker knows nothing of it. */
export const endReportedBy = ({ by }: AttemptReference): AttemptEnd => (by === 'token' ? 'reported' : 'not-found');

/**
 * One activity's step from `before` to `after`.
 *
 * A task is told whenever one is newly sent, the outcome whenever the activity closes, a notice whenever a running attempt
 * is newly asked to stop or is ended by others than its worker.
 */
export function transition(before: Activity | undefined, after: Activity, end: AttemptEnd = 'not-found'): Transition {
  assertActivityStep(before, after);
  const activity = { ...after, transitionCount: (before?.transitionCount ?? 0) + 1 };
  const change: EntityChange = { type: 'ActivityChanged', activity, changed: changedParts(before, after) };
  const effects: Effect[] = [];
  const task = activity.status === 'scheduled' ? newsOfTask(before, activity) : undefined;
  if (task !== undefined) effects.push(task);
  if (isClosed(activity)) effects.push({ type: 'Outcome', activity });
  if (before !== undefined && isRunning(before)) {
    const news = isRunning(activity) ? newsForAttempt(before, activity) : newsOfEnd(before, end);
    if (news !== undefined) effects.push(news);
  }
  return { change: [change], effects };
}

/** Every dispatch has a stamp of its own, or is the first since the attempt began to wait. */
function newsOfTask(before: Activity | undefined, activity: ScheduledActivity): Effect | undefined {
  if (activity.dispatchedAt === undefined) return activity.attempt === 1 ? { type: 'TaskAhead', activity } : undefined;
  const isSent = before !== undefined && isUnclaimed(before) && before.stamp === activity.stamp;
  return isSent ? undefined : { type: 'Task', activity };
}

const changedParts = (before: Activity | undefined, after: Activity) => ({
  input: before?.input !== after.input || before.links !== after.links,
  heartbeat: before?.heartbeat !== after.heartbeat,
  main: true,
});

/** A heartbeat: nothing else of the activity is written again. Its answer tells the worker what is wanted. */
export function heartbeatTransition(
  before: RunningActivity,
  activity: RunningActivity,
  { by }: AttemptReference,
): Transition {
  assertActivityStep(before, activity);
  const changed = { input: false, heartbeat: true, main: false };
  const effects: Effect[] = by === 'token' && isFirstToHear(before) ? [{ type: 'NoticeSettled', activity }] : [];
  return { change: [{ type: 'ActivityChanged', activity, changed }], effects };
}

/** One run's step from `before` to `after`. Another status is news, and concerns the activities that are open in the run. */
export function runTransition(view: PartitionView, before: WorkflowRun | undefined, run: WorkflowRun): Transition {
  assertRunStep(before, run);
  const change: EntityChange[] = [{ type: 'RunChanged', run }];
  if (before === undefined || before.status === run.status) return { change, effects: [] };
  const cause = run.status === 'closed' ? 'run-closed' : 'run-cancel-requested';
  const activityIds = [...view.openActivityIds(run.id)];
  return {
    change,
    effects: [
      { type: 'RunNews', run },
      { type: 'FanOut', run: run.id, cause, activityIds },
    ],
  };
}

/** A signal reaches a run, which remembers it. */
export function signalTransition(before: WorkflowRun, run: WorkflowRun, signal: Signal): Transition {
  assertRunStep(before, run);
  const change: EntityChange[] = [
    { type: 'RunChanged', run },
    { type: 'SignalAdded', run: run.id, signal },
  ];
  return { change, effects: [{ type: 'RunNews', run, signal }] };
}

const noticeReasons: Readonly<Record<RunningActivity['status'], NoticeReason | undefined>> = {
  started: undefined,
  'cancel-requested': 'cancel-requested',
  'pause-requested': 'paused',
  'reset-requested': 'reset',
};

function newsForAttempt(before: RunningActivity, activity: RunningActivity): Effect | undefined {
  if (before.status === activity.status) return undefined;
  const reason = noticeReasons[activity.status];
  return reason === undefined ? { type: 'NoticeSettled', activity } : { type: 'Notice', activity, reason };
}

function newsOfEnd(activity: RunningActivity, end: AttemptEnd): Effect | undefined {
  if (end !== 'reported') return { type: 'Notice', activity, reason: end };
  return noticeReasons[activity.status] === undefined ? undefined : { type: 'NoticeSettled', activity };
}

/** Asked to stop, and no heartbeat since: a later one hears nothing new. When a reset was asked for is not known. */
function isFirstToHear({ status, cancel, pause, heartbeat }: RunningActivity): boolean {
  if (noticeReasons[status] === undefined) return false;
  const request = status === 'cancel-requested' ? cancel : status === 'pause-requested' ? pause : undefined;
  return request === undefined || heartbeat === undefined || heartbeat.recordedAt <= request.requestedAt;
}
