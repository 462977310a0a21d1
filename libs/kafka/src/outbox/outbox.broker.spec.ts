import { setImmediate as nextTurn } from 'node:timers/promises';
import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from '../cluster/connection.ts';
import { OperationalError } from '../errors.ts';
import { Outbox, type OutboxOptions } from './outbox.ts';
import { partitionFor } from './partitioner.ts';
import { apiKeys, KafkaProxy } from '../testing/kafka-proxy.ts';
import { readTopic } from '../testing/read-topic.ts';
import { ensureTopics } from '../cluster/topics.ts';

const { brokers } = connectBroker();
const [broker = ''] = brokers;
const MiB = 1024 * 1024;
let connection: KafkaConnection;
const outboxes: Outbox[] = [];

beforeAll(async () => {
  connection = await connectKafka({ brokers, clientId: 'outbox-test', requestTimeoutMs: 3000 });
});
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
});
afterAll(async () => {
  await connection.close();
});

async function newTopic(partitions = 3, config: Record<string, string> = {}): Promise<string> {
  const name = uniqueName('outbox');
  await ensureTopics(connection, [{ name, partitions, replicationFactor: 1, config }]);
  return name;
}
function newOutbox(options: Partial<OutboxOptions> & { steadyTopics: string[] }): Outbox {
  const outbox = new Outbox({ connection, ...options });
  outboxes.push(outbox);
  return outbox;
}
const text = (value: string): Buffer => Buffer.from(value);
const texts = async (topic: string): Promise<string[]> =>
  (await readTopic(connection, topic)).map(({ value }) => String(value));

test('writes what was added in its order, with key, headers and the partition of the Java client', async () => {
  const topic = await newTopic();
  const outbox = newOutbox({ steadyTopics: [topic] });
  for (let index = 0; index < 5000; index++) {
    outbox.add({ topic, key: `key-${String(index % 7)}`, value: text(String(index)), headers: { n: String(index) } });
  }
  expect(outbox.pendingBytes).toBeGreaterThan(0);
  await outbox.settled();
  expect(outbox.pendingBytes).toBe(0);

  const records = await readTopic(connection, topic);
  expect(records).toHaveLength(5000);
  const last = new Map<string | null, number>();
  for (const { key, partition, value, headers } of records) {
    expect(partition).toBe(partitionFor(key ?? '', 3));
    expect(String(headers['n'])).toBe(String(value));
    expect(Number(value)).toBeGreaterThan(last.get(key) ?? -1);
    last.set(key, Number(value));
  }
});

test('tells where a record came to stand, and spreads records without a key', async () => {
  const topic = await newTopic();
  const outbox = newOutbox({ steadyTopics: [topic] });
  const sent = await Promise.all(
    Array.from({ length: 9 }, (_, index) => outbox.send({ topic, key: null, value: text(String(index)) })),
  );
  expect(new Set(sent.map(({ partition }) => partition)).size).toBe(3);
  for (const record of await readTopic(connection, topic)) {
    // A broker that takes a batch for one it has already tells its time, too.
    expect(sent[Number(record.value)]).toMatchObject({ partition: record.partition, offset: record.offset });
  }
});

test('cuts by bytes: more than a batch may take goes in several', async () => {
  const topic = await newTopic(1, { 'max.message.bytes': String(4 * MiB) });
  const outbox = newOutbox({ steadyTopics: [topic] });
  for (let index = 0; index < 12; index++) outbox.add({ topic, key: String(index), value: Buffer.alloc(MiB, index) });
  await outbox.settled();
  const records = await readTopic(connection, topic);
  expect(records.map(({ key }) => key)).toEqual(Array.from({ length: 12 }, (_, index) => String(index)));
});

