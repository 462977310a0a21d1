import { PartitionProcessor, type PartitionContext } from '@ratchet/kafka';
import { connectCluster, createTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import {
  clusterSettings,
  processorRunner,
  tokenKeyRing,
  type RunnerTools,
  type ServiceRunner,
} from '@ratchet/service-kit';
import type { SchedulerConfig } from './scheduler.config.ts';
import { SchedulerLogic } from './scheduler-logic.ts';
import { TaskTopics } from './task-topics.ts';

/** Commands and queries go on where the state says; state and progress are committed to `executions`. */
export async function createSchedulerRunner(
  config: SchedulerConfig,
  tools: RunnerTools<SchedulerConfig>,
): Promise<ServiceRunner> {
  const cluster = await connectCluster(clusterSettings(config, tools));
  const { connection, codec, partitions } = cluster;
  const outbox = cluster.createOutbox({ metrics: tools.metrics.outbox });
  const signer = createTokenSigner(tokenKeyRing(config));
  tools.changes.onChange((changed) => {
    const take = signer.prepare(tokenKeyRing(changed));
    return () => {
      take();
      cluster.recordTokenKeys(tokenKeyRing(changed));
    };
  });
  const taskTopics = new TaskTopics((topic) => cluster.ensureTaskTopic(topic));
  const owned = new Set<SchedulerLogic>();
  const createLogic = ({ partition }: PartitionContext): SchedulerLogic => {
    const onClosed = (): void => void owned.delete(logic);
    const logic = new SchedulerLogic({
      partition,
      partitions,
      codec,
      signer,
      taskTopics,
      onClosed,
      log: connection.log,
    });
    owned.add(logic);
    return logic;
  };
  tools.metrics.gauge('ratchet_waiters', 'Askers that wait for an outcome or for news of a run', () =>
    [...owned].reduce((sum, { waiterCount }) => sum + waiterCount, 0),
  );
  tools.metrics.gauge('ratchet_queries_parked', 'Questions that wait for a command that has not come yet', () =>
    [...owned].reduce((sum, { parkedCount }) => sum + parkedCount, 0),
  );
  tools.metrics.gauge(
    'ratchet_log_clock_ahead_seconds',
    "How far a log's clock is ahead of its broker's, at most: the deadlines of that partition wait as long",
    () => Math.max(0, ...Array.from(owned, ({ clockAheadMs }) => clockAheadMs / 1000)),
  );
  const processor = new PartitionProcessor({
    connection,
    service: 'ratchet-scheduler',
    inputs: [
      { topic: topics.commands, start: 'progress' },
      // Askers ask again by themselves. What a former owner has told the world is not taken back by its successor.
      { topic: topics.queries, start: 'progress', onGap: 'skip', behind: topics.commands },
    ],
    stateTopic: topics.executions,
    createLogic,
    outbox,
    metrics: tools.metrics.processor,
    tuning: { sessionTimeoutMs: config.sessionTimeoutMs },
  });
  return processorRunner({ processor, outbox, cluster });
}
