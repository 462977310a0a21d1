import type { ExpireBefore } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import type { DomainEvent } from '../event.ts';
import type { RunId } from '../identity.ts';
import { expiredCountMax } from '../limits.ts';
import type { PartitionView } from '../partition-view.ts';
import { epochMillis, invariant } from '../units.ts';
import { change, isClosed } from './change.ts';
import { closedWithRun } from './terminate.ts';

/**
 * Removes what was closed and whose retention is over on the log's clock, oldest first, at most `countMax` executions.
 * An asker who is ahead of that clock removes no more than it allows.
 */
export function decideExpireBefore(view: PartitionView, command: ExpireBefore, context: DecisionContext): Decision {
  const { before, countMax } = command;
  if (!Number.isSafeInteger(countMax) || countMax < 1 || countMax > expiredCountMax) {
    const expected = `a whole number from 1 to ${String(expiredCountMax)}`;
    return refuse('invalid-argument', `countMax must be ${expected}, got ${String(countMax)}`);
  }
  const { activities, runs } = view.expired(epochMillis(Math.min(before, context.now)), countMax);
  const events: DomainEvent[] = activities.map((id) => ({ type: 'ActivityExpired', id }));
  for (const run of runs) events.push(...expireRun(view, run, command, context));
  return accept(acknowledged, ...events);
}

/**
 * A run goes with its signals. Should an activity still be open in it, then `CloseWithRun` never came: it is closed here,
 * a bounded number at a time, and the run goes when none is left, for nothing accepted may end without an outcome.
 */
function expireRun(
  view: PartitionView,
  run: RunId,
  command: ExpireBefore,
  context: DecisionContext,
): readonly DomainEvent[] {
  const events: DomainEvent[] = [];
  let left = command.countMax;
  for (const activityId of view.openActivityIds(run)) {
    if (left === 0) return events;
    left--;
    const activity = view.activity({ ...run, activityId });
    invariant(activity !== undefined && !isClosed(activity), `open activity ${activityId} is not open`);
    events.push(...change(activity, closedWithRun(activity, command, context)));
  }
  // Each signal is a record of its own: it must be named to be removed.
  const offsets = view.signals(run).map(({ offset }) => offset);
  if (offsets.length > 0) events.push({ type: 'SignalsAcknowledged', run, offsets });
  return [...events, { type: 'RunExpired', run }];
}
