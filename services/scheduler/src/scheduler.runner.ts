import { endsOfUnused, PartitionProcessor, removeTopics, type PartitionContext } from '@ratchet/kafka';
import { connectCluster, createTokenSigner, taskGroup, type Cluster } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import {
  clusterSettings,
  followTokenKeys,
  processorRunner,
  tokenKeyRing,
  type RunnerTools,
  type ServiceRunner,
} from '@ratchet/service-kit';
import type { OnDropped } from './command.handler.ts';
import type { SchedulerConfig } from './scheduler.config.ts';
import { ActivityMetrics } from './activity-metrics.ts';
import { SchedulerLogic } from './scheduler-logic.ts';
import { stateStores } from './state-stores.ts';
import { TaskTopics } from './task-topics.ts';
import { UnusedQueues } from './unused-queues.ts';

/** How often it is looked which task topics there are: others make them and remove them, too. */
const lookMs = 60_000;
/** How often queues that nobody uses are looked for. One is removed that is unused at two looks. */
const unusedLookMs = 3_600_000;

/** Commands and queries go on where the state says; what is open, with the progress, is committed to `executions`, what is closed to `outcomes`. */
export async function createSchedulerRunner(
  config: SchedulerConfig,
  tools: RunnerTools<SchedulerConfig>,
): Promise<ServiceRunner> {
  const cluster = await connectCluster(clusterSettings(config, tools));
  const { connection, codec, partitions } = cluster;
  const outbox = cluster.createOutbox({ metrics: tools.metrics.outbox });
  const signer = createTokenSigner(tokenKeyRing(config));
  followTokenKeys(tools.changes, signer, cluster);
  const taskTopics = createTaskTopics(config, tools, cluster);
  // Those that are not seen here are looked for when they are needed.
  await taskTopics.look().catch((error: unknown) => {
    tools.log.warn({}, `the task topics could not be listed: ${String(error)}`);
  });
  const logics = new Set<SchedulerLogic>();
  const owned = (): SchedulerLogic[] => [...logics].filter(({ isOwned }) => isOwned);
  const stores = await stateStores(config, tools, cluster);
  const onDropped = droppedCommands(tools);
  const activityMetrics = new ActivityMetrics(tools.metrics);
  const createLogic = (context: PartitionContext): SchedulerLogic => {
    const onClosed = (): void => void logics.delete(logic);
    const { log } = connection;
    const told = { onDropped, onClosed, log, activityMetrics, rulesMax: config.rulesMax };
    const state = { openStore: () => stores.open(context.partition), cache: stores.cache };
    const logic = new SchedulerLogic({ context, partitions, codec, signer, taskTopics, ...state, ...told });
    logics.add(logic);
    return logic;
  };
  showOwned(tools, owned);
  activityMetrics.showBacklog(tools.metrics, () => owned().flatMap(({ backlog }) => [...backlog]));
  const processor = new PartitionProcessor({
    connection,
    service: 'ratchet-scheduler',
    inputs: [
      { topic: topics.commands, start: 'progress' },
      // Askers ask again by themselves. What a former owner has told the world is not taken back by its successor.
      { topic: topics.queries, start: 'progress', onGap: 'skip', behind: topics.commands },
    ],
    stateTopics: [topics.executions, topics.outcomes],
    stores: () => stores.writtenAt(),
    standbyCopies: config.standbyCopies,
    createLogic,
    outbox,
    metrics: tools.metrics.processor,
    tuning: { sessionTimeoutMs: config.sessionTimeoutMs },
  });
  tools.metrics.gauges(
    'ratchet_standby_lag_records',
    'Records of its state topics that the copy of a partition has not read; none: there is no copy here',
    ['partition'],
    () =>
      Array.from(processor.standbyLags, ([partition, value]) => ({ labels: { partition: String(partition) }, value })),
  );
  const stopLooking = keepLooking(tools, cluster, taskTopics, () => owned().some(({ partition }) => partition === 0));
  const runner = processorRunner({ processor, outbox, cluster });
  return {
    ...runner,
    stop: async () => {
      stopLooking();
      await runner.stop();
      stores.remove();
    },
  };
}

