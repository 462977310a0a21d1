import { taskTopic } from '@ratchet/domain';
import { connectBroker, uniqueName } from '@ratchet/testing';
import { topics, topicSpecs } from '@ratchet/schemas';
import { connectCluster, type Cluster, type ClusterOptions } from './connect-cluster.ts';

const addresses = connectBroker();
const options: ClusterOptions = {
  ...addresses,
  clientId: 'protocol-test',
  createTopics: true,
  partitions: 4,
  replication: 'development',
};

let cluster: Cluster;
beforeAll(async () => {
  cluster = await connectCluster(options);
});
afterAll(() => cluster.close());

test('a service makes all topics, and finds them made', async () => {
  const { connection, partitions } = cluster;
  expect(partitions).toBe(4);
  const names = topicSpecs({ replication: 'development' }).map(({ name }) => name);
  const counts = await Promise.all(names.map((name) => connection.partitionCounts.of(name)));
  expect(counts.every((count) => count > 0)).toBe(true);
  const again = await connectCluster(options);
  await again.close();
});

test('a service that expects other partitions does not start', async () => {
  await expect(connectCluster({ ...options, partitions: 5 })).rejects.toMatchObject({ code: 'RKT1003' });
});

test('a client takes the cluster as it finds it', async () => {
  const { brokers, registryUrl } = addresses;
  const found = await connectCluster({
    brokers: brokers.join(', '),
    registryUrl,
    clientId: 'client',
    createTopics: false,
  });
  expect(found.partitions).toBe(4);
  await found.close();
});

test.each<{ given: string; wrong: Partial<ClusterOptions>; code: string }>([
  { given: 'no broker answers', wrong: { brokers: 'localhost:1' }, code: 'RKT1001' },
  { given: 'there is no address of a broker', wrong: { brokers: ' , ' }, code: 'RKT1301' },
  { given: 'there is no address of a registry', wrong: { registryUrl: '' }, code: 'RKT1301' },
])('when $given the error is $code', async ({ wrong, code }) => {
  await expect(connectCluster({ ...options, createTopics: false, ...wrong })).rejects.toMatchObject({ code });
});

test('the topic of a task queue is made once, with its dead-letter topic, however many ask', async () => {
  const topic = taskTopic('default', uniqueName('queue'));
  await Promise.all([1, 2, 3].map(() => cluster.ensureTaskTopic(topic)));
  await cluster.ensureTaskTopic(`${topic}.dlq`);
  expect(await cluster.connection.partitionCounts.of(topic)).toBeGreaterThan(0);
  expect(await cluster.connection.partitionCounts.of(`${topic}.dlq`)).toBeGreaterThan(0);
  await expect(cluster.connection.partitionCounts.of(`${topic}.dlq.dlq`)).rejects.toMatchObject({ code: 'RKT1004' });
});

test('an outbox makes a task topic that is missing', async () => {
  const outbox = cluster.createOutbox();
  const topic = taskTopic('default', uniqueName('queue'));
  expect(await outbox.send({ topic, key: 'a', value: Buffer.from('b') })).toMatchObject({ offset: 0 });
  expect(
    await outbox.send({ topic: topics.replies, key: 'nobody', partition: 0, value: Buffer.from('b') }),
  ).toMatchObject({ partition: 0 });
  await outbox.close();
});
