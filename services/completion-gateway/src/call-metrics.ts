import { status } from '@grpc/grpc-js';
import type { ServiceMetrics } from '@ratchet/service-kit';

type Door = 'grpc' | 'http';

/** Told how a request has ended: by nothing, or by which kind of error. */
type Ended = (errorType?: string) => void;

const labels = ['door', 'operation'] as const;

/**
 * What is asked of the gateway's doors and how long it takes, under the names of Temporal's server. An operation is the name
 * of a published call, or method and path of a route; what is none of them is `unknown`, whatever strangers ask for.
 */
export class CallMetrics {
  readonly #requests: ReturnType<ServiceMetrics['counter']>;
  readonly #errors: ReturnType<ServiceMetrics['counter']>;
  readonly #latency: ReturnType<ServiceMetrics['durations']>;
  readonly #pending: Record<Door, number> = { grpc: 0, http: 0 };

  constructor(metrics: Pick<ServiceMetrics, 'counter' | 'durations' | 'gauges'>) {
    this.#requests = metrics.counter('service_requests', 'Requests that have come', labels);
    this.#errors = metrics.counter('service_error_with_type', 'Requests that were answered by an error', [
      ...labels,
      'error_type',
    ]);
    this.#latency = metrics.durations('service_latency', 'From a request to its answer, in seconds', labels);
    metrics.gauges('service_pending_requests', 'Requests that are not answered yet', ['door'], () =>
      (['grpc', 'http'] as const).map((door) => ({ labels: { door }, value: this.#pending[door] })),
    );
  }

  /** A request has come. */
  begin(door: Door, operation: string): Ended {
    const begunAt = performance.now();
    this.#requests.inc({ door, operation });
    this.#pending[door]++;
    return (errorType) => {
      this.#pending[door]--;
      this.#latency.observe({ door, operation }, (performance.now() - begunAt) / 1000);
      if (errorType !== undefined) this.#errors.inc({ door, operation, error_type: errorType });
    };
  }
}

/** The name of a gRPC status, as an error type; `undefined`: it is none. Who goes before an answer has cancelled. */
export const errorOfStatus = (code: string | undefined): string | undefined =>
  code === undefined ? 'CANCELLED' : code === '0' ? undefined : (status[Number(code)] ?? 'UNKNOWN');
