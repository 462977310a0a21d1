import {
  isOpen,
  isClosed,
  deadlines,
  millis,
  type Activity,
  type ClosedActivity,
  type Command,
  type Decision,
  type EpochMillis,
  type TaskQueueLevel,
} from '@ratchet/domain';
import type { ServiceMetrics } from '@ratchet/service-kit';

const ofQueue = ['namespace', 'taskqueue'] as const;
const ofKind = [...ofQueue, 'activityType'] as const;

/** The labels of one kind of activity. */
type Kind = Readonly<Record<(typeof ofKind)[number], string>>;

/** The labels of a task queue. */
type Queue = Readonly<Record<(typeof ofQueue)[number], string>>;

/**
 * So many task queues, and so many kinds of activities, have series of their own: those that come first. Further kinds of a queue
 * share one, and so do all further queues; what they share has the label `other`.
 */
const queuesMax = 200;
const kindsMax = 200;
const other = 'other';
const otherQueues: Queue = { namespace: other, taskqueue: other };
const withTimeout = [...ofKind, 'timeout_type'] as const;

/** What of a task queue waits for a worker: how many activities, and since when the first of them. */
export type QueueBacklog = TaskQueueLevel & { readonly count: number; readonly oldestAt: number };

type Add = (labels: Readonly<Record<string, string>>, value: number) => void;

/**
 * What a metric is to be given once a decision is committed. It holds nothing of the command or the activity: until then they
 * would be kept from the garbage collector.
 */
export interface Sample {
  readonly add: Add;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const counting =
  (counter: ReturnType<ServiceMetrics['counter']>): Add =>
  (labels, value) => {
    counter.inc(labels, value);
  };

const observing =
  (histogram: ReturnType<ServiceMetrics['durations']>): Add =>
  (labels, value) => {
    histogram.observe(labels, value);
  };

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
  readonly #queues = new Map<string, Queue>();
  readonly #kinds = new Map<string, Kind>();
  readonly #counters: ReadonlyMap<string, Add>;
  readonly #timeouts: Add;
  readonly #taskTimeouts: Add;
  readonly #scheduleToStart: Add;
  readonly #startToClose: Add;
  readonly #scheduleToClose: Add;
  readonly #timerLag: Add;
  readonly #refused: Add;
  readonly #limits: Add;