/** What the partitions that are decided here have in memory. */
function showOwned({ metrics }: RunnerTools<SchedulerConfig>, owned: () => readonly SchedulerLogic[]): void {
  metrics.gauge('ratchet_waiters', 'Askers that wait for an outcome or for news of a run', () =>
    owned().reduce((sum, { waiterCount }) => sum + waiterCount, 0),
  );
  metrics.gauge('ratchet_queries_parked', 'Questions that wait for a command that has not come yet', () =>
    owned().reduce((sum, { parkedCount }) => sum + parkedCount, 0),
  );
  metrics.gauge('ratchet_tasks_held', 'Tasks whose topic is not there yet', () =>
    owned().reduce((sum, { heldCount }) => sum + heldCount, 0),
  );
  metrics.gauge(
    'ratchet_log_clock_ahead_seconds',
    "How far a log's clock is ahead of its broker's, at most: the deadlines of that partition wait as long",
    () => Math.max(0, ...Array.from(owned(), ({ clockAheadMs }) => clockAheadMs / 1000)),
  );
}

function createTaskTopics(
  limits: SchedulerConfig,
  { metrics, log }: RunnerTools<SchedulerConfig>,
  cluster: Cluster,
): TaskTopics {
  const { connection } = cluster;
  const made = metrics.counter('ratchet_task_topics_made_total', 'Topics of task queues that were made', []);
  const refused = metrics.counter(
    'ratchet_task_topics_refused_total',
    'Times that a topic of a task queue could not be had',
    ['reason'],
  );
  const taskTopics = new TaskTopics({
    list: () => cluster.taskTopics(),
    create: (topic) => cluster.ensureTaskTopic(topic),
    limits,
    onMade: (topic) => {
      made.inc();
      log.info({ topic: connection.realName(topic) }, 'the topic of a task queue is made');
    },
    onRefused: (why, reason) => {
      refused.inc({ reason: why });
      log.warn({}, reason);
    },
    onLate: (topic, error) => {
      log.warn({ topic: connection.realName(topic) }, `the topic of a task queue cannot be made yet: ${String(error)}`);
    },
  });
  metrics.gauge('ratchet_task_queues', 'Task queues that have a topic', () => taskTopics.queueCount);
  metrics.gauge(
    'ratchet_task_topics_wanted',
    'Topics of task queues that are being made, or wait for it',
    () => taskTopics.wantedCount,
  );
  return taskTopics;
}

/**
 * Looks which task topics there are, and removes those that nobody uses where this instance is the one to do it.
 *
 * @returns ends it.
 */
function keepLooking(
  { metrics, log }: RunnerTools,
  cluster: Cluster,
  taskTopics: TaskTopics,
  isToRemove: () => boolean,
): () => void {
  const { connection } = cluster;
  const removed = metrics.counter('ratchet_task_queues_removed_total', 'Task queues removed that nobody used', []);
  const unused = new UnusedQueues({
    list: () => taskTopics.look(),
    endsOfUnused: (queue) => endsOfUnused(connection, queue),
    remove: (queue) => removeTopics(connection, queue),
    groupOf: taskGroup,
    onRemoved: ({ topics: names }) => {
      removed.inc();
      log.info(
        { topics: names.map((name) => connection.realName(name)) },
        'a task queue that nobody used any more is removed',
      );
    },
  });
  const timers = [
    repeat(lookMs, log, () => taskTopics.look()),
    repeat(unusedLookMs, log, () => (isToRemove() ? unused.look() : unused.forget())),
  ];
  return () => {
    timers.forEach(clearInterval);
    taskTopics.close();
  };
}

/** What fails is done again the next time. */
function repeat(everyMs: number, log: RunnerTools['log'], work: () => unknown): NodeJS.Timeout {
  const run = async (): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.warn({}, `the task topics could not be looked at: ${String(error)}`);
    }
  };
  return setInterval(() => void run(), everyMs).unref();
}

/** Counts commands that were not decided, and says so now and then. */
function droppedCommands({ metrics, log }: RunnerTools): OnDropped {
  const dropped = metrics.counter('ratchet_commands_dropped_total', 'Commands that were not decided', ['reason']);
  const messages = {
    repeated: 'a command was forwarded again and is dropped: it was decided before',
    unproved: 'a command is refused, for its task token or forwardedFrom is not signed with one of our keys',
  };
  return (reason, { type, requestId, identity }, offset) => {
    dropped.inc({ reason });
    log.warn({ reason, type, requestId, identity, offset }, messages[reason]);
  };
}
