import type * as OpenTelemetry from '@opentelemetry/api';
import type { Context, Span as ApiSpan, SpanContext, SpanOptions, Tracer } from '@opentelemetry/api';
import {
  isSampled,
  noTracing,
  readTrace,
  spanIdOf,
  traceIdOf,
  type Span,
  type SpanAttributes,
  type SpanPlan,
  type TraceContext,
  type Tracing,
} from '@ratchet/kafka';
import { errorText } from './thrown.ts';

type Api = typeof OpenTelemetry;

/**
 * Makes spans by `@opentelemetry/api`, where that package is installed and an SDK has registered a tracer provider, now or at
 * any later time. Without, no span is made and no trace is begun; one that comes with a record or a request goes on as it is.
 */
export async function loadTracing(): Promise<Tracing> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  return api === undefined ? noTracing : new ApiTracing(api);
}

class ApiTracing implements Tracing {
  readonly #api: Api;
  #tracer: Tracer | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  get isOn(): boolean {
    return (this.#tracer ??= this.#registeredTracer()) !== undefined;
  }

  begin(plan: SpanPlan, parent: TraceContext | undefined): Span | undefined {
    // Whoever began the trace does not want it, whatever a sampler here would say.
    if (!this.isOn || this.#tracer === undefined || (parent !== undefined && isSampled(parent) === false))
      return undefined;
    const { ROOT_CONTEXT } = this.#api;
    const within = parent === undefined ? ROOT_CONTEXT : this.#contextOf(parent, ROOT_CONTEXT);
    const span = this.#tracer.startSpan(plan.name, this.#optionsOf(plan), within);
    const isRoot = parent?.traceparent === undefined;
    if (!isRoot && !span.isRecording()) return undefined;
    return this.#api.isSpanContextValid(span.spanContext()) ? new BegunSpan(this.#api, span, parent) : undefined;
  }

  current(): TraceContext | undefined {
    const { context, propagation, trace, ROOT_CONTEXT } = this.#api;
    const active = context.active();
    if (active === ROOT_CONTEXT) return undefined;
    const carrier: Record<string, string> = {};
    propagation.inject(active, carrier);
    const span = trace.getSpanContext(active);
    // No propagator is registered, or one of another form.
    if (carrier['traceparent'] === undefined && span !== undefined && this.#api.isSpanContextValid(span))
      Object.assign(carrier, headersOf(span, undefined));
    return readTrace(carrier);
  }

  within<T>(trace: TraceContext | undefined, work: () => T): T {
    if (trace === undefined) return work();
    const { context, propagation } = this.#api;
    const active = propagation.extract(context.active(), trace);
    return context.with(this.#contextOf(trace, active), work);
  }

  #contextOf(parent: TraceContext, context: Context): Context {
    if (parent.traceparent === undefined) return context;
    const { trace } = this.#api;
    return trace.setSpanContext(context, {
      traceId: traceIdOf(parent),
      spanId: spanIdOf(parent),
      traceFlags: isSampled(parent) === true ? 1 : 0,
      isRemote: true,
      ...this.#stateOf(parent),
    });
  }

  #stateOf({ tracestate }: TraceContext): Pick<SpanContext, 'traceState'> {
    if (tracestate === undefined) return {};
    return { traceState: this.#api.createTraceState(tracestate) };
  }

  #optionsOf({ kind, attributes, about, links = [], startedAt }: SpanPlan): SpanOptions {
    const { trace, SpanKind, ROOT_CONTEXT } = this.#api;
    return {
      kind: SpanKind[kind.toUpperCase() as Uppercase<SpanPlan['kind']>],
      attributes: about === undefined ? attributes : { ...attributes, ...attributesOf(about) },
      links: links.flatMap((link) => {
        const context = trace.getSpanContext(this.#contextOf(link, ROOT_CONTEXT));
        return context === undefined ? [] : [{ context }];
      }),
      ...(startedAt === undefined ? {} : { startTime: startedAt }),
    };
  }

  /** Asked for each record as long as there is none: it must cost nothing. */
  #registeredTracer(): Tracer | undefined {
    const provider = this.#api.trace.getTracerProvider();
    return 'getDelegateTracer' in provider
      ? (provider as InstanceType<Api['ProxyTracerProvider']>).getDelegateTracer('@ratchet/protocol')
      : provider.getTracer('@ratchet/protocol');
  }
}

class BegunSpan implements Span {
  readonly trace: TraceContext;
  readonly #api: Api;
  readonly #span: ApiSpan;

  constructor(api: Api, span: ApiSpan, parent: TraceContext | undefined) {
    this.#api = api;
    this.#span = span;
    this.trace = headersOf(span.spanContext(), parent);
  }

  set(attributes: SpanAttributes): void {
    this.#span.setAttributes(attributes);
  }

  end(error?: unknown): void {
    if (error !== undefined) {
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: errorText(error) };
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      this.#span.setAttribute('error.type', typeof code === 'string' ? code : name);
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    }
    this.#span.end();
  }

  within<T>(work: () => T): T {
    const { context, propagation, trace } = this.#api;
    const active = propagation.extract(context.active(), this.trace);
    return context.with(trace.setSpan(active, this.#span), work);
  }
}

interface SpanContextLike {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
  readonly traceState?: { serialize(): string } | undefined;
}

/** A span's own place in its trace; what its parent's callers said beside it goes along. */
function headersOf(
  { traceId, spanId, traceFlags, traceState }: SpanContextLike,
  parent: TraceContext | undefined,
): TraceContext {
  const tracestate = traceState?.serialize() ?? '';
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    ...(tracestate === '' ? {} : { tracestate }),
    ...(parent?.baggage === undefined ? {} : { baggage: parent.baggage }),
  };
}

interface Ids {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId?: string;
}

/** A command, a query, a task or a cancellation: what they have in common. */
interface Told {
  readonly type?: string;
  readonly id?: Ids;
  readonly target?: Ids;
  readonly run?: Ids;
  readonly attempt?: number | { readonly attempt?: number };
  readonly activityType?: string;
  /** Of a task and an activity. */
  readonly timer?: { readonly attempt?: number };
}

/** Of what a span tells: ids as the API has them, the attempt, and which command or query it is. */
export function attributesOf(about: object): SpanAttributes {
  const { type, id, target, run, attempt, timer, activityType } = about as Told;
  const { namespace, workflowId, runId, activityId } = target ?? id ?? run ?? {};
  const number = typeof attempt === 'object' ? attempt.attempt : (attempt ?? timer?.attempt);
  const all = {
    'ratchet.namespace': namespace,
    'ratchet.workflow.id': workflowId,
    'ratchet.activity.id': activityId,
    'ratchet.run.id': runId,
    'ratchet.activity.type': activityType,
    'ratchet.attempt': number,
    'ratchet.message.type': type,
  };
  return Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (isTold(value) ? [[name, value]] : [])));
}

const isTold = (value: string | number | undefined): value is string | number => value !== undefined && value !== '';
