import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from './connection.ts';
import { Outbox } from '../outbox/outbox.ts';
import type { InputRecord } from '../record.ts';
import { StateWriter } from '../outbox/state-writer.ts';
import { TaskConsumer } from '../consumers/task-consumer.ts';
import { readTopic } from '../testing/index.ts';
import { ensureTopics } from './topics.ts';

const { brokers } = connectBroker();
const topic = uniqueName('ratchet.shared');
const prefixes = [`${uniqueName('a')}.`, `${uniqueName('b')}.`] as const;

let one: KafkaConnection;
let other: KafkaConnection;
let plain: KafkaConnection;

const connect = (prefix?: string): Promise<KafkaConnection> =>
  connectKafka({ brokers, clientId: 'prefixed-test', prefix });

beforeAll(async () => {
  [one, other, plain] = await Promise.all([connect(prefixes[0]), connect(prefixes[1]), connect()]);
  const specs = [topic, `${topic}.dlq`].map((name) => ({ name, partitions: 1, replicationFactor: 1, config: {} }));
  await ensureTopics(one, specs);
  await ensureTopics(other, specs);
});

afterAll(async () => {
  await Promise.all([one, other, plain].map((connection) => connection.close()));
});

const valuesOf = (records: readonly InputRecord[]): readonly string[] => records.map(({ value }) => String(value));

test('two installations have a topic each of the same name, and neither reads what the other has written', async () => {
  for (const connection of [one, other]) {
    const outbox = new Outbox({ connection, steadyTopics: [topic] });
    await outbox.send({ topic, key: 'a', value: Buffer.from(connection.prefix) });
    await outbox.close();
    const [read] = await readTopic(connection, topic);
    expect(read).toMatchObject({ topic, value: Buffer.from(connection.prefix) });
  }
  const names = (await plain.admin.listTopics()).filter((name) => name.endsWith(topic));
  expect(names.toSorted()).toEqual(prefixes.map((prefix) => prefix + topic).toSorted());
  expect(valuesOf(await readTopic(plain, prefixes[0] + topic))).toEqual([prefixes[0]]);
});

test('a transactional id of the same name fences nobody but its own installation', async () => {
  const fence = (connection: KafkaConnection): Promise<StateWriter> =>
    StateWriter.fence({ connection, transactionalId: 'ratchet-scheduler-0', topics: [topic], partition: 0 });
  const record = (value: string) => ({ topic, key: 'state', value: Buffer.from(value) });
  const first = await fence(one);
  const neighbour = await fence(other);
  await first.write([record('still mine')]);
  await neighbour.write([record('mine, too')]);
  const second = await fence(one);
  await expect(first.write([record('too late')])).rejects.toThrow();
  await second.write([record('mine now')]);
  expect(valuesOf(await readTopic(one, topic))).toEqual([prefixes[0], 'still mine', 'mine now']);
  for (const writer of [first, neighbour, second]) writer.discard();
});

test('a group of the same name is another one: each commits its own offsets', async () => {
  const groupId = uniqueName('ratchet.workers');
  const connection = one;
  const outbox = new Outbox({ connection, steadyTopics: [topic] });
  const taken: string[] = [];
  const consumer = new TaskConsumer({
    connection,
    groupId,
    topic,
    outbox,
    onRecord: ({ value }, done) => {
      taken.push(String(value));
      done();
    },
  });
  await consumer.start();
  await eventually(() => taken.includes('mine now'), { deadlineMs: 30_000 });
  await consumer.stop();
  await outbox.close();
  const committed = async ({ admin }: KafkaConnection): Promise<string | undefined> =>
    (await admin.fetchOffsets({ groupId, topics: [topic] }))[0]?.partitions[0]?.offset;
  expect(Number(await committed(one))).toBeGreaterThan(0);
  expect(await committed(other)).toBe('-1');
  const { groups } = await plain.admin.listGroups();
  expect(groups.map((group) => group.groupId)).toContain(prefixes[0] + groupId);
  expect(groups.map((group) => group.groupId)).not.toContain(groupId);
});

test('a dead letter says where it stood as Kafka knows it, and people are told of real names', async () => {
  const log: unknown[] = [];
  const connection = await connectKafka({
    brokers,
    clientId: 'prefixed-test',
    prefix: prefixes[0],
    log: (level, message, fields) => level === 'error' && log.push([message, fields?.['topic']]),
  });
  const outbox = new Outbox({ connection, steadyTopics: [topic, `${topic}.dlq`] });
  outbox.add({ topic, partition: 7, key: 'a', value: null });
  await outbox.settled();
  await outbox.close();
  const [letter] = await readTopic(connection, `${topic}.dlq`);
  await connection.close();
  const realName = prefixes[0] + topic;
  expect(String(letter?.headers['ratchet-dlq-topic'])).toBe(realName);
  expect(String(letter?.headers['ratchet-dlq-reason'])).toContain(`partition 7 of ${realName}, but it has 1`);
  expect(log).toEqual([[expect.stringContaining(`partition 7 of ${realName}`), realName]]);
});

test('a name that has no room beside the prefix is refused before Kafka is asked', async () => {
  const name = 'ratchet.'.padEnd(249, 'x');
  const ensuring = ensureTopics(one, [{ name, partitions: 1, replicationFactor: 1, config: {} }]);
  await expect(ensuring).rejects.toMatchObject({
    code: 'RKT1004',
    retryable: false,
    message: expect.stringMatching(/its name has \d+ characters, and Kafka takes 249/) as string,
  });
});

test('a prefix that is none is refused', async () => {
  await expect(connect('team a')).rejects.toThrow(/RKT1301.*prefix of names as 1 to 40 .* but got 'team a'/);
});
