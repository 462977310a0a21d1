import { setTimeout as pause } from 'node:timers/promises';
import type { KafkaConnection, Outbox, ProcessorHealth } from '@ratchet/kafka';
import type { ServiceRunner } from './service-runner.ts';

/** To finish takes a broker. What has not happened by then is cut off; whoever owns the partitions next does it again. */
const finishMsMax = 12_000;

/** What a runner of partitions starts and, in the other order, stops. */
export interface ProcessorParts {
  readonly processor: { start(): Promise<void>; stop(): Promise<void>; health(): ProcessorHealth };
  readonly outbox: Pick<Outbox, 'close'>;
  readonly cluster: { close(): Promise<void>; readonly connection: Pick<KafkaConnection, 'members' | 'deniedRights'> };
}

/** What the brokers do not allow, for whoever asks whether a service is ready; nothing where nothing is missing. */
export const missingRights = ({
  deniedRights: { missing },
}: Pick<KafkaConnection, 'deniedRights'>): { readonly missingRights?: readonly string[] } =>
  missing.length === 0 ? {} : { missingRights: missing };

/** The runner of a service that owns partitions: ready when all it owns are restored. */
export function processorRunner({ processor, outbox, cluster }: ProcessorParts): ServiceRunner {
  let stopping: Promise<void> | undefined;
  const finish = async (): Promise<void> => {
    await processor.stop();
    await outbox.close();
  };
  const stop = async (): Promise<void> => {
    await Promise.race([finish(), pause(finishMsMax, undefined, { ref: false })]);
    await cluster.close();
  };
  return {
    members: cluster.connection.members,
    start: () => processor.start(),
    stop: () => (stopping ??= stop()),
    stuck: () => processor.health().stuck,
    partitions: () => processor.health().partitions,
    readiness: () => {
      const { ready, owned, restored, partitions } = processor.health();
      const troubles = partitions.filter(({ error }) => error !== undefined);
      return { ready, details: { owned, restored, troubles, ...missingRights(cluster.connection) } };
    },
  };
}
