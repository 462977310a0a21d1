import type { ReportCanceled } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import { canceledFailure, serverFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkAttemptReport, isOversized } from '../validate.ts';
import { afterFailure } from './attempt-end.ts';
import { endReportedBy, transition } from './transition.ts';
import { close, closedBy, failureOutcome, keepingLastFailure } from './close.ts';
import { findRunningAttempt, isRefused } from './lookup.ts';

/** The worker accepted the cancellation. Only after one was requested. Semantics sections 2.1 and 2.3. */
export function decideReportCanceled(view: PartitionView, command: ReportCanceled, context: DecisionContext): Decision {
  const refusal = checkAttemptReport(command.target, command.identity);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findRunningAttempt(view, command);
  if (isRefused(activity)) return activity;

  const end = endReportedBy(command.attempt);
  if (isOversized(command.details)) {
    const failure = serverFailure('Cancel details exceed size limit.', true);
    const failed = closedBy(command.identity, afterFailure(activity, failure, context), context);
    return accept(acknowledged, transition(activity, failed, end));
  }
  if (activity.status !== 'cancel-requested' || activity.cancel === undefined) {
    return refuse(
      'invalid-argument',
      'unable to mark activity as canceled without activity being request canceled first',
    );
  }
  const { identity, requestId } = activity.cancel;
  const outcome = failureOutcome(canceledFailure(command.details, identity));
  const closing = keepingLastFailure(activity, { status: 'canceled', outcome, requestId });
  return accept(acknowledged, transition(activity, close(activity, closing, context), end));
}
