import type { Log } from '@ratchet/kafka';
import type { WorkerMetrics } from './worker-metrics.ts';
import type { DeadlineClock, LoadedDataConverter, RequestChannel, Tracing } from '@ratchet/protocol';

/** An activity as the worker calls it; its own types are its caller's matter. */
export type RunnableActivity = (...args: readonly unknown[]) => unknown;

/** What all attempts of a worker share. */
export interface WorkerTools {
  readonly channel: RequestChannel;
  readonly tracing: Tracing;
  readonly converter: LoadedDataConverter;
  readonly identity: string;
  readonly clock: DeadlineClock;
  readonly log: Log;
  readonly activities: ReadonlyMap<string, RunnableActivity>;
  /** Absent: nothing is measured. */
  readonly metrics?: WorkerMetrics | undefined;
}

/** What one attempt needs of them. */
export interface AttemptTools extends Omit<WorkerTools, 'channel' | 'clock' | 'tracing'> {
  readonly channel: Pick<RequestChannel, 'request'>;
  readonly clock: Pick<DeadlineClock, 'add' | 'remove'>;
  readonly tracing: Pick<Tracing, 'within'>;
}
