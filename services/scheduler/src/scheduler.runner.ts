import { PartitionProcessor, type PartitionContext } from '@ratchet/kafka';
import { connectCluster, createTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import {
  clusterSettings,
  followTokenKeys,
  processorRunner,
  seldom,
  tokenKeyRing,
  type RunnerTools,
  type ServiceRunner,
} from '@ratchet/service-kit';
import type { OnDropped } from './command.handler.ts';
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
  followTokenKeys(tools.changes, signer, cluster);
  const taskTopics = new TaskTopics((topic) => cluster.ensureTaskTopic(topic));
  const owned = new Set<SchedulerLogic>();
  const onDropped = droppedCommands(tools);
  const createLogic = (context: PartitionContext): SchedulerLogic => {
    const onClosed = (): void => void owned.delete(logic);
    const logic = new SchedulerLogic({
      context,
      partitions,
      codec,
      signer,
      taskTopics,
      onDropped,
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

/** Counts commands that were not decided, and says so now and then. */
function droppedCommands({ metrics, log }: RunnerTools): OnDropped {
  const dropped = metrics.counter('ratchet_commands_dropped_total', 'Commands that were not decided', ['reason']);
  const say = seldom(log, 'warn');
  const messages = {
    repeated: 'a command was forwarded again and is dropped: it was decided before',
    unproved: 'a command is refused, for its task token or forwardedFrom is not signed with one of our keys',
  };
  return (reason, { type, requestId, identity }, offset) => {
    dropped.inc({ reason });
    say({ reason, type, requestId, identity, offset }, messages[reason]);
  };
}
