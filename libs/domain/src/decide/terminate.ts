import { isClosed, type ClosedActivity, type OpenActivity } from '../activity.ts';
import type { CloseWithRun, Terminate } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import { terminatedFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkReason, checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { close, failureOutcome, keepingLastFailure } from './close.ts';
import { activityNotFound, findActivity, findRun } from './lookup.ts';

/** Ends an open activity at once; its worker learns by finding nothing any more. Semantics sections 2.1 and 2.4. */
export function decideTerminate(view: PartitionView, command: Terminate, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command), checkReason(command.reason));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  if (isClosed(activity)) return terminateClosed(activity, command);
  return accept(acknowledged, transition(activity, terminated(activity, command, context)));
}

function terminateClosed({ status, closeRequestId }: ClosedActivity, { requestId }: Terminate): Decision {
  if (status !== 'terminated') return refuse('failed-precondition', 'invalid transition');
  if (closeRequestId === requestId) return accept(acknowledged);
  return refuse('failed-precondition', `already terminated with request ID ${closeRequestId}`);
}

/**
 * Ends what is still open in a closed workflow run: terminated, with the reason `workflow run closed`. The worker learns
 * by finding nothing any more (semantics section 2.6). A shield does not help: it is against cancellation only.
 */
export function decideCloseWithRun(view: PartitionView, command: CloseWithRun, context: DecisionContext): Decision {
  const { target, closedOffset } = command;
  const activity = view.activity(target);
  if (activity === undefined || isClosed(activity)) return activityNotFound(target);
  if (findRun(view, target)?.status !== 'closed' || activity.scheduleOffset >= closedOffset) {
    return refuse(
      'failed-precondition',
      `workflow run ${target.runId} was not closed at offset ${String(closedOffset)}`,
    );
  }
  return accept(acknowledged, transition(activity, closedWithRun(activity, command, context)));
}

/** The record of an activity that outlived its workflow run. */
export const closedWithRun = (
  activity: OpenActivity,
  { identity, requestId }: { readonly identity: string; readonly requestId: string },
  context: DecisionContext,
): ClosedActivity => terminated(activity, { reason: 'workflow run closed', identity, requestId }, context);

export function terminated(
  activity: OpenActivity,
  { reason, identity, requestId }: Pick<Terminate, 'reason' | 'identity' | 'requestId'>,
  context: DecisionContext,
): ClosedActivity {
  const outcome = failureOutcome(terminatedFailure(reason, identity));
  return close(activity, keepingLastFailure(activity, { status: 'terminated', outcome, requestId }), context);
}
