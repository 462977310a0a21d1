import { readTrace, type SpanAttributes, type TraceCarrier, type TraceContext, type Tracing } from '@ratchet/kafka';

/** The trace that a request belongs to. */
export interface RequestTrace {
  /** What follows from it goes on with this; absent: nobody collects, and its caller has named none. */
  readonly trace: TraceContext | undefined;
  /** Its caller has named none. */
  readonly traceBegunHere: boolean;
  /** It was answered. @param error why it was not, where the caller is not to blame. */
  end(attributes: SpanAttributes, error?: unknown): void;
}

/** A request has come. @param describe asked only where somebody collects. */
export function beginRequest(
  tracing: Tracing,
  carrier: TraceCarrier,
  describe: () => { readonly name: string; readonly attributes: SpanAttributes },
): RequestTrace {
  const parent = readTrace(carrier);
  const span = tracing.isOn ? tracing.begin({ kind: 'server', ...describe() }, parent) : undefined;
  return {
    trace: span?.trace ?? parent,
    traceBegunHere: parent?.traceparent === undefined,
    end: (attributes, error) => {
      span?.set(attributes);
      span?.end(error);
    },
  };
}
