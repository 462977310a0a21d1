import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { epochMillis, type ActivityTask } from '@ratchet/domain';
import { loadWorkerMetrics } from './worker-metrics.ts';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });
beforeAll(() => metrics.setGlobalMeterProvider(provider));
afterAll(async () => {
  metrics.disable();
  await provider.shutdown();
});

const task = {
  activityType: 'charge',
  scheduledAt: epochMillis(Date.now() - 5_000),
  currentAttemptScheduledAt: epochMillis(1_000),
} as ActivityTask;

/** By name: the attributes and the value, or count and sum, of every series. */
async function collected(): Promise<Readonly<Record<string, unknown>>> {
  await reader.forceFlush();
  const [latest] = exporter.getMetrics().slice(-1);
  const all = latest?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return Object.fromEntries(
    all.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      dataPoints.map(({ attributes, value }) => [
        attributes,
        typeof value === 'object' && 'count' in value ? { count: value.count, sum: value.sum } : value,
      ]),
    ]),
  );
}

test('what the SDKs of Temporal measure, by the same names and attributes', async () => {
  const own = await loadWorkerMetrics({ namespace: 'default', taskQueue: 'payments', slotsMax: 10 });
  own?.watchSlots(() => 3);
  own?.watchPollers(() => 2);
  for (let count = 0; count < 3; count++) own?.received(task);
  own?.granted(task, epochMillis(1_250));
  own?.ended(task, 'completed', 2_000);
  own?.ended(task, 'failed', 1_000);
  own?.ended(task, 'canceled', 500);
  own?.ended(task, 'unsaid', 500);

  const queue = { namespace: 'default', task_queue: 'payments' };
  const kind = { ...queue, activity_type: 'charge' };
  const { activity_succeed_endtoend_latency: whole, ...others } = await collected();
  expect(others).toEqual({
    activity_task_received: [[kind, 3]],
    activity_schedule_to_start_latency: [[kind, { count: 1, sum: 0.25 }]],
    activity_execution_latency: [[kind, { count: 4, sum: 4 }]],
    activity_execution_failed: [[kind, 1]],
    activity_execution_cancelled: [[kind, 1]],
    worker_task_slots_used: [[queue, 3]],
    worker_task_slots_available: [[queue, 7]],
    num_pollers: [[{ ...queue, poller_type: 'activity_task' }, 2]],
  });
  expect(whole).toEqual([[kind, { count: 1, sum: expect.closeTo(5, 0) as unknown }]]);
});
