import {
  isClosed,
  isRunning,
  isUnclaimed,
  type Activity,
  type ClosedActivity,
  type OpenActivity,
  type OpenStatus,
  type RunningActivity,
} from '../activity.ts';
import { executionKey, runKey } from '../identity.ts';
import { InvariantError } from '../units.ts';
import type { RunStatus, WorkflowRun } from '../workflow-run.ts';

/*
 * What must hold of every transition, whatever command has led to it: the architecture's promises as far as one step
 * shows them. Asserted in production. A step that breaks one is a fault of this code, and is neither applied nor told.
 */

/** The chart in activity.ts: what an open activity may become in one step. Nothing becomes of a closed one. */
export const nextStatuses: Readonly<Record<OpenStatus, ReadonlySet<Activity['status']>>> = {
  scheduled: new Set(['scheduled', 'started', 'paused', 'completed', 'failed', 'canceled', 'terminated', 'timed-out']),
  paused: new Set(['paused', 'scheduled', 'completed', 'canceled', 'terminated', 'timed-out']),
  started: new Set([
    ...(['started', 'cancel-requested', 'pause-requested', 'reset-requested', 'scheduled'] as const),
    ...(['completed', 'failed', 'terminated', 'timed-out'] as const),
  ]),
  'cancel-requested': new Set(['cancel-requested', 'completed', 'failed', 'canceled', 'terminated', 'timed-out']),
  'pause-requested': new Set([
    ...(['pause-requested', 'started', 'cancel-requested', 'reset-requested', 'paused'] as const),
    ...(['completed', 'failed', 'terminated', 'timed-out'] as const),
  ]),
  'reset-requested': new Set([
    ...(['reset-requested', 'cancel-requested', 'scheduled', 'paused'] as const),
    ...(['completed', 'terminated', 'timed-out'] as const),
  ]),
};

const nextRunStatuses: Readonly<Record<RunStatus, ReadonlySet<RunStatus>>> = {
  open: new Set(['open', 'cancel-requested', 'closed']),
  'cancel-requested': new Set(['cancel-requested', 'closed']),
  closed: new Set(),
};

/** @throws InvariantError when an activity cannot have become `after`. `before` is `undefined` for one that begins. */
export function assertActivityStep(before: Activity | undefined, after: Activity): void {
  const expected = before === undefined ? brokenByBeginning(after) : brokenByStep(before, after);
  if (expected === undefined) return;
  const from = before === undefined ? 'nothing' : activityText(before);
  throw new InvariantError(
    `Expected activity ${executionKey(after.id)} to ${expected}, but it became ${activityText(after)} from ${from}`,
  );
}

/** @throws InvariantError when a run cannot have become `after`. `before` is `undefined` for one that begins. */
export function assertRunStep(before: WorkflowRun | undefined, after: WorkflowRun): void {
  const expected = brokenByRun(before, after);
  if (expected === undefined) return;
  const from = before === undefined ? 'nothing' : runText(before);
  throw new InvariantError(
    `Expected workflow run ${runKey(after.id)} to ${expected}, but it became ${runText(after)} from ${from}`,
  );
}

// Each names what was to be expected and is not so, or nothing. Texts are made only for what is broken.

function brokenByBeginning(after: Activity): string | undefined {
  if (after.status !== 'scheduled') return 'begin as scheduled';
  if (after.attempt !== 1 || after.stamp !== 1) return 'begin with attempt 1 and stamp 1';
  return after.version === after.scheduleOffset ? brokenByOpen(after) : 'begin at the offset of its Schedule';
}

function brokenByStep(before: Activity, after: Activity): string | undefined {
  if (isClosed(before)) return 'stay as it closed';
  if (!nextStatuses[before.status].has(after.status)) return `become what may follow ${before.status}`;
  if (before.id !== after.id || before.scheduleOffset !== after.scheduleOffset) return 'stay the same life of its id';
  if (isClosed(after)) return brokenByClosing(before, after);
  return (isRunning(after) ? brokenByRunning(before, after) : brokenByWaiting(before, after)) ?? brokenByOpen(after);
}

/** P1. */
function brokenByClosing(before: OpenActivity, after: ClosedActivity): string | undefined {
  if (before.attempt !== after.attempt) return 'close in its latest attempt';
  if ((after.status === 'completed') !== (after.outcome.type === 'success')) return 'have the outcome of its status';
  return after.expiresAt === after.closedAt + after.retentionMs ? undefined : 'expire when its retention is over';
}

/** P2: an attempt is granted once, to one claim, and only when it was dispatched. */
function brokenByRunning(before: OpenActivity, after: RunningActivity): string | undefined {
  if (before.attempt !== after.attempt || before.stamp !== after.stamp) return 'run the attempt that was dispatched';
  if (!isRunning(before)) return isUnclaimed(before) ? undefined : 'be granted only when it was dispatched';
  return before.claimId === after.claimId ? undefined : 'keep the claim that was granted';
}

/** P2: attempts are contiguous from 1, only a reset goes back, and each has stamps of its own. */
function brokenByWaiting(before: OpenActivity, after: OpenActivity): string | undefined {
  const isNext = isRunning(before) && after.attempt === before.attempt + 1;
  if (after.attempt !== before.attempt && after.attempt !== 1 && !isNext) return 'go on with the next attempt';
  const isSame = after.attempt === before.attempt && after.status === before.status;
  return after.stamp > before.stamp || (isSame && after.stamp === before.stamp) ? undefined : 'have a new stamp';
}

/** P3: no attempt is dispatched before it is due. */
const brokenByOpen = (after: OpenActivity): string | undefined =>
  isUnclaimed(after) && (after.dispatchedAt ?? 0) < after.dispatchAt ? 'be dispatched when it is due' : undefined;

function brokenByRun(before: WorkflowRun | undefined, after: WorkflowRun): string | undefined {
  if ((after.status === 'closed') !== (after.close !== undefined))
    return 'have an ending if it is closed, and else none';
  if (after.status === 'cancel-requested' && after.cancel === undefined) return 'know who asked to cancel it';
  if (before === undefined) return after.status === 'open' ? undefined : 'begin as open';
  if (!nextRunStatuses[before.status].has(after.status)) return `become what may follow ${before.status}`;
  return before.id === after.id ? undefined : 'stay the same run';
}

function activityText(activity: Activity): string {
  const { status, attempt, scheduleOffset, version } = activity;
  const stamp = isClosed(activity) ? '' : `, stamp ${String(activity.stamp)}`;
  return `${status} (attempt ${String(attempt)}${stamp}, scheduled at offset ${String(scheduleOffset)}, version ${String(version)})`;
}

const runText = ({ status, version }: WorkflowRun): string => `${status} (version ${String(version)})`;
