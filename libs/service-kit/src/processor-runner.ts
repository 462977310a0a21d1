import type { Outbox, ProcessorHealth } from '@ratchet/kafka';
import type { ServiceRunner } from './service-runner.ts';

/** What a runner of partitions starts and, in the other order, stops. */
export interface ProcessorParts {
  readonly processor: { start(): Promise<void>; stop(): Promise<void>; health(): ProcessorHealth };
  readonly outbox: Pick<Outbox, 'close'>;
  readonly cluster: { close(): Promise<void> };
}

/** The runner of a service that owns partitions: ready when all it owns are restored. */
export function processorRunner({ processor, outbox, cluster }: ProcessorParts): ServiceRunner {
  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await processor.stop();
    await outbox.close();
    await cluster.close();
  };
  return {
    start: () => processor.start(),
    stop: () => (stopping ??= stop()),
    readiness: () => {
      const { ready, owned, restored, partitions } = processor.health();
      const troubles = partitions.filter(({ error }) => error !== undefined);
      return { ready, details: { owned, restored, troubles } };
    },
  };
}
