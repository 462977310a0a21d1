import type { KafkaConnection, Log, Tracing } from '@ratchet/kafka';
import type { WorkerMetrics } from './worker-metrics.ts';
import type { DeadlineClock, LoadedDataConverter, RequestChannel } from '@ratchet/protocol';

/** An activity as the worker calls it; its own types are its caller's matter. */
export type RunnableActivity = (...args: readonly unknown[]) => unknown;

/** What all attempts of a worker share. */
export interface WorkerTools {
  readonly channel: RequestChannel;
  readonly connection: KafkaConnection;
  readonly tracing: Pick<Tracing, 'begin' | 'within'>;
  readonly converter: LoadedDataConverter;
  readonly identity: string;
  readonly clock: DeadlineClock;
  readonly log: Log;
  /** Where activities themselves log: nothing of it is left out. */
  readonly logOfActivities: Log;
  readonly activities: ReadonlyMap<string, RunnableActivity>;
  /** Absent: nothing is measured. */
  readonly metrics?: WorkerMetrics | undefined;
}

/** What one attempt needs of them. */
export interface AttemptTools extends Omit<WorkerTools, 'channel' | 'clock' | 'connection'> {
  readonly channel: Pick<RequestChannel, 'request'>;
  readonly clock: Pick<DeadlineClock, 'add' | 'remove'>;
}
