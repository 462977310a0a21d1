import type { Delete } from '../command.ts';
import { accept, acknowledged, type Decision, type DecisionContext } from '../decision.ts';
import type { PartitionView } from '../partition-view.ts';
import { checkRequest, checkTarget, firstRefusal } from '../validate.ts';
import { change, isClosed } from './change.ts';
import { activityNotFound, findActivity } from './lookup.ts';
import { terminated } from './terminate.ts';

/** Removes an activity, open or closed; who waits for an open one hears that it was terminated. Semantics section 2.1. */
export function decideDelete(view: PartitionView, command: Delete, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkTarget(command.target), checkRequest(command));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findActivity(view, command.target);
  if (activity === undefined) return activityNotFound(command.target);
  const removed = { type: 'ActivityExpired', id: activity.id } as const;
  if (isClosed(activity)) return accept(acknowledged, removed);
  const ending = { ...command, reason: 'Delete activity execution' };
  return accept(acknowledged, ...change(activity, terminated(activity, ending, context)), removed);
}
