import { context, propagation, ROOT_CONTEXT, trace, type Context, type ContextManager } from '@opentelemetry/api';
import { freshTraceparent, loadTracing, ownTracing } from './tracing.ts';

const w3c = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;
const given = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('every fresh traceparent is a W3C one and another one', () => {
  const made = Array.from({ length: 1000 }, freshTraceparent);
  expect(made.every((value) => w3c.test(value))).toBe(true);
  expect(new Set(made).size).toBe(1000);
});

test('without OpenTelemetry a trace begins with each request', () => {
  expect(ownTracing.current()).toMatch(w3c);
  expect(ownTracing.within(given, () => ownTracing.current())).not.toBe(given);
});

test('with OpenTelemetry but no SDK a trace begins with each request', async () => {
  expect((await loadTracing()).current()).toMatch(w3c);
});

test('with an SDK the trace of a record goes on', async () => {
  context.setGlobalContextManager(stackContextManager());
  propagation.setGlobalPropagator({
    inject: (from, carrier, setter) => {
      const span = trace.getSpanContext(from);
      if (span !== undefined) setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-01`);
    },
    extract: (into, carrier, getter) => {
      const [, traceId = '', spanId = ''] = String(getter.get(carrier, 'traceparent')).split('-');
      return trace.setSpanContext(into, { traceId, spanId, traceFlags: 1 });
    },
    fields: () => ['traceparent'],
  });
  const tracing = await loadTracing();
  expect(tracing.within(given, () => tracing.current())).toBe(given);
  expect(tracing.within(undefined, () => tracing.current())).toMatch(w3c);
});

/** As an SDK's, for synchronous code. */
function stackContextManager(): ContextManager {
  let active: Context = ROOT_CONTEXT;
  const manager: ContextManager = {
    active: () => active,
    with: (next, work, _self, ...args) => {
      const before = active;
      active = next;
      try {
        return work(...args);
      } finally {
        active = before;
      }
    },
    bind: (_context, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}
