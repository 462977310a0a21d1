import { isOpen, type Activity, type RunningActivity, type ScheduledActivity } from './activity.ts';
import type { TimerReference } from './command.ts';
import { after, epochMillis, millis, type EpochMillis, type Millis } from './units.ts';
import type { WorkflowRun } from './workflow-run.ts';

export type DeadlineType =
  | 'schedule-to-start'
  | 'schedule-to-close'
  | 'start-to-close'
  | 'heartbeat'
  /** The start delay or the backoff ends. */
  | 'dispatch'
  /** The task may soon be gone from its topic. */
  | 'redispatch'
  /** The retention of a closed activity ends. */
  | 'expire';

/** An instant at which something is due, unless the activity or the run has moved on. */
export interface Deadline<Type extends string = DeadlineType | 'run-timeout'> {
  readonly type: Type;
  readonly at: EpochMillis;
  readonly timer: TimerReference;
}

/**
 * Everything that is due for an activity as it stands: what timeout-tracker watches. Semantics sections 2.1 and 2.6.
 *
 * `decide` asks the same functions, so a proposal that is made at its deadline on the log's clock is never early.
 *
 * @param taskRetentionMs how long a task topic keeps its records; a task that nobody claimed for half of it is sent again.
 */
export function deadlines(activity: Activity, taskRetentionMs: Millis): readonly Deadline<DeadlineType>[] {
  const timer = timerReference(activity);
  const all: Deadline<DeadlineType>[] = [];
  if (activity.status === 'scheduled' && activity.dispatchedAt !== undefined)
    all.push({ type: 'redispatch', at: after(activity.dispatchedAt, millis(Math.floor(taskRetentionMs / 2))), timer });
  addDeadlines(activity, (type, at) => {
    if (at !== undefined) all.push({ type, at, timer });
  });
  return all;
}

/**
 * The first instant at which something is due for an activity or a run; `Infinity`: nothing is. That a task is sent again is no
 * matter of minutes, and does not count.
 */
export function firstDeadline(entity: Activity | WorkflowRun): number {
  if (!('options' in entity)) return entity.close?.expiresAt ?? entity.timeoutAt ?? Infinity;
  let first = Infinity;
  addDeadlines(entity, (_, at) => {
    if (at !== undefined) first = Math.min(first, at);
  });
  return first;
}

/** The first deadline of all that it is told of. */
export class FirstDeadline {
  /** `Infinity`: there is none. */
  at = Infinity;

  note(...entities: readonly (Activity | WorkflowRun | undefined)[]): void {
    for (const entity of entities) if (entity !== undefined) this.at = Math.min(this.at, firstDeadline(entity));
  }

  clear(): void {
    this.at = Infinity;
  }
}

function addDeadlines(activity: Activity, add: (type: DeadlineType, at: EpochMillis | undefined) => void): void {
  switch (activity.status) {
    case 'scheduled':
      if (activity.dispatchedAt === undefined) add('dispatch', activity.dispatchAt);
      add('schedule-to-start', scheduleToStartDeadline(activity));
      add('schedule-to-close', scheduleToCloseDeadline(activity));
      break;
    case 'paused':
      add('schedule-to-close', scheduleToCloseDeadline(activity));
      break;
    case 'started':
    case 'cancel-requested':
    case 'pause-requested':
    case 'reset-requested':
      add('start-to-close', startToCloseDeadline(activity));
      add('heartbeat', heartbeatDeadline(activity));
      add('schedule-to-close', scheduleToCloseDeadline(activity));
      break;
    case 'completed':
    case 'failed':
    case 'canceled':
    case 'terminated':
    case 'timed-out':
      add('expire', activity.expiresAt);
      break;
  }
}

/** As `deadlines`, of a workflow run. It has no attempts: its timer names the record that it was set for. */
export function runDeadlines({ timeoutAt, status, version }: WorkflowRun): readonly Deadline<'run-timeout'>[] {
  if (timeoutAt === undefined || status === 'closed') return [];
  return [{ type: 'run-timeout', at: timeoutAt, timer: { scheduleOffset: version, attempt: 0, stamp: 0 } }];
}

/** Names the attempt that a timer is set for. A closed activity has no attempts to come: stamp 0. */
export const timerReference = (activity: Activity): TimerReference => ({
  scheduleOffset: activity.scheduleOffset,
  attempt: activity.attempt,
  stamp: isOpen(activity) ? activity.stamp : 0,
});

/** When the whole execution must be over: absolute, whatever is retried, paused or reset. Absent: never. */
export function scheduleToCloseDeadline(activity: Activity): EpochMillis | undefined {
  const { scheduleToCloseTimeoutMs, startDelayMs } = activity.options;
  if (scheduleToCloseTimeoutMs === 0) return undefined;
  return epochMillis(activity.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs);
}

/** Until when a worker must have claimed the attempt, counted from its dispatch: backoff and start delay do not count. */
export function scheduleToStartDeadline(activity: ScheduledActivity): EpochMillis | undefined {
  const { scheduleToStartTimeoutMs } = activity.options;
  return scheduleToStartTimeoutMs === 0 ? undefined : after(activity.dispatchAt, scheduleToStartTimeoutMs);
}

export const startToCloseDeadline = (activity: RunningActivity): EpochMillis =>
  after(activity.startedAt, activity.options.startToCloseTimeoutMs);

/**
 * Until when the worker must have heartbeaten again: counted from its last heartbeat or the attempt's start, the later.
 * One of an earlier attempt is before that start, so it never counts. Absent: no heartbeat timeout.
 *
 * @param recordedAt the last heartbeat, where the asker learns of it apart from the activity.
 */
export function heartbeatDeadline(
  activity: RunningActivity,
  recordedAt: EpochMillis | undefined = activity.heartbeat?.recordedAt,
): EpochMillis | undefined {
  const { heartbeatTimeoutMs } = activity.options;
  if (heartbeatTimeoutMs === 0) return undefined;
  const lastSign = recordedAt === undefined ? activity.startedAt : Math.max(recordedAt, activity.startedAt);
  return epochMillis(lastSign + heartbeatTimeoutMs);
}
