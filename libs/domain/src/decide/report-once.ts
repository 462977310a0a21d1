import type { Activity } from '../activity.ts';
import type { Complete, Fail, ReportCanceled } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext, type EntityChange } from '../decision.ts';
import type { ExecutionId } from '../identity.ts';
import { reportIdsMax } from '../limits.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkIssued, checkIssuedAt, isRemembered, remember, type RememberedId } from '../remembered-id.ts';
import { epochMillis } from '../units.ts';
import { checkLength, firstRefusal } from '../validate.ts';
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
    const { reportId, target, issuedAt } = report;
    if (reportId === undefined) return decideReport(view, report, context);
    const reported = reportedOf(view, target);
    const known = reported?.reportIds ?? [];
    if (isRemembered(known, reportId)) return accept(acknowledged);
    const memory = { ...context, latest: reportIdsMax };
    const refusal = firstRefusal(
      checkLength('report ID', reportId),
      checkIssuedAt(issuedAt),
      reported === undefined
        ? undefined
        : checkIssued(issuedAt, mayMeanAnother(report) ? reported.scheduledAt : epochMillis(0), known, memory),
    );
    if (refusal !== undefined) return { kind: 'refused', refusal };
    const decision = decideReport(view, report, context);
    if (decision.kind === 'refused') return decision;
    const reportIds = (ids: readonly RememberedId[] = []) => remember(ids, { id: reportId, issuedAt }, memory);
    // What is told of the activity does not name its reports.
    return { ...decision, change: decision.change.map(remembering(reportIds)) };
  };

/** A token, and the run of a standalone activity, name the one that is meant: it is no other, however late it is. */
const mayMeanAnother = ({ attempt, target }: Report): boolean =>
  attempt.by === 'id' && (target.workflowId !== '' || target.runId === '');

/** Also of a closed workflow run: what was reported before it closed is known. */
function reportedOf(view: PartitionView, target: ExecutionId): Activity | undefined {
  if (target.workflowId === '') return findActivity(view, target);
  const run = findRun(view, target);
  return run === undefined ? undefined : view.activity({ ...target, runId: run.id.runId });
}

const remembering =
  (added: (ids: Activity['reportIds']) => readonly RememberedId[]) =>
  (entity: EntityChange): EntityChange => {
    if (entity.type !== 'ActivityChanged') return entity;
    return { ...entity, activity: { ...entity.activity, reportIds: added(entity.activity.reportIds) } };
  };
