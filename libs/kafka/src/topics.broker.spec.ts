import { connectBroker, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from './connection.ts';
import type { TopicSpec } from './topic-difference.ts';
import { ensureTopics, verifyTopics } from './topics.ts';

const { brokers } = connectBroker();
let connection: KafkaConnection;
beforeAll(async () => {
  connection = await connectKafka({ brokers, clientId: 'topics-test' });
});
afterAll(async () => {
  await connection.close();
});

const spec = (name: string, more: Partial<TopicSpec> = {}): TopicSpec => ({
  name,
  partitions: 2,
  replicationFactor: 1,
  config: { 'cleanup.policy': 'compact,delete', 'message.timestamp.type': 'LogAppendTime' },
  ...more,
});

test('topics are made as their specs say, and found so the next time, whatever the order of a policy', async () => {
  const [first, second] = [uniqueName('made'), uniqueName('made')];
  await ensureTopics(connection, [spec(first), spec(second, { partitions: 3 })]);
  expect(await connection.partitionCounts.of(second)).toBe(3);
  const again = { config: { 'cleanup.policy': 'delete, compact', 'message.timestamp.type': 'LogAppendTime' } };
  await ensureTopics(connection, [spec(first, again), spec(second, { partitions: 3 })]);
});

test('several instances may make the same topics at once', async () => {
  const names = [uniqueName('race'), uniqueName('race')];
  await Promise.all(
    [1, 2, 3].map(() =>
      ensureTopics(
        connection,
        names.map((name) => spec(name)),
      ),
    ),
  );
  expect(await connection.admin.listTopics()).toEqual(expect.arrayContaining(names));
});

test.each<{ differs: string; existing: Partial<TopicSpec>; says: RegExp }>([
  { differs: 'partitions', existing: { partitions: 5 }, says: /with partitions=2, but it has partitions=5/ },
  {
    differs: 'cleanup.policy',
    existing: { config: { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' } },
    says: /with cleanup.policy=compact,delete, but it has cleanup.policy=delete/,
  },
  {
    differs: 'message.timestamp.type',
    existing: { config: { 'cleanup.policy': 'compact,delete' } },
    says: /with message.timestamp.type=LogAppendTime, but it has message.timestamp.type=CreateTime/,
  },
])('a topic that exists with other $differs is refused, and named', async ({ existing, says }) => {
  const name = uniqueName('other');
  await ensureTopics(connection, [spec(name, existing)]);
  const refused = ensureTopics(connection, [spec(name)]);
  await expect(refused).rejects.toThrow(says);
  await expect(refused).rejects.toMatchObject({ code: 'RKT1003', retryable: false });
});

test('a topic that the broker does not make is RKT1004, with its reason', async () => {
  const impossible = ensureTopics(connection, [spec(uniqueName('impossible'), { replicationFactor: 99 })]);
  await expect(impossible).rejects.toThrow(/RKT1004.*but the brokers refuse: .*eplication/);
});
