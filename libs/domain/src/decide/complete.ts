import { isRunning } from '../activity.ts';
import type { Complete } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext } from '../decision.ts';
import { serverFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkAttemptReport, isOversized } from '../validate.ts';
import { afterFailure } from './attempt-end.ts';
import { endReportedBy, transition } from './transition.ts';
import { close, closedBy, keepingLastFailure } from './close.ts';
import { activityNotFound, findAttempt, isRefused } from './lookup.ts';

/**
 * The result. By id it also closes an activity that no worker runs (force completion); by token only the granted
 * attempt may complete. Semantics sections 1.4, 2.1 and 2.3.
 */
export function decideComplete(view: PartitionView, command: Complete, context: DecisionContext): Decision {
  const refusal = checkAttemptReport(command.target, command.identity);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findAttempt(view, command);
  if (isRefused(activity)) return activity;
  const running = isRunning(activity);
  if (!running && command.attempt.by === 'token') return activityNotFound(command.target);

  const end = endReportedBy(command.attempt);
  if (isOversized(command.result)) {
    // Becomes a failure of the attempt, and without one there is nothing that could fail.
    if (!running) return activityNotFound(command.target);
    const failure = serverFailure('Complete result exceeds size limit.', true);
    const failed = closedBy(command.identity, afterFailure(activity, failure, context), context);
    return accept(acknowledged, transition(activity, failed, end));
  }
  const outcome = { type: 'success', result: command.result } as const;
  const closing = { status: 'completed', outcome, ...(running ? {} : { startedAt: context.now }) } as const;
  const completed = close(activity, keepingLastFailure(activity, closing), context);
  return accept(acknowledged, transition(activity, closedBy(command.identity, completed, context), end));
}
