import { AsyncLocalStorage } from 'node:async_hooks';
import {
  context,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
  type ContextManager,
  type Span,
  type SpanOptions,
} from '@opentelemetry/api';
import type { SpanPlan } from '@ratchet/kafka';
import { attributesOf, loadTracing } from './tracing.ts';

const ofCaller = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const sampled = { traceparent: `${ofCaller}-01`, tracestate: 'vendor=1', baggage: 'tenant=a' };
const unsampled = { traceparent: `${ofCaller}-00` };
const plan: SpanPlan = { name: 'send commands', kind: 'producer', attributes: { 'messaging.system': 'kafka' } };

/** A span as it was asked for. */
interface Started extends SpanOptions {
  readonly name: string;
  readonly parent: string | undefined;
}

/** An SDK, as far as it is asked here. */
class Collector {
  readonly started: Started[] = [];
  isWanted = true;
  #ids = 0;

  register(): void {
    trace.setGlobalTracerProvider({
      getTracer: () => ({
        startSpan: (name, options = {}, from = ROOT_CONTEXT) => this.#span(name, options, from),
        startActiveSpan: () => {
          throw new Error('Expected no active spans');
        },
      }),
    });
    context.setGlobalContextManager(contextManager());
  }

  #span(name: string, options: SpanOptions, from: Context): Span {
    const parent = trace.getSpanContext(from);
    this.started.push({ name, ...options, parent: parent?.spanId });
    const spanContext = {
      traceId: parent?.traceId ?? 'a'.repeat(32),
      spanId: String(++this.#ids).padStart(16, '0'),
      traceFlags: this.isWanted ? 1 : 0,
      ...(parent?.traceState === undefined ? {} : { traceState: parent.traceState }),
    };
    return Object.assign(Object.create(trace.wrapSpanContext(spanContext)) as Span, {
      isRecording: () => this.isWanted,
    });
  }
}

function contextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (next, work, self, ...args) => storage.run(next, () => work.apply(self, args)),
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

describe('without an SDK', () => {
  test('no span is made, and no trace is begun', async () => {
    const tracing = await loadTracing();
    expect(tracing.isOn).toBe(false);
    expect(tracing.begin(plan, sampled)).toBeUndefined();
    expect(tracing.begin(plan, undefined)).toBeUndefined();
    expect(tracing.current()).toBeUndefined();
    expect(tracing.within(sampled, () => 'done')).toBe('done');
  });
});

describe('with an SDK', () => {
  test('which may be registered later, what is sampled has a span, and the rest goes along', async () => {
    const tracing = await loadTracing();
    expect(tracing.isOn).toBe(false);
    const collector = new Collector();
    collector.register();
    expect(tracing.isOn).toBe(true);
    const span = tracing.begin(plan, sampled);
    expect(collector.started).toMatchObject([{ name: 'send commands', parent: 'b7ad6b7169203331' }]);
    const traceparent = `00-0af7651916cd43dd8448eb211c80319c-${'1'.padStart(16, '0')}-01`;
    expect(span?.trace).toEqual({ ...sampled, traceparent });
  });

  test('what its caller did not sample has none, whatever the sampler here would say', async () => {
    const tracing = await loadTracing();
    const collector = new Collector();
    collector.register();
    expect(tracing.begin(plan, unsampled)).toBeUndefined();
    expect(collector.started).toEqual([]);
  });

  test('what the sampler here does not want goes on in the trace of its caller, as it came', async () => {
    const tracing = await loadTracing();
    const collector = new Collector();
    collector.isWanted = false;
    collector.register();
    expect(tracing.begin(plan, sampled)).toBeUndefined();
  });

  test.each([
    { wanted: true, flags: '01' },
    { wanted: false, flags: '00' },
  ])('a trace that begins here goes on as its sampler said: $wanted', async ({ wanted, flags }) => {
    const tracing = await loadTracing();
    const collector = new Collector();
    collector.isWanted = wanted;
    collector.register();
    const begun = tracing.begin(plan, undefined)?.trace;
    expect(begun?.traceparent).toMatch(new RegExp(`^00-a{32}-[0-9a-f]{16}-${flags}$`));
    if (begun !== undefined && !wanted) expect(tracing.begin(plan, begun)).toBeUndefined();
  });

  test('what runs within a span is a part of it, also after waiting', async () => {
    const tracing = await loadTracing();
    new Collector().register();
    const span = tracing.begin(plan, undefined);
    const seen = await span?.within(async () => {
      await Promise.resolve();
      return tracing.current();
    });
    expect(seen?.traceparent).toBe(span?.trace.traceparent);
  });

  test('what runs within a trace from elsewhere is a part of it, sampled or not', async () => {
    const tracing = await loadTracing();
    new Collector().register();
    for (const from of [sampled, unsampled])
      expect(tracing.within(from, () => tracing.current())?.traceparent).toBe(from.traceparent);
  });
});

describe('the attributes of a span name what it is about', () => {
  const ids = { namespace: 'default', workflowId: 'order-1', runId: 'run-1', activityId: 'charge' };
  const named = {
    'ratchet.namespace': 'default',
    'ratchet.workflow.id': 'order-1',
    'ratchet.activity.id': 'charge',
    'ratchet.run.id': 'run-1',
  };
  test.each<{ what: string; about: object; more: object }>([
    {
      what: 'a report',
      about: { type: 'Complete', target: ids, attempt: { by: 'token', attempt: 2 } },
      more: { 'ratchet.attempt': 2, 'ratchet.message.type': 'Complete' },
    },
    {
      what: 'a timer',
      about: { type: 'TimeOut', target: ids, timer: { attempt: 3 } },
      more: { 'ratchet.attempt': 3, 'ratchet.message.type': 'TimeOut' },
    },
    {
      what: 'a task',
      about: { id: ids, attempt: 1, activityType: 'charge' },
      more: { 'ratchet.attempt': 1, 'ratchet.activity.type': 'charge' },
    },
  ])('$what', ({ about, more }) => {
    expect(attributesOf(about)).toEqual({ ...named, ...more });
  });

  test('a command of a run', () => {
    const { activityId, ...run } = ids;
    expect(activityId).toBe('charge');
    expect(attributesOf({ type: 'OpenRun', run })).toEqual({
      'ratchet.namespace': 'default',
      'ratchet.workflow.id': 'order-1',
      'ratchet.run.id': 'run-1',
      'ratchet.message.type': 'OpenRun',
    });
  });
});
