import { isSampled, traceIdOf, type TraceContext } from '../tracing/trace-context.ts';

/** All that is remembered of one partition; beyond, what was not needed for longest is forgotten. */
const bytesMax = 8 * 1024 * 1024;
/** Of an entry of the map, without its texts. */
const overheadBytes = 200;

/**
 * The trace that each key of a partition's state belongs to: that of whoever began it, at its latest span.
 *
 * What someone else's trace does to it, or who has none, does not take it out of its own. Only what is sampled is remembered,
 * and so much of it as there is room for: what is forgotten goes on in the trace of the next record that changes it.
 */
export class KeyTraces {
  readonly #traces = new Map<string, TraceContext>();
  #bytes = 0;

  of(key: string): TraceContext | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(key);
  }

  /** @param begins the key is new with it, whatever had its name before. @returns the trace of the key from now on. */
  changed(key: string, trace: TraceContext | undefined, begins = false): TraceContext | undefined {
    const former = begins ? undefined : this.of(key);
    const isForeign = former !== undefined && (trace === undefined || traceIdOf(trace) !== traceIdOf(former));
    const own = isForeign ? former : trace;
    if (own !== undefined && isSampled(own) === true) this.#set(key, own);
    else if (begins) this.forget(key);
    return own;
  }

  forget(key: string): void {
    const trace = this.of(key);
    if (trace === undefined) return;
    this.#traces.delete(key);
    this.#bytes -= bytesOf(key, trace);
  }

  #set(key: string, trace: TraceContext): void {
    this.forget(key);
    this.#traces.set(key, trace);
    this.#bytes += bytesOf(key, trace);
    for (const [oldest] of this.#traces) {
      if (this.#bytes <= bytesMax) return;
      this.forget(oldest);
    }
  }
}

const bytesOf = (key: string, { traceparent = '', tracestate = '', baggage = '' }: TraceContext): number =>
  overheadBytes + 2 * key.length + traceparent.length + tracestate.length + baggage.length;
