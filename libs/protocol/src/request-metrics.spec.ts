import { metrics } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { Desk, notFound, reached, schedule, target, unheard } from './request-channel.fixture.ts';
import { loadRequestMetrics } from './request-metrics.ts';

const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
const provider = new MeterProvider({ readers: [reader] });

afterAll(async () => {
  metrics.disable();
  await provider.shutdown();
});

/** By name: what each operation has counted, of durations the count. */
async function collected(): Promise<Readonly<Record<string, unknown>>> {
  await reader.forceFlush();
  const all =
    exporter
      .getMetrics()
      .at(-1)
      ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  return Object.fromEntries(
    all.map(({ descriptor, dataPoints }) => [
      descriptor.name,
      Object.fromEntries(
        dataPoints.map(({ attributes, value }) => [
          `${String(attributes['namespace'])} ${String(attributes['operation'])}`,
          typeof value === 'object' && 'count' in value ? value.count : value,
        ]),
      ),
    ]),
  );
}

test('without a meter provider nothing is counted', async () => {
  expect(await loadRequestMetrics('@ratchet/client')).toBeUndefined();
});

test('requests, what failed of them, and how long they took, by the names of Temporal; those that wait apart', async () => {
  metrics.setGlobalMeterProvider(provider);
  const desk = new Desk(0, await loadRequestMetrics('@ratchet/client'));
  const { channel } = desk;
  const cancel = { type: 'RequestCancel', target, identity: 'me', reason: '', cascaded: false } as const;
  const asked = [
    channel.request({ ...cancel, requestId: 'request-2' }),
    channel.request({ ...cancel, requestId: 'request-3' }),
    channel.describe(target, 'question-1'),
    channel.requestOutcome(schedule),
    channel.awaitOutcome(target),
  ];
  desk.answer(0, { type: 'Accepted', answer: { type: 'Acknowledged' } });
  desk.answer(1, notFound);
  for (const index of [3, 4]) desk.answer(index, reached);
  asked.forEach(unheard);
  channel.close();
  await Promise.allSettled(asked);
  expect(await collected()).toEqual({
    request: { 'default RequestCancel': 2, 'default Describe': 1 },
    // One was refused, and one got no answer.
    request_failure: { 'default RequestCancel': 1, 'default Describe': 1 },
    request_latency: { 'default RequestCancel': 2, 'default Describe': 1 },
    long_request: { 'default Schedule': 1, 'default AwaitOutcome': 1 },
    long_request_latency: { 'default Schedule': 1, 'default AwaitOutcome': 1 },
  });
});