test.each<{ name: string; code: string; bad: (topic: string) => { topic: string; partition?: number; value: Buffer } }>(
  [
    { name: 'larger than a batch may be', code: 'RKT1006', bad: (topic) => ({ topic, value: Buffer.alloc(16 * MiB) }) },
    { name: 'refused by the broker as too large', code: '', bad: (topic) => ({ topic, value: Buffer.alloc(2 * MiB) }) },
    {
      name: 'for a partition that is not there',
      code: 'RKT1004',
      bad: (topic) => ({ topic, partition: 99, value: text('x') }),
    },
    { name: 'no bytes at all', code: 'RKT1006', bad: (topic) => ({ topic, value: 17 as unknown as Buffer }) },
  ],
)('one record that is $name goes to the dead letters, and stops nothing else', async ({ bad, code }) => {
  // The broker's default limit is 1 MiB, which the outbox does not know.
  const topic = await newTopic();
  await newTopicNamed(`${topic}.dlq`);
  const unsendable: string[] = [];
  const dead: string[] = [];
  const outbox = newOutbox({
    steadyTopics: [topic, `${topic}.dlq`],
    metrics: {
      unsendable: (_topic, error) => unsendable.push(error.message),
      deadLettered: (of) => dead.push(of),
    },
  });
  for (let index = 0; index < 50; index++)
    outbox.add({ topic, key: String(index), value: text(`before ${String(index)}`) });
  outbox.add({ key: 'bad', ...bad(topic) });
  for (let index = 0; index < 50; index++)
    outbox.add({ topic, key: String(index), value: text(`after ${String(index)}`) });
  await outbox.settled();

  const written = await texts(topic);
  expect(new Set(written).size).toBe(100);
  const letters = await readTopic(connection, `${topic}.dlq`);
  expect(letters).toHaveLength(1);
  expect(letters[0]?.key).toBe('bad');
  expect(String(letters[0]?.headers['ratchet-dlq-topic'])).toBe(topic);
  expect(String(letters[0]?.headers['ratchet-dlq-reason'])).toContain(code);
  expect(unsendable[0]).toContain(code);
  expect(dead).toEqual([topic]);
});

async function newTopicNamed(name: string): Promise<void> {
  await ensureTopics(connection, [{ name, partitions: 1, replicationFactor: 1, config: {} }]);
}

test('who waits for a record that cannot be sent is told, and no dead letter is written', async () => {
  const topic = await newTopic();
  const outbox = newOutbox({ steadyTopics: [topic] });
  const sent = outbox.send({ topic, key: 'a', value: Buffer.alloc(16 * MiB) });
  await expect(sent).rejects.toThrow(/RKT1006.*takes 167\d+ bytes, and a record may take/);
  await expect(outbox.send({ topic, key: 'a', value: text('small') })).resolves.toMatchObject({ offset: 0 });
});

test('a topic that is new while another new one is looked up has its records sent, too', async () => {
  const topics = await Promise.all(Array.from({ length: 8 }, () => newTopic(1)));
  const outbox = newOutbox({ steadyTopics: [] });
  const sending: Promise<unknown>[] = [];
  for (const topic of topics) {
    sending.push(outbox.send({ topic, key: 'a', value: text(topic) }));
    // The look-up of the first begins, and goes on while the others come.
    await nextTurn();
  }
  await expect(Promise.all(sending)).resolves.toHaveLength(topics.length);
});

