import {
  deadlines,
  millis,
  type Activity,
  type ClosedActivity,
  type Command,
  type Decision,
  type EpochMillis,
} from '@ratchet/domain';
import type { ServiceMetrics } from '@ratchet/service-kit';

const ofKind = ['namespace', 'taskqueue', 'activityType'] as const;

/** The labels of one kind of activity. */
type Kind = Readonly<Record<(typeof ofKind)[number], string>>;

/** So many kinds of activities have series of their own; all others share one, whose labels are `other`. */
const kindsMax = 200;
const others: Kind = { namespace: 'other', taskqueue: 'other', activityType: 'other' };
const withTimeout = [...ofKind, 'timeout_type'] as const;

/** Adds to the metrics what a decision has brought. */
export type Count = () => void;

/** Commands whose acceptance is counted by their own name. */
const counterOf: Partial<Record<Command['type'], `activity_${string}`>> = {
  Schedule: 'activity_start',
  RecordHeartbeat: 'activity_heartbeat_count',
  Pause: 'activity_pause',
  Unpause: 'activity_unpause',
  Reset: 'activity_reset',
  UpdateOptions: 'activity_update_options',
  Fail: 'activity_task_fail',
};

/** Commands that end an attempt, if one is running. */
const endsAttempt: ReadonlySet<Command['type']> = new Set(['Complete', 'Fail', 'ReportCanceled', 'TimeOut']);

const closings = {
  completed: 'activity_success',
  failed: 'activity_fail',
  canceled: 'activity_cancel',
  terminated: 'activity_terminate',
} as const;

/**
 * What schedulers count of activities, under the names of Temporal's server where it has one; durations in seconds, on the
 * log's clock.
 *
 * A decision is counted when it has been committed (see `SchedulerLogic`): whoever loses a partition before that has not
 * counted what the next owner decides again, so nothing is counted twice, whatever crashes.
 */
export class ActivityMetrics {
  readonly #kinds = new Map<string, Kind>();
  readonly #counters: ReadonlyMap<string, ReturnType<ServiceMetrics['counter']>>;
  readonly #timeouts: ReturnType<ServiceMetrics['counter']>;
  readonly #taskTimeouts: ReturnType<ServiceMetrics['counter']>;
  readonly #scheduleToStart: ReturnType<ServiceMetrics['durations']>;
  readonly #startToClose: ReturnType<ServiceMetrics['durations']>;
  readonly #scheduleToClose: ReturnType<ServiceMetrics['durations']>;
  readonly #timerLag: ReturnType<ServiceMetrics['durations']>;
  readonly #refused: ReturnType<ServiceMetrics['counter']>;
  readonly #limits: ReturnType<ServiceMetrics['counter']>;

