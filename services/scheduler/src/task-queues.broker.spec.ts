import { randomUUID } from 'node:crypto';
import { millis, taskTopic, type ExecutionId } from '@ratchet/domain';
import { endsOfUnused, ensureTopics, removeTopics, TaskConsumer, type Outbox } from '@ratchet/kafka';
import {
  connectCluster,
  openRequestChannel,
  taskGroup,
  type Cluster,
  type CommandDraftOf,
  type CommandReply,
} from '@ratchet/protocol';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { UnusedQueues } from './unused-queues.ts';

const namespaceTaskQueuesMax = 62;

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let cluster: Cluster;
let requests: Awaited<ReturnType<typeof openRequestChannel>>;
let outbox: Outbox;

beforeAll(async () => {
  const { brokers, registryUrl } = connectBroker();
  const serviceEnv = { RATCHET_NAMESPACE_TASK_QUEUES_MAX: String(namespaceTaskQueuesMax) };
  ratchet = await startCluster({ partitions: 4, serviceEnv });
  cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'task-queues-test', createTopics: false });
  requests = await openRequestChannel(cluster);
  outbox = cluster.createOutbox();
});

afterAll(async () => {
  await outbox.close();
  await requests.close();
  await cluster.close();
  await ratchet.stop();
});

function scheduleOf(
  namespace: string,
  taskQueue: string,
  change: Partial<CommandDraftOf<'Schedule'>> = {},
): CommandDraftOf<'Schedule'> {
  const target: ExecutionId = { namespace, workflowId: '', runId: randomUUID(), activityId: randomUUID() };
  return {
    type: 'Schedule',
    target,
    requestId: randomUUID(),
    identity: 'test',
    activityType: 'charge',
    options: { taskQueue, scheduleToCloseTimeoutMs: 600_000 },
    input: [],
    header: {},
    idReusePolicy: 'allow-duplicate',
    idConflictPolicy: 'fail',
    shielded: false,
    retentionMs: millis(600_000),
    awaitOutcome: false,
    ...change,
  };
}

const start = (...of: Parameters<typeof scheduleOf>): Promise<CommandReply> =>
  requests.channel.request(scheduleOf(...of));

/** Waits for the outcome, which is a failure, and says why. */
async function failureOf(namespace: string, taskQueue: string): Promise<string> {
  const command = scheduleOf(namespace, taskQueue);
  await requests.channel.request(command);
  const { body } = await requests.channel.awaitOutcome(command.target);
  return body.type === 'OutcomeReached' && body.outcome.type === 'failure' ? body.outcome.failure.message : '';
}

const topicsOf = async (namespace: string): Promise<readonly string[]> =>
  (await cluster.taskTopics()).filter((topic) => topic.startsWith(taskTopic(namespace, '')));

test('a topic that the brokers refuse fails its activity with the reason, and holds up nobody', async () => {
  const [namespace, taskQueue] = [uniqueName('refused').replaceAll('-', ''), 'mail'];
  // Kafka makes no topic whose name differs from another's in dots against underscores only.
  const collides = taskTopic(namespace, taskQueue).replaceAll('.', '_');
  await ensureTopics(cluster.connection, [{ name: collides, partitions: 1, replicationFactor: 1, config: {} }]);

  const failing = failureOf(namespace, taskQueue);
  for (let n = 0; n < 16; n++) {
    expect(await start(namespace, 'other')).toMatchObject({ body: { type: 'Accepted' } });
  }

  expect(await failing).toMatch(/task queue 'mail' of namespace 'refused\w+', but it cannot be made: .*brokers refuse/);
});

test('sixty starts in queues of their own delay nobody else; how many queues a namespace has is limited', async () => {
  const [busy, other] = [uniqueName('busy'), uniqueName('other')];
  const busyQueues = Array.from({ length: 60 }, (_, n) => `queue-${String(n)}`);
  const asked = await Promise.all(busyQueues.map((taskQueue) => start(busy, taskQueue)));
  expect(asked.filter(({ body }) => body.type === 'Accepted')).toHaveLength(60);

  for (let n = 0; n < 10; n++) expect(await start(other, 'mail')).toMatchObject({ body: { type: 'Accepted' } });
  await eventually(async () => (await topicsOf(other)).length > 0);
  const madeMeanwhile = (await topicsOf(busy)).length;
  expect(madeMeanwhile).toBeLessThan(120);

  await eventually(async () => (await topicsOf(busy)).length === 120, { deadlineMs: 60_000 });
  await start(busy, 'one-more');
  await start(busy, 'and-another');
  await eventually(async () => (await topicsOf(busy)).length === 2 * namespaceTaskQueuesMax);
  expect(await failureOf(busy, 'one-too-many')).toMatch(/has 62 task queues, and may have 62/);
  expect(await topicsOf(busy)).toHaveLength(2 * namespaceTaskQueuesMax);
});

describe('a queue that nobody uses any more', () => {
  const lookerFor = (namespace: string): UnusedQueues =>
    new UnusedQueues({
      list: () => topicsOf(namespace),
      endsOfUnused: (queue) => endsOfUnused(cluster.connection, queue),
      remove: (queue) => removeTopics(cluster.connection, queue),
      groupOf: taskGroup,
    });

  /** What is left when its retention is over. */
  async function emptied(topic: string): Promise<void> {
    const offsets = await cluster.connection.admin.fetchTopicOffsets(topic);
    const partitions = offsets.map(({ partition, high }) => ({ partition, offset: high }));
    await cluster.connection.admin.deleteTopicRecords({ topic, partitions });
  }

  test('is removed; a start at the same moment has its topic made anew', async () => {
    const namespace = uniqueName('unused');
    const topic = taskTopic(namespace, 'mail');
    await start(namespace, 'mail');
    await eventually(async () => (await topicsOf(namespace)).length === 2);
    const unused = lookerFor(namespace);
    for (let n = 0; n < 3; n++) await unused.look();
    expect(await topicsOf(namespace)).toHaveLength(2);

    await eventually(async () =>
      (await cluster.connection.admin.fetchTopicOffsets(topic)).some(({ high }) => high !== '0'),
    );
    await emptied(topic);
    await eventually(async () => {
      await unused.look();
      return (await topicsOf(namespace)).length === 0;
    });

    // The scheduler believes that it is there.
    await start(namespace, 'mail');
    await eventually(async () => (await topicsOf(namespace)).length === 2);
    await eventually(async () =>
      (await cluster.connection.admin.fetchTopicOffsets(topic)).some(({ high }) => high !== '0'),
    );
  });

  test('but that a worker reads stays', async () => {
    const namespace = uniqueName('read');
    const topic = taskTopic(namespace, 'mail');
    await cluster.ensureTaskTopic(topic);
    const { connection } = cluster;
    const reader = new TaskConsumer({
      connection,
      outbox,
      topic,
      groupId: taskGroup(topic),
      onRecord: () => undefined,
    });
    await reader.start();
    await eventually(() => reader.partitions.length > 0);
    const unused = lookerFor(namespace);
    for (let n = 0; n < 3; n++) await unused.look();
    expect(await topicsOf(namespace)).toHaveLength(2);

    await reader.stop();
    await eventually(async () => {
      await unused.look();
      return (await topicsOf(namespace)).length === 0;
    });
  });
});
