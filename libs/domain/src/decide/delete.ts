import { isClosed, type ClosedActivity } from '../activity.ts';
import type { Delete } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext, type EntityChange } from '../decision.ts';
import type { ExecutionId } from '../identity.ts';
import type { PartitionView } from '../partition-view.ts';
import { repetitionMs } from '../limits.ts';
import { isRemembering } from '../rules.ts';
import { after, epochMillis, type EpochMillis } from '../units.ts';
import { checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { activityNotFound, findActivity } from './lookup.ts';
import { terminated } from './terminate.ts';

/**
 * Removes an activity, open or closed; who waits for an open one hears that it was terminated. Once the latest run is
 * deleted the id is free, although former runs are kept for whoever names them. Semantics sections 1.5 and 2.1.
 */
export function decideDelete(view: PartitionView, command: Delete, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  if (isClosed(activity)) return accept(acknowledged, { change: [removal(view, activity, context)], effects: [] });
  const closed = terminated(activity, { ...command, reason: 'Delete activity execution' }, context);
  const { change, effects } = transition(activity, closed);
  return accept(acknowledged, { change: [...change, removal(view, closed, context)], effects });
}

/**
 * The record goes; where that would make a former run the latest, a record that says nothing stands in until that is gone.
 * So it does while what was reported of it may be reported again.
 */
function removal(view: PartitionView, closed: ClosedActivity, context: DecisionContext): EntityChange {
  const former = formerRuns(view, closed);
  const keptUntil = Math.max(repeatedUntil(closed, context), ...former.map((run) => run.expiresAt));
  if (former.length > 0) return standIn(closed, epochMillis(Math.max(closed.expiresAt, keptUntil)), context);
  return keptUntil > context.now
    ? standIn(closed, epochMillis(keptUntil), context)
    : { type: 'ActivityRemoved', id: closed.id };
}

/** The retention of a closed activity is over. */
export function expiry(id: ExecutionId, view: PartitionView, context: DecisionContext): EntityChange {
  const closed = view.activity(id);
  const keptUntil = closed !== undefined && isClosed(closed) ? repeatedUntil(closed, context) : context.now;
  return closed !== undefined && isClosed(closed) && keptUntil > context.now
    ? standIn(closed, keptUntil, context)
    : { type: 'ActivityRemoved', id };
}

/** Until when a repetition of what was reported of it must be known, should its id begin another run. */
function repeatedUntil({ reportIds = [], closedAt }: ClosedActivity, { rules }: DecisionContext): EpochMillis {
  if (reportIds.length === 0 || !isRemembering(rules)) return epochMillis(0);
  return epochMillis(Math.max(after(closedAt, repetitionMs), ...reportIds.map(({ until }) => until)));
}

function standIn(closed: ClosedActivity, expiresAt: EpochMillis, { offset }: DecisionContext): EntityChange {
  const { lastFailure: _, heartbeat: __, userMetadata: ___, links: ____, cancel: _____, ...kept } = closed;
  return {
    type: 'ActivityChanged',
    activity: {
      ...kept,
      version: offset,
      requestIds: [],
      input: [],
      header: {},
      outcome: { type: 'success', result: [] },
      expiresAt,
      deleted: true,
    },
    changed: { input: true, heartbeat: true, main: true },
  };
}

/** The runs of its id that are kept beside the latest one, if `closed` is that; else none. */
function formerRuns(view: PartitionView, { id }: ClosedActivity): readonly ClosedActivity[] {
  if (id.workflowId !== '') return [];
  const [latest, ...former] = view.runIds(id.namespace, id.activityId);
  if (latest !== id.runId) return [];
  const runs = former.map((runId) => view.activity({ ...id, runId }));
  return runs.filter((run): run is ClosedActivity => run !== undefined && isClosed(run));
}
