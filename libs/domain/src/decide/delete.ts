import { isClosed, type ClosedActivity } from '../activity.ts';
import type { Delete } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext } from '../decision.ts';
import type { DomainEvent } from '../event.ts';
import type { PartitionView } from '../partition-view.ts';
import { epochMillis } from '../units.ts';
import { checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { change } from './change.ts';
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
  if (isClosed(activity)) return accept(acknowledged, removal(view, activity, context));
  const closed = terminated(activity, { ...command, reason: 'Delete activity execution' }, context);
  return accept(acknowledged, ...change(activity, closed), removal(view, closed, context));
}

/** The record goes; where that would make a former run the latest, a record that says nothing stands in until that is gone. */
function removal(view: PartitionView, closed: ClosedActivity, { offset }: DecisionContext): DomainEvent {
  const { id } = closed;
  const former = formerRuns(view, closed);
  if (former.length === 0) return { type: 'ActivityExpired', id };
  const expiresAt = epochMillis(Math.max(closed.expiresAt, ...former.map((run) => run.expiresAt)));
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
