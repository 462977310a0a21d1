import type { Reply } from '@ratchet/domain';

/** What a request is counted as. */
export interface CountedRequest {
  readonly namespace: string;
  /** The type of its command or query. */
  readonly operation: string;
  /** It waits for something that may be long in coming: an outcome, or news of a run. */
  readonly isLong: boolean;
}

/** Counts what is asked of the log, and how long it takes. */
export interface RequestMetrics {
  begin(request: CountedRequest, answer: Promise<Reply>): void;
}

/**
 * The request metrics of Temporal's SDKs, latencies in seconds, by a meter of `@opentelemetry/api`: where that package is
 * installed and an SDK has registered a meter provider by now. Without, nothing is counted, and nothing is done for it.
 *
 * @param meterName as in `@ratchet/client`.
 */
export async function loadRequestMetrics(meterName: string): Promise<RequestMetrics | undefined> {
  const api = await import('@opentelemetry/api').catch(() => undefined);
  const meter = api?.metrics.getMeter(meterName);
  if (api === undefined || meter === undefined || meter === api.createNoopMeter()) return undefined;
  const instruments = (prefix: '' | 'long_', of: string) => ({
    made: meter.createCounter(`${prefix}request`, { description: `Requests ${of}` }),
    failed: meter.createCounter(`${prefix}request_failure`, {
      description: `Requests ${of} that were refused, or got no answer`,
    }),
    latency: meter.createHistogram(`${prefix}request_latency`, {
      description: `From a request ${of} to its answer`,
      unit: 's',
    }),
  });
  const short = instruments('', 'that are answered at once');
  const long = instruments('long_', 'that wait for an outcome or for news');
  return {
    begin: ({ namespace, operation, isLong }, answer) => {
      const { made, failed, latency } = isLong ? long : short;
      const attributes = { namespace, operation };
      const begunAt = performance.now();
      made.add(1, attributes);
      const end = (isFailure: boolean): void => {
        latency.record((performance.now() - begunAt) / 1000, attributes);
        if (isFailure) failed.add(1, attributes);
      };
      answer.then(
        ({ body }) => {
          end(body.type === 'Refused');
        },
        () => {
          end(true);
        },
      );
    },
  };
}