  constructor(metrics: Pick<ServiceMetrics, 'counter' | 'durations'>) {
    const counter = (name: `activity_${string}`): ReturnType<ServiceMetrics['counter']> =>
      metrics.counter(name, help[name] ?? '', ofKind);
    const names = [...Object.values(counterOf), ...Object.values(closings)];
    this.#counters = new Map(names.map((name) => [name, counter(name)]));
    this.#timeouts = metrics.counter('activity_timeout', 'Activities that a timeout has closed', withTimeout);
    this.#taskTimeouts = metrics.counter('activity_task_timeout', 'Attempts that a timeout has ended', withTimeout);
    this.#scheduleToStart = metrics.durations(
      'task_schedule_to_start_latency',
      'From the instant an attempt is due to its start',
      ofKind,
    );
    this.#startToClose = metrics.durations(
      'activity_start_to_close_latency',
      'From the start of an attempt to its end',
      ofKind,
    );
    this.#scheduleToClose = metrics.durations(
      'activity_schedule_to_close_latency',
      'From the start of an activity to its outcome, all attempts together',
      ofKind,
    );
    this.#timerLag = metrics.durations('ratchet_timer_lag_seconds', 'From the instant a timer is due to its decision', [
      'timer',
    ]);
    this.#refused = metrics.counter('ratchet_commands_refused_total', 'Commands that were refused', [
      'command',
      'reason',
    ]);
    this.#limits = metrics.counter('ratchet_limits_reached_total', 'What was refused because of a limit', ['limit']);
  }

  /** What a decision has to be counted as. `before`: its activity, as it was. */
  countOf(command: Command, decision: Decision, before: Activity | undefined, now: EpochMillis): Count | undefined {
    if (decision.kind === 'refused') {
      const { reason, limit } = decision.refusal;
      return () => {
        this.#refused.inc({ command: command.type, reason });
        if (limit !== undefined) this.#limits.inc({ limit });
      };
    }
    const activities = decision.events.flatMap((event) => (event.type === 'ActivityChanged' ? [event.activity] : []));
    if (activities.length === 0) return undefined;
    const timer = timerOf(command, before);
    return () => {
      if (timer !== undefined) this.#timerLag.observe({ timer: timer.type }, seconds(timer.at, now));
      for (const activity of activities) this.#countChange(command, activity, now);
    };
  }

  #countChange(command: Command, activity: Activity, now: EpochMillis): void {
    const kind = this.#kindOf(activity);
    const name = counterOf[command.type];
    if (name !== undefined) this.#counters.get(name)?.inc(kind);
    if (command.type === 'Claim' && 'dispatchAt' in activity) {
      this.#scheduleToStart.observe(kind, seconds(activity.dispatchAt, now));
    }
    this.#countEndOfAttempt(command, activity, kind, now);
    if ('closedAt' in activity && activity.closedAt === now && activity.deleted !== true) {
      this.#countOutcome(activity, kind, now);
    }
  }

  #countEndOfAttempt(command: Command, { startedAt }: Activity, kind: Kind, now: EpochMillis): void {
    if (startedAt === undefined || !endsAttempt.has(command.type)) return;
    this.#startToClose.observe(kind, seconds(startedAt, now));
    const timeoutType = command.type === 'TimeOut' ? command.timeoutType : undefined;
    if (timeoutType === 'start-to-close' || timeoutType === 'heartbeat') {
      this.#taskTimeouts.inc({ ...kind, timeout_type: timeoutType });
    }
  }

  #countOutcome(activity: ClosedActivity, kind: Kind, now: EpochMillis): void {
    this.#scheduleToClose.observe(kind, seconds(activity.scheduledAt, now));
    if (activity.status === 'timed-out') this.#timeouts.inc({ ...kind, timeout_type: timeoutTypeOf(activity) });
    else this.#counters.get(closings[activity.status])?.inc(kind);
  }

  /** The kinds that come first have series of their own. */
  #kindOf({ id, activityType, options }: Activity): Kind {
    const { taskQueue: taskqueue } = options;
    const key = `${id.namespace}/${taskqueue}/${activityType}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    if (this.#kinds.size >= kindsMax) return others;
    const kind: Kind = { namespace: id.namespace, taskqueue, activityType };
    this.#kinds.set(key, kind);
    return kind;
  }
}

const help: Readonly<Partial<Record<string, string>>> = {
  activity_start: 'Activities that were started',
  activity_heartbeat_count: 'Heartbeats that were recorded',
  activity_pause: 'Activities that were paused',
  activity_unpause: 'Activities that were unpaused',
  activity_reset: 'Activities that were reset',
  activity_update_options: 'Activities whose options were changed',
  activity_task_fail: 'Attempts that have failed',
  activity_success: 'Activities that have completed',
  activity_fail: 'Activities that have failed',
  activity_cancel: 'Activities that were cancelled',
  activity_terminate: 'Activities that were terminated',
};

/** Never negative: a start may have been asked for under a clock that was ahead. */
const seconds = (from: EpochMillis, to: EpochMillis): number => Math.max(0, to - from) / 1000;

const anyRetention = millis(0);

/** What was due when a timer was proposed. */
function timerOf(command: Command, before: Activity | undefined): { type: string; at: EpochMillis } | undefined {
  const type =
    command.type === 'TimeOut' ? command.timeoutType : command.type === 'DispatchDue' ? 'dispatch' : undefined;
  if (type === undefined || before === undefined) return undefined;
  return deadlines(before, anyRetention).find((deadline) => deadline.type === type);
}

function timeoutTypeOf({ outcome }: ClosedActivity): string {
  const info = outcome.type === 'failure' ? outcome.failure.info : undefined;
  return info?.type === 'timeout' ? info.timeoutType : 'unknown';
}
