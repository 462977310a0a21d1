import type { Activity, ClosedActivity, OpenActivity } from '../activity.ts';
import type { DomainEvent } from '../event.ts';
import type { Payloads } from '../payload.ts';

/**
 * The events of one activity's step from `before` to `after`: the new state, and every effect that follows from it.
 *
 * Effects are derived here and nowhere else: a task whenever one is newly sent, the outcome whenever it closes, a
 * cancel notice whenever a running attempt is newly asked to stop.
 */
export function change(before: Activity | undefined, after: Activity): readonly DomainEvent[] {
  const changed = {
    input: inputOf(before) !== inputOf(after),
    heartbeat: heartbeatOf(before) !== heartbeatOf(after),
    main: true,
  };
  const events: DomainEvent[] = [{ type: 'ActivityChanged', activity: after, changed }];
  if (isNewlyDispatched(before, after)) events.push({ type: 'TaskDispatched', id: after.id });
  if (isClosed(after)) {
    events.push({ type: 'ActivityClosed', id: after.id, status: after.status, outcome: after.outcome });
  }
  if (after.status === 'cancel-requested' && before?.status !== 'cancel-requested') {
    events.push({ type: 'CancelRequested', id: after.id });
  }
  return events;
}

/** A heartbeat: nothing else of the activity is written again. */
export const heartbeatChange = (activity: OpenActivity): DomainEvent => ({
  type: 'ActivityChanged',
  activity,
  changed: { input: false, heartbeat: true, main: false },
});

export const isClosed = (activity: Activity): activity is ClosedActivity => 'closedAt' in activity;

// Every dispatch has a stamp of its own, or is the first since the attempt began to wait.
const isNewlyDispatched = (before: Activity | undefined, after: Activity): boolean =>
  after.status === 'scheduled' &&
  after.dispatchedAt !== undefined &&
  !(before?.status === 'scheduled' && before.stamp === after.stamp && before.dispatchedAt !== undefined);

const inputOf = (activity: Activity | undefined): Payloads | undefined =>
  activity === undefined || isClosed(activity) ? undefined : activity.input;

const heartbeatOf = (activity: Activity | undefined): OpenActivity['heartbeat'] =>
  activity === undefined || isClosed(activity) ? undefined : activity.heartbeat;
