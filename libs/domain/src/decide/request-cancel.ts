import {
  isClosed,
  isRunning,
  type Activity,
  type ClosedActivity,
  type OpenActivity,
  type RunningActivity,
} from '../activity.ts';
import type { RequestCancel } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import { canceledFailure, reasonDetails } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import { statusName } from '../status-name.ts';
import { checkReason, checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { close, failureOutcome, keepingLastFailure } from './close.ts';
import { activityNotFound, findActivity, findRun } from './lookup.ts';
import { draftOf } from './open-activity.ts';

/**
 * Asks an activity to stop: at once if no attempt runs, else through its worker. One request reaches it, no more.
 * Semantics sections 2.1 and 2.4.
 */
export function decideRequestCancel(view: PartitionView, command: RequestCancel, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command), checkReason(command.reason));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  if (isClosed(activity)) return cancelClosed(activity, command);
  if (command.cascaded && isSpared(view, activity, command)) return accept(acknowledged);
  if (!isRunning(activity)) return accept(acknowledged, transition(activity, cancelNow(activity, command, context)));
  if (activity.cancel?.requestId === command.requestId) return accept(acknowledged);
  if (activity.cancel !== undefined) {
    return refuse('failed-precondition', `cancellation already requested with request ID ${activity.cancel.requestId}`);
  }
  return accept(acknowledged, transition(activity, askWorker(activity, command, context)));
}

/** A repetition is accepted however the activity ended after it was asked to stop. */
function cancelClosed({ status, cancel, closeRequestId }: ClosedActivity, { requestId }: RequestCancel): Decision {
  // Records from before the request was kept have its id alone.
  const asked = cancel?.requestId ?? (status === 'terminated' ? undefined : closeRequestId);
  if (asked === requestId) return accept(acknowledged);
  return refuse('failed-precondition', `activity is in terminal state ${statusName(status)}`);
}

/**
 * What the cancel of a workflow run leaves alone: a shielded activity, and one scheduled under a reused id after the run
 * was cancelled, for the workflow knew of it then.
 */
function isSpared(view: PartitionView, activity: OpenActivity, { openBefore }: RequestCancel): boolean {
  if (openBefore !== undefined) return activity.shielded || activity.scheduleOffset >= openBefore;
  const runCancel = findRun(view, activity.id)?.cancel;
  return activity.shielded || (runCancel !== undefined && activity.scheduledAt > runCancel.requestedAt);
}

function cancelNow(activity: OpenActivity, command: RequestCancel, context: DecisionContext): Activity {
  const { identity, reason, requestId } = command;
  const outcome = failureOutcome(canceledFailure(reasonDetails(reason), identity));
  const cancel = { requestId, identity, reason, requestedAt: context.now };
  return close(activity, keepingLastFailure(activity, { status: 'canceled', outcome, requestId, cancel }), context);
}

/** A reset that waited for the attempt to end is forgotten: a cancel goes before it. Timers run on. */
function askWorker(
  activity: RunningActivity,
  { requestId, identity, reason }: RequestCancel,
  { now, offset }: DecisionContext,
): RunningActivity {
  const draft = draftOf(activity);
  draft.version = offset;
  const { startedAt, claimId, workerAddress } = activity;
  return {
    ...draft,
    status: 'cancel-requested',
    startedAt,
    claimId,
    ...(workerAddress === undefined ? {} : { workerAddress }),
    cancel: { requestId, identity, reason, requestedAt: now },
  };
}
