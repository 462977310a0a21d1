import type { ActivityTask, EpochMillis } from '@ratchet/domain';
import type { AttemptEnd } from './attempt-end.ts';

/** What a worker tells of its work. */
export interface WorkerMetrics {
  /** A task of its queue has come, whether it will be granted or not. */
  received(task: ActivityTask): void;
  granted(task: ActivityTask, startedAt: EpochMillis): void;
  ended(task: ActivityTask, end: AttemptEnd['type'], tookMs: number): void;
  /** Asks how many slots are used whenever metrics are collected. */
  watchSlots(usedCount: () => number): void;
  /** Asks how many topics of its queue are read. */
  watchPollers(count: () => number): void;
}

export interface WorkerMetricsOptions {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly slotsMax: number;
}

/**
 * The metrics of Temporal's SDKs, durations in seconds, by the meter `@ratchet/worker` of `@opentelemetry/api`: where that
 * package is installed and an SDK has registered a meter provider. Without, nothing is measured.
 */
export async function loadWorkerMetrics(options: WorkerMetricsOptions): Promise<WorkerMetrics | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  if (api === undefined) return undefined;
  const { namespace, taskQueue, slotsMax } = options;
  const meter = api.metrics.getMeter('@ratchet/worker');
  const common = { namespace, task_queue: taskQueue };
  const of = ({ activityType }: ActivityTask) => ({ ...common, activity_type: activityType });
  const seconds = (name: string, description: string) => meter.createHistogram(name, { description, unit: 's' });
  const count = (name: string, description: string) => meter.createCounter(name, { description });
  const received = count('activity_task_received', 'Tasks that have come');
  const failed = count('activity_execution_failed', 'Attempts whose function has failed');
  const cancelled = count('activity_execution_cancelled', 'Attempts whose function has ended as cancelled');
  const waited = seconds(
    'activity_schedule_to_start_latency',
    'From the instant an attempt was dispatched to its start',
  );
  const ran = seconds('activity_execution_latency', 'How long the function of an attempt took');
  const whole = seconds('activity_succeed_endtoend_latency', 'From the start of an activity to its completion');
  const pollers = meter.createObservableGauge('num_pollers', { description: 'Topics of the queue that are read' });
  const used = meter.createObservableGauge('worker_task_slots_used', { description: 'Tasks in work' });
  const free = meter.createObservableGauge('worker_task_slots_available', { description: 'Tasks that could be taken' });
  return {
    received: (task) => {
      received.add(1, of(task));
    },
    granted: (task, startedAt) => {
      waited.record(Math.max(0, startedAt - task.currentAttemptScheduledAt) / 1000, of(task));
    },
    ended: (task, end, tookMs) => {
      const attributes = of(task);
      ran.record(tookMs / 1000, attributes);
      if (end === 'failed') failed.add(1, attributes);
      else if (end === 'canceled') cancelled.add(1, attributes);
      else if (end === 'completed') whole.record(Math.max(0, Date.now() - task.scheduledAt) / 1000, attributes);
    },
    watchPollers: (pollerCount) => {
      pollers.addCallback((result) => {
        result.observe(pollerCount(), { ...common, poller_type: 'activity_task' });
      });
    },
    watchSlots: (usedCount) => {
      used.addCallback((result) => {
        result.observe(usedCount(), common);
      });
      free.addCallback((result) => {
        result.observe(slotsMax - usedCount(), common);
      });
    },
  };
}
