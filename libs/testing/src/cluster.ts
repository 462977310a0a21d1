import { startRatchet, type RunningRatchet, type StartRatchetOptions } from '@ratchet/tools-start';
import { connectBroker } from './connect-broker.ts';

/**
 * All services, built and in processes of their own, on the broker of this run of tests; resolves when all are ready.
 * A killed one is back at its partitions within about four seconds. The caller stops it.
 *
 * The topics are those of the run: keep tests apart by namespace or task queue.
 */
export function startCluster(options: Omit<StartRatchetOptions, 'kafka' | 'folder'> = {}): Promise<RunningRatchet> {
  const { brokers, registryUrl } = connectBroker();
  return startRatchet({
    ...options,
    kafka: { brokers: brokers.join(','), registryUrl },
    serviceEnv: {
      RATCHET_SESSION_TIMEOUT_MS: '2000',
      // All tests of a run leave their task queues on one broker.
      RATCHET_TASK_QUEUES_MAX: '100000',
      RATCHET_NAMESPACE_TASK_QUEUES_MAX: '100000',
      ...options.serviceEnv,
    },
  });
}