describe('a topic that comes and goes', () => {
  test('is made when it is missing, and its records wait for it', async () => {
    const topic = uniqueName('volatile');
    const asked: string[] = [];
    const outbox = newOutbox({
      steadyTopics: [],
      ensureTopic: (name) => {
        asked.push(name);
        return newTopicNamed(name);
      },
    });
    outbox.add({ topic, key: 'a', value: text('first') });
    await outbox.settled();
    expect(asked).toEqual([topic]);
    expect(await texts(topic)).toEqual(['first']);
  });

  test('is made again when it was deleted, while other topics go on', async () => {
    const [gone, steady] = [await newTopic(1), await newTopic(1)];
    const outbox = newOutbox({ steadyTopics: [steady], ensureTopic: newTopicNamed });
    await outbox.send({ topic: gone, key: 'a', value: text('before') });
    await connection.admin.deleteTopics({ topics: [gone] });
    await eventually(async () => !(await connection.admin.listTopics()).includes(gone));

    outbox.add({ topic: gone, key: 'a', value: text('after') });
    await outbox.send({ topic: steady, key: 'a', value: text('steady') });
    await outbox.settled();
    expect(await texts(gone)).toEqual(['after']);
    expect(await texts(steady)).toEqual(['steady']);
  });

  test('that takes long to be made holds up nobody else, and comes before who waits until all is settled', async () => {
    const [slow, known, other] = [uniqueName('slow'), await newTopic(1), await newTopic(1)];
    await connection.partitionCounts.of(known);
    const [asked, made] = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
    const outbox = newOutbox({
      steadyTopics: [],
      ensureTopic: async (name) => {
        asked.resolve(undefined);
        await made.promise;
        await newTopicNamed(name);
      },
    });
    outbox.add({ topic: slow, key: 'a', value: text('first') });
    await asked.promise;
    outbox.add({ topic: slow, key: 'a', value: text('second') });
    let isSettled = false;
    const settled = outbox.settled().then(() => (isSettled = true));
    for (const topic of [known, other]) await outbox.send({ topic, key: 'a', value: text('at once') });
    expect(isSettled).toBe(false);
    made.resolve(undefined);
    await settled;
    expect(await texts(slow)).toEqual(['first', 'second']);
    expect(outbox.pendingBytes).toBe(0);
  });

  test('that is waited for when the outbox is closed is waited for no longer', async () => {
    const outbox = newOutbox({ steadyTopics: [], ensureTopic: () => new Promise(() => undefined) });
    const sent = outbox.send({ topic: uniqueName('slow'), key: 'a', value: text('never') });
    const refused = expect(sent).rejects.toThrow(/RKT1201/);
    await outbox.close(200);
    await refused;
  });

  test('that nobody can make costs only its own records', async () => {
    const [missing, there] = [uniqueName('missing'), await newTopic(1)];
    const lost: string[] = [];
    const outbox = newOutbox({
      steadyTopics: [],
      ensureTopic: () => Promise.reject(new OperationalError('Expected to make it, but may not', 'RKT1004', false)),
      replaceUnsendable: ({ topic }) => void lost.push(topic),
    });
    outbox.add({ topic: missing, key: 'a', value: text('lost') });
    outbox.add({ topic: there, key: 'a', value: text('there') });
    await outbox.settled();
    expect(lost).toEqual([missing]);
    expect(await texts(there)).toEqual(['there']);
  });
});

describe('when the way to the broker is bad', () => {
  test('everything arrives, in order, once connections hold again', async () => {
    const topic = await newTopic(1);
    const proxy = await KafkaProxy.start(broker);
    const far = await connectKafka({ brokers: [proxy.address], clientId: 'far', requestTimeoutMs: 300 });
    const failures: string[] = [];
    const outbox = newOutbox({
      connection: far,
      steadyTopics: [topic],
      metrics: { sendFailed: (_lane, error) => failures.push(error.message) },
    });
    // Until kafkajs has given up by itself, and the lane sends the same again with a new producer.
    proxy.decide = ({ apiKey }) => (apiKey === apiKeys.produce && failures.length === 0 ? 'swallow-answer' : 'forward');
    for (let round = 0; round < 20; round++) {
      for (let index = 0; index < 50; index++) outbox.add({ topic, key: 'a', value: text(String(round * 50 + index)) });
      if (round % 5 === 2) proxy.cut();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await outbox.settled();
    await outbox.close();
    await far.close();
    await proxy.stop();

    const numbers = (await texts(topic)).map(Number);
    const first = numbers.filter((number, index) => numbers.indexOf(number) === index);
    expect(first).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(failures.length).toBeGreaterThan(0);
  });

  test('closing gives up after its time, and tells who waits', async () => {
    const topic = await newTopic(1);
    const proxy = await KafkaProxy.start(broker);
    const far = await connectKafka({ brokers: [proxy.address], clientId: 'far', requestTimeoutMs: 1000 });
    await far.partitionCounts.of(topic);
    proxy.decide = () => 'hold';
    const outbox = newOutbox({ connection: far, steadyTopics: [topic] });
    const sent = outbox.send({ topic, key: 'a', value: text('never') });
    const refused = expect(sent).rejects.toThrow(/RKT1201/);
    await new Promise((resolve) => setTimeout(resolve, 50));
    outbox.add({ topic, key: 'a', value: text('never') });
    await outbox.close(200);
    await refused;
    await expect(outbox.send({ topic, key: 'a', value: text('late') })).rejects.toThrow(/outbox is closed/);
    await proxy.stop();
    await far.close();
  });
});

test('a broker that is not there is named', async () => {
  const nobody = connectKafka({ brokers: ['127.0.0.1:1'], clientId: 'nobody' });
  await expect(nobody).rejects.toThrow(/\[RKT1001\] Expected to reach Kafka at 127.0.0.1:1, but no broker answers/);
});
