import { isUnclaimed } from '../activity.ts';
import type { DispatchDue, FailDispatch, Redispatch } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext } from '../decision.ts';
import { serverFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkReason } from '../validate.ts';
import { transition } from './transition.ts';
import { close, failureOutcome, keepingLastFailure } from './close.ts';
import { findTimed, isOf, isRefused, notDue, staleTimer } from './lookup.ts';

/** The start delay or the backoff is over: the task is sent. Semantics sections 2.1 and 2.6. */
export function decideDispatchDue(view: PartitionView, command: DispatchDue, context: DecisionContext): Decision {
  const activity = findTimed(view, command.target, command.timer);
  if (isRefused(activity)) return activity;
  const waits = activity.status === 'scheduled' && activity.dispatchedAt === undefined;
  if (!waits || !isOf(activity, command.timer)) return staleTimer(command.target);
  if (activity.dispatchAt > context.now) return notDue(command.target, activity.dispatchAt, context.now);
  const { now, offset } = context;
  return accept(acknowledged, transition(activity, { ...activity, dispatchedAt: now, version: offset }));
}

/**
 * Nobody has claimed the attempt for so long that its task may be gone: it is sent again. Under a new stamp, so that a
 * repetition of this command is stale, and a copy that did survive is refused when it is claimed.
 */
export function decideRedispatch(view: PartitionView, command: Redispatch, context: DecisionContext): Decision {
  const activity = findTimed(view, command.target, command.timer);
  if (isRefused(activity)) return activity;
  if (!isUnclaimed(activity) || !isOf(activity, command.timer)) return staleTimer(command.target);
  const after = { ...activity, stamp: activity.stamp + 1, dispatchedAt: context.now, version: context.offset };
  return accept(acknowledged, transition(activity, after));
}

/**
 * The task of an attempt that nobody has claimed can never be sent: the activity fails for good, and says why. A retry
 * would go to the same queue.
 */
export function decideFailDispatch(view: PartitionView, command: FailDispatch, context: DecisionContext): Decision {
  const { target, timer, reason } = command;
  const refusal = checkReason(reason);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findTimed(view, target, timer);
  if (isRefused(activity)) return activity;
  if (!isUnclaimed(activity) || !isOf(activity, timer)) return staleTimer(target);
  const outcome = failureOutcome(serverFailure(reason, true), 'non-retryable-failure');
  const closing = keepingLastFailure(activity, { status: 'failed', outcome });
  return accept(acknowledged, transition(activity, close(activity, closing, context)));
}
