import { randomFillSync } from 'node:crypto';
import { traceparentHeader } from '@ratchet/kafka';

/** What of a trace is known to this process. */
export interface Tracing {
  /** The `traceparent` of the active span; a fresh one when there is none. */
  current(): string;
  /** Runs `work` as part of the trace a record came with. */
  within<T>(traceparent: string | undefined, work: () => T): T;
}

/** Makes traces of its own: for a process without OpenTelemetry. */
export const ownTracing: Tracing = {
  current: freshTraceparent,
  within: (_traceparent, work) => work(),
};

/**
 * Joins the traces of `@opentelemetry/api` where that package is installed and an SDK has registered a propagator.
 * Before, and without, a trace begins with each request.
 */
export async function loadTracing(): Promise<Tracing> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  if (api === undefined) return ownTracing;
  const { context, propagation } = api;
  const isRegistered = (): boolean => propagation.fields().length > 0;
  return {
    current: () => {
      if (!isRegistered()) return freshTraceparent();
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier[traceparentHeader] ?? freshTraceparent();
    },
    within: (traceparent, work) => {
      if (traceparent === undefined || !isRegistered()) return work();
      return context.with(propagation.extract(context.active(), { [traceparentHeader]: traceparent }), work);
    },
  };
}

const traceIdBytes = 16;
const spanIdBytes = 8;
// Random bytes are cheap by the block and dear one request at a time.
const block = Buffer.alloc((traceIdBytes + spanIdBytes) * 256);
let used = block.length;

/** A new trace, sampled: `00-<trace id>-<span id>-01`. */
export function freshTraceparent(): string {
  if (used === block.length) {
    randomFillSync(block);
    used = 0;
  }
  const [traceId, end] = [used + traceIdBytes, used + traceIdBytes + spanIdBytes];
  const value = `00-${block.toString('hex', used, traceId)}-${block.toString('hex', traceId, end)}-01`;
  used = end;
  return value;
}
