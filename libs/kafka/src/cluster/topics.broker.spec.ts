import { connectBroker, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from './connection.ts';
import { type TopicSpec, ensureTopics, verifyTopics } from './topics.ts';

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

test('a setting that the broker does not take is RKT1004, in its own words, with the way out', async () => {
  const name = uniqueName('managed');
  const refused = ensureTopics(connection, [spec(name, { config: { 'segment.bytes': '-5' } })]);
  await expect(refused).rejects.toThrow(/RKT1004.* refuse: .*\(.*segment\.bytes.*\).*RATCHET_TOPICS=verify/);
  await expect(refused).rejects.toMatchObject({ retryable: false });
});

test('replicas are for who makes a topic: one that is there is taken with its own, and the log says so', async () => {
  const lines: string[] = [];
  const log = (_level: string, message: string): void => void lines.push(message);
  const loud = await connectKafka({ brokers, clientId: 'topics-test', log });
  const name = uniqueName('replicas');
  const config = { 'min.insync.replicas': '1' };
  await ensureTopics(loud, [spec(name, { config })]);
  expect(lines.filter((line) => line.includes(name))).toEqual([]);
  await ensureTopics(loud, [spec(name, { replicationFactor: 3, config: { 'min.insync.replicas': '2' } })]);
  await loud.close();
  expect(lines.filter((line) => line.includes(name))).toEqual([
    `topic ${name} is not as it would be made: replicas=1 in place of 3, min.insync.replicas=1 in place of 2; it is taken as it is`,
  ]);
});

describe('topics that someone else makes', () => {
  const wanted = (name: string): TopicSpec =>
    spec(name, {
      config: { 'cleanup.policy': 'delete', 'retention.ms': '60000', 'segment.bytes': '20000000' },
      needs: ['partitions', 'cleanup.policy', 'retention.ms'],
    });

  test('are missed together, and none is made', async () => {
    const names = [uniqueName('missing'), uniqueName('missing')] as const;
    const verifying = verifyTopics(connection, names.map(wanted));
    await expect(verifying).rejects.toThrow(`topics ${names.join(', ')}, but the brokers do not know them: make them`);
    await expect(verifying).rejects.toMatchObject({ code: 'RKT1004' });
    expect(await connection.admin.listTopics()).not.toContain(names[0]);
  });

  test('are taken as they are where they have what is needed, and the log says what else differs', async () => {
    const lines: string[] = [];
    const log = (_level: string, message: string): void => void lines.push(message);
    const loud = await connectKafka({ brokers, clientId: 'topics-test', log });
    const name = uniqueName('other');
    await ensureTopics(loud, [spec(name, { config: { 'retention.ms': '90000', 'segment.bytes': '60000000' } })]);
    await verifyTopics(loud, [wanted(name)]);
    await loud.close();
    expect(lines.filter((line) => line.includes(name))).toEqual([
      `topic ${name} is not as it would be made: retention.ms=90000 in place of 60000, segment.bytes=60000000 in place of 20000000; it is taken as it is`,
    ]);
  });

  test('are refused for what they lack of it, all together', async () => {
    const [one, other] = [uniqueName('short'), uniqueName('short')] as const;
    await ensureTopics(connection, [
      spec(one, { partitions: 3, config: { 'retention.ms': '59999' } }),
      spec(other, { config: { 'cleanup.policy': 'compact', 'retention.ms': '60000' } }),
    ]);
    const verifying = verifyTopics(connection, [wanted(one), wanted(other)]);
    await expect(verifying).rejects.toThrow(
      `Expected to find the topic ${one} with partitions=2, but it has partitions=3; ` +
        `the topic ${one} with retention.ms=60000 or more, but it has retention.ms=59999; ` +
        `the topic ${other} with cleanup.policy=delete, but it has cleanup.policy=compact`,
    );
    await expect(verifying).rejects.toMatchObject({ code: 'RKT1003', retryable: false });
  });
});
