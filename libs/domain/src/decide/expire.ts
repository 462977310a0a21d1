import { isClosed } from '../activity.ts';
import type { ExpireBefore } from '../command.ts';
import {
  accept,
  acknowledged,
  refuse,
  type Decision,
  type DecisionContext,
  type Effect,
  type EntityChange,
} from '../decision.ts';
import { runKey, type RunId } from '../identity.ts';
import { expiredCountMax } from '../limits.ts';
import type { PartitionView } from '../partition-view.ts';
import { isBounded, isDriven } from '../rules.ts';
import { epochMillis, invariant, type Offset } from '../units.ts';
import { transition } from './transition.ts';
import { expiry } from './delete.ts';
import { closedWithRun } from './terminate.ts';

/**
 * Removes what was closed and whose retention is over on the log's clock, oldest first, at most `countMax` executions.
 * An asker who is ahead of that clock removes no more than it allows.
 *
 * Under rules that are bounded the count is that of all that is removed or closed for it: an activity that a run left open
 * and a signal that nobody acknowledged count, too, and a run with more of them goes with a later command.
 */
export function decideExpireBefore(view: PartitionView, command: ExpireBefore, context: DecisionContext): Decision {
  const { before, countMax } = command;
  if (!Number.isSafeInteger(countMax) || countMax < 1 || countMax > expiredCountMax) {
    const expected = `a whole number from 1 to ${String(expiredCountMax)}`;
    return refuse('invalid-argument', `countMax must be ${expected}, got ${String(countMax)}`);
  }
  const bounded = isBounded(context.rules);
  const upTo = Math.min(before, context.now);
  // Older rules take any instant that is ahead of the clock.
  const instant = bounded ? before : upTo;
  if (!Number.isSafeInteger(instant) || instant < 0) {
    return refuse('invalid-argument', `before must be an instant in epoch milliseconds, got ${String(before)}`);
  }
  const { activities, runs } = view.expired(epochMillis(upTo), countMax);
  const out: Collected = { change: activities.map((id) => expiry(id, view, context)), effects: [] };
  let left = countMax - activities.length;
  for (const run of runs) {
    if (left <= 0) break;
    const count = expireRun(view, run, { command, left: bounded ? left : countMax, out }, context);
    if (bounded) left -= count;
  }
  return accept(acknowledged, out);
}

/** What has to be changed and told so far. */
interface Collected {
  readonly change: EntityChange[];
  readonly effects: Effect[];
}

/**
 * A run goes with its signals, and with the activities that are kept as long as it. Should an activity still be open in it,
 * then `CloseWithRun` never came: it is closed here, a bounded number at a time, and the run goes when none is left, for
 * nothing accepted may end without an outcome.
 *
 * @returns how many executions and signals were removed or closed.
 */
function expireRun(
  view: PartitionView,
  run: RunId,
  { command, left, out }: { readonly command: ExpireBefore; readonly left: number; readonly out: Collected },
  context: DecisionContext,
): number {
  let count = 0;
  for (const activityId of view.openActivityIds(run)) {
    if (count === left) return count;
    count++;
    const activity = view.activity({ ...run, activityId });
    invariant(activity !== undefined && !isClosed(activity), `open activity ${activityId} is not open`);
    const { change, effects } = transition(activity, closedWithRun(activity, command, context));
    out.change.push(...change);
    out.effects.push(...effects);
  }
  for (const activityId of isDriven(context.rules) ? view.keptActivityIds(run) : []) {
    if (count === left) return count;
    count++;
    out.change.push({ type: 'ActivityRemoved', id: { ...run, activityId } });
  }
  // Each signal is a record of its own: it must be named to be removed.
  const countMax = isBounded(context.rules) ? left - count : Infinity;
  const offsets: Offset[] = [];
  for (const { offset } of view.signals(run)) {
    if (offsets.length >= countMax) break;
    offsets.push(offset);
  }
  if (offsets.length > 0) out.change.push({ type: 'SignalsRemoved', run, offsets });
  if (offsets.length < view.signalCount(run)) return left;
  out.change.push(removalOf(view, run));
  return count + offsets.length + 1;
}

function removalOf(view: PartitionView, id: RunId): EntityChange {
  const run = view.run(id);
  invariant(run?.status === 'closed', `Expected to remove a closed workflow run, but ${runKey(id)} is not closed`);
  return { type: 'RunRemoved', run: id };
}
