import type { Activity } from '../activity.ts';
import type { Complete, Fail, ReportCanceled } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext } from '../decision.ts';
import type { DomainEvent } from '../event.ts';
import type { ExecutionId } from '../identity.ts';
import { reportIdsMax } from '../limits.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkLength } from '../validate.ts';
import { findActivity, findRun } from './lookup.ts';

type Report = Complete | Fail | ReportCanceled;

/**
 * A report that may come more than once counts once: a repetition is acknowledged, whatever has become of the activity.
 *
 * Without this a webhook delivered twice would fail the next attempt, too, or complete the next run of the id. A report
 * without an id is decided as if this were not here.
 */
export const reportOnce =
  <R extends Report>(decideReport: (view: PartitionView, report: R, context: DecisionContext) => Decision) =>
  (view: PartitionView, report: R, context: DecisionContext): Decision => {
    const { reportId, target } = report;
    if (reportId === undefined) return decideReport(view, report, context);
    const refusal = checkLength('report ID', reportId);
    if (refusal !== undefined) return { kind: 'refused', refusal };
    if (reportedOf(view, target)?.reportIds?.includes(reportId) === true) return accept(acknowledged);
    const decision = decideReport(view, report, context);
    return decision.kind === 'refused' ? decision : { ...decision, events: decision.events.map(remembering(reportId)) };
  };

/** Also of a closed workflow run: what was reported before it closed is known. */
function reportedOf(view: PartitionView, target: ExecutionId): Activity | undefined {
  if (target.workflowId === '') return findActivity(view, target);
  const run = findRun(view, target);
  return run === undefined ? undefined : view.activity({ ...target, runId: run.id.runId });
}

const remembering =
  (reportId: string) =>
  (event: DomainEvent): DomainEvent => {
    if (event.type !== 'ActivityChanged') return event;
    const reportIds = [...(event.activity.reportIds ?? []).slice(1 - reportIdsMax), reportId];
    return { ...event, activity: { ...event.activity, reportIds } };
  };
