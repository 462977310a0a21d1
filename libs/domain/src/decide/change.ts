import { isClosed, isRunning, type Activity, type RunningActivity } from '../activity.ts';
import type { AttemptReference } from '../command.ts';
import type { DomainEvent, NoticeReason } from '../event.ts';

/** How a running attempt ends, if it ends here: its worker says so, or others do and the worker must learn of it. */
export type AttemptEnd = 'reported' | 'timed-out' | 'not-found';

/** Whoever has the token speaks for the attempt; a report by id comes from elsewhere, and its worker knows nothing of it. */
export const endReportedBy = ({ by }: AttemptReference): AttemptEnd => (by === 'token' ? 'reported' : 'not-found');

/**
 * The events of one activity's step from `before` to `after`: the new state, and every effect that follows from it.
 *
 * Effects are derived here and nowhere else: a task whenever one is newly sent, the outcome whenever it closes, a
 * notice whenever a running attempt is newly asked to stop, or is ended by others than its worker.
 */
export function change(
  before: Activity | undefined,
  after: Activity,
  end: AttemptEnd = 'not-found',
): readonly DomainEvent[] {
  const activity = { ...after, transitionCount: (before?.transitionCount ?? 0) + 1 };
  const events: DomainEvent[] = [{ type: 'ActivityChanged', activity, changed: changedParts(before, after) }];
  if (isNewlyDispatched(before, after)) events.push({ type: 'TaskDispatched', id: after.id });
  if (isClosed(after)) {
    events.push({ type: 'ActivityClosed', id: after.id, status: after.status, outcome: after.outcome });
  }
  if (before !== undefined && isRunning(before)) {
    const news = isRunning(after) ? newsForAttempt(before, after) : newsOfEnd(before, end);
    if (news !== undefined) events.push(news);
  }
  return events;
}

const changedParts = (before: Activity | undefined, after: Activity) => ({
  input: before?.input !== after.input || before.links !== after.links,
  heartbeat: before?.heartbeat !== after.heartbeat,
  main: true,
});

/** A heartbeat: nothing else of the activity is written again. Its answer tells the worker what is wanted. */
export function heartbeatChange(
  before: RunningActivity,
  after: RunningActivity,
  { by }: AttemptReference,
): readonly DomainEvent[] {
  const changed = { input: false, heartbeat: true, main: false };
  const event: DomainEvent = { type: 'ActivityChanged', activity: after, changed };
  return by === 'token' && isFirstToHear(before) ? [event, { type: 'AttemptInformed', activity: after }] : [event];
}

const interruptions: Readonly<Record<RunningActivity['status'], NoticeReason | undefined>> = {
  started: undefined,
  'cancel-requested': 'cancel-requested',
  'pause-requested': 'paused',
  'reset-requested': 'reset',
};

function newsForAttempt(before: RunningActivity, after: RunningActivity): DomainEvent | undefined {
  if (before.status === after.status) return undefined;
  const reason = interruptions[after.status];
  return reason === undefined
    ? { type: 'AttemptInformed', activity: after }
    : { type: 'AttemptInterrupted', activity: after, reason };
}

function newsOfEnd(before: RunningActivity, end: AttemptEnd): DomainEvent | undefined {
  if (end !== 'reported') return { type: 'AttemptInterrupted', activity: before, reason: end };
  return interruptions[before.status] === undefined ? undefined : { type: 'AttemptInformed', activity: before };
}

/** Interrupted, and no heartbeat since: a later one hears nothing new. When a reset was asked for is not known. */
function isFirstToHear({ status, cancel, pause, heartbeat }: RunningActivity): boolean {
  if (interruptions[status] === undefined) return false;
  const request = status === 'cancel-requested' ? cancel : status === 'pause-requested' ? pause : undefined;
  return request === undefined || heartbeat === undefined || heartbeat.recordedAt <= request.requestedAt;
}

// Every dispatch has a stamp of its own, or is the first since the attempt began to wait.
const isNewlyDispatched = (before: Activity | undefined, after: Activity): boolean =>
  after.status === 'scheduled' &&
  after.dispatchedAt !== undefined &&
  !(before?.status === 'scheduled' && before.stamp === after.stamp && before.dispatchedAt !== undefined);