  constructor(metrics: Pick<ServiceMetrics, 'counter' | 'durations'>) {
    const counter = (...given: Parameters<ServiceMetrics['counter']>): Add => counting(metrics.counter(...given));
    const durations = (name: string, what: string, labels: readonly string[] = ofKind): Add =>
      observing(metrics.durations(name, what, labels));
    const names = [...Object.values(counterOf), ...Object.values(closings)];
    this.#counters = new Map(names.map((name) => [name, counter(name, help[name] ?? '', ofKind)]));
    this.#timeouts = counter('activity_timeout', 'Activities that a timeout has closed', withTimeout);
    this.#taskTimeouts = counter('activity_task_timeout', 'Attempts that a timeout has ended', withTimeout);
    this.#scheduleToStart = durations(
      'task_schedule_to_start_latency',
      'From the instant an attempt is due to its start',
    );
    this.#startToClose = durations('activity_start_to_close_latency', 'From the start of an attempt to its end');
    this.#scheduleToClose = durations(
      'activity_schedule_to_close_latency',
      'From the start of an activity to its outcome, all attempts together',
    );
    this.#timerLag = durations('ratchet_timer_lag_seconds', 'From the instant a timer is due to its decision', [
      'timer',
    ]);
    this.#refused = counter('ratchet_commands_refused_total', 'Commands that were refused', ['command', 'reason']);
    this.#limits = counter('ratchet_limits_reached_total', 'What was refused because of a limit', ['limit']);
  }

  /** Adds what a decision has to be counted as. `before`: its activity, as it was. */
  sample(out: Sample[], command: Command, decision: Decision, before: Activity | undefined, now: EpochMillis): void {
    if (decision.kind === 'refused') {
      const { reason, limit } = decision.refusal;
      out.push({ add: this.#refused, labels: { command: command.type, reason }, value: 1 });
      if (limit !== undefined) out.push({ add: this.#limits, labels: { limit }, value: 1 });
      return;
    }
    const timer = timerOf(command, before);
    if (timer !== undefined)
      out.push({ add: this.#timerLag, labels: { timer: timer.type }, value: seconds(timer.at, now) });
    for (const entity of decision.change)
      if (entity.type === 'ActivityChanged') this.#sampleChange(out, command, entity.activity, now);
  }

  #sampleChange(out: Sample[], command: Command, activity: Activity, now: EpochMillis): void {
    const labels = this.#kindOf(activity);
    const add = this.#counters.get(counterOf[command.type] ?? '');
    if (add !== undefined) out.push({ add, labels, value: 1 });
    if (command.type === 'Claim' && isOpen(activity)) {
      out.push({ add: this.#scheduleToStart, labels, value: seconds(activity.dispatchAt, now) });
    }
    this.#sampleEndOfAttempt(out, command, activity, now);
    if (isClosed(activity) && activity.closedAt === now && activity.deleted !== true) {
      this.#sampleOutcome(out, activity, now);
    }
  }

  #sampleEndOfAttempt(out: Sample[], command: Command, activity: Activity, now: EpochMillis): void {
    const { startedAt } = activity;
    if (startedAt === undefined || !endsAttempt.has(command.type)) return;
    const labels = this.#kindOf(activity);
    out.push({ add: this.#startToClose, labels, value: seconds(startedAt, now) });
    const timeoutType = command.type === 'TimeOut' ? command.timeoutType : undefined;
    if (timeoutType === 'start-to-close' || timeoutType === 'heartbeat') {
      out.push({ add: this.#taskTimeouts, labels: { ...labels, timeout_type: timeoutType }, value: 1 });
    }
  }

  #sampleOutcome(out: Sample[], activity: ClosedActivity, now: EpochMillis): void {
    const labels = this.#kindOf(activity);
    out.push({ add: this.#scheduleToClose, labels, value: seconds(activity.scheduledAt, now) });
    if (activity.status === 'timed-out') {
      out.push({ add: this.#timeouts, labels: { ...labels, timeout_type: timeoutTypeOf(activity) }, value: 1 });
      return;
    }
    const add = this.#counters.get(closings[activity.status]);
    if (add !== undefined) out.push({ add, labels, value: 1 });
  }

  #kindOf({ id, activityType, options }: Activity): Kind {
    const queue = this.#queueOf(id.namespace, options.taskQueue);
    const key = `${queue.namespace}/${queue.taskqueue}/${activityType}`;
    const known = this.#kinds.get(key);
    if (known !== undefined) return known;
    if (queue === otherQueues || this.#kinds.size >= kindsMax) return { ...queue, activityType: other };
    const kind: Kind = { ...queue, activityType };
    this.#kinds.set(key, kind);
    return kind;
  }

  #queueOf(namespace: string, taskqueue: string): Queue {
    const key = `${namespace}/${taskqueue}`;
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    if (this.#queues.size >= queuesMax) return otherQueues;
    const queue: Queue = { namespace, taskqueue };
    this.#queues.set(key, queue);
    return queue;
  }

  /** Shows what waits for workers, under the labels that its claims are counted with. `read`: of all partitions that are owned. */
  showBacklog(metrics: Pick<ServiceMetrics, 'gauges'>, read: () => Iterable<QueueBacklog>): void {
    const all = (valueOf: (queue: QueueBacklog) => number, join: (one: number, two: number) => number) => () => {
      const values = new Map<Queue, number>();
      for (const backlog of read()) {
        const labels = this.#queueOf(backlog.namespace, backlog.taskQueue);
        values.set(labels, join(values.get(labels) ?? 0, valueOf(backlog)));
      }
      return Array.from(values, ([labels, value]) => ({ labels, value }));
    };
    const sum = all(
      ({ count }) => count,
      (one, two) => one + two,
    );
    metrics.gauges('approximate_backlog_count', 'Activities that wait for a worker', ofQueue, sum);
    const age = all(({ oldestAt }) => Math.max(0, Date.now() - oldestAt) / 1000, Math.max);
    metrics.gauges('approximate_backlog_age_seconds', 'How long the first of them has waited', ofQueue, age);
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
