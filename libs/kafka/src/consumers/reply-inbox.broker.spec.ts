import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from '../cluster/connection.ts';
import { PoisonousRecordError } from '../errors.ts';
import { Outbox } from '../outbox/outbox.ts';
import type { InputRecord } from '../record.ts';
import { ReplyInbox } from './reply-inbox.ts';
import { KafkaProxy } from '../testing/kafka-proxy.ts';
import { readTopic } from '../testing/read-topic.ts';
import { ensureTopics } from '../cluster/topics.ts';

const { brokers } = connectBroker();
const [broker = ''] = brokers;
const topic = uniqueName('replies');
let connection: KafkaConnection;
let outbox: Outbox;

beforeAll(async () => {
  connection = await connectKafka({ brokers, clientId: 'inbox-test' });
  await ensureTopics(connection, [{ name: topic, partitions: 3, replicationFactor: 1, config: {} }]);
  outbox = new Outbox({ connection, steadyTopics: [topic] });
});
afterAll(async () => {
  await outbox.close();
  await connection.close();
});
const reply = (value: string, partition = 1): Promise<unknown> =>
  outbox.send({ topic, key: 'a', partition, value: Buffer.from(value) });

async function openInbox(at: KafkaConnection, onRecord: (record: InputRecord) => void): Promise<ReplyInbox> {
  const inbox = new ReplyInbox({ connection: at, topic, partition: 1, onRecord, sessionTimeoutMs: 6000 });
  await inbox.open();
  return inbox;
}

test('delivers what comes to its partition after it was opened, in order, and nothing else', async () => {
  await reply('before');
  const values: string[] = [];
  const inbox = await openInbox(connection, ({ value }) => values.push(String(value)));
  await Promise.all([reply('1'), reply('elsewhere', 0), reply('2'), reply('elsewhere', 2), reply('3')]);
  await eventually(() => values.length >= 3);
  expect(values).toEqual(['1', '2', '3']);
  await inbox.close();
});

test('what was sent before the first fetch is not missed', async () => {
  const values: string[] = [];
  const opening = new ReplyInbox({
    connection,
    topic,
    partition: 1,
    onRecord: ({ value }) => {
      values.push(String(value));
    },
  });
  await opening.open();
  await reply('at once');
  await eventually(() => values.includes('at once'));
  await opening.close();
});

test('a reply that is not understood does not stop the next', async () => {
  const values: string[] = [];
  const inbox = await openInbox(connection, ({ value }) => {
    if (String(value) === 'nonsense') throw new Error('nonsense');
    values.push(String(value));
  });
  await reply('nonsense');
  await reply('sense');
  await eventually(() => values.includes('sense'));
  await inbox.close();
});

test('what can never be read goes to the dead letters, by its reader alone, and the next is delivered', async () => {
  await ensureTopics(connection, [{ name: `${topic}.dlq`, partitions: 1, replicationFactor: 1, config: {} }]);
  const values: string[] = [];
  const onRecord = async ({ value }: InputRecord): Promise<void> => {
    if (String(value) === 'nonsense') throw new PoisonousRecordError('no schema has this id');
    values.push(await Promise.resolve(String(value)));
  };
  const options = { connection, topic, partition: 1, outbox, onRecord, sessionTimeoutMs: 6000 };
  const inbox = new ReplyInbox({ ...options, isOurs: ({ key }) => key === 'a' });
  const other = new ReplyInbox({ ...options, isOurs: ({ key }) => key === 'b' });
  await Promise.all([inbox.open(), other.open()]);
  await reply('nonsense');
  const headers = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`h${String(index)}`, 'x']));
  await outbox.send({ topic, key: 'a', partition: 1, value: Buffer.from('10,000 headers'), headers });
  await reply('sense');
  await eventually(() => values.includes('sense'));
  expect(values).toEqual(['sense']);
  // They are sent beside what is delivered.
  const said = await eventually(async () => {
    const letters = await readTopic(connection, `${topic}.dlq`);
    if (letters.length < 2) throw new Error(`Expected two dead letters, but there are ${String(letters.length)}`);
    return letters.map(({ value, headers: { 'ratchet-dlq-reason': reason } }) => [String(value), String(reason)]);
  });
  expect(Object.fromEntries(said)).toEqual({
    nonsense: 'no schema has this id',
    '10,000 headers': 'Expected a record to have at most 200 headers, but it has 10000',
  });
  expect(said).toHaveLength(2);
  await Promise.all([inbox.close(), other.close()]);
});

test('a lost connection loses no reply and repeats none', async () => {
  const proxy = await KafkaProxy.start(broker);
  const far = await connectKafka({ brokers: [proxy.address], clientId: 'far', requestTimeoutMs: 2000 });
  const values: string[] = [];
  const inbox = await openInbox(far, ({ value }) => values.push(String(value)));
  const sent: string[] = [];
  for (let index = 0; index < 40; index++) {
    sent.push(String(index));
    await reply(String(index));
    if (index % 15 === 7) proxy.cut();
  }
  await eventually(() => values.length >= sent.length, { deadlineMs: 30_000 });
  expect(values).toEqual(sent);
  await inbox.close();
  await far.close();
  await proxy.stop();
});

test('leaves no group behind', async () => {
  const inbox = await openInbox(connection, () => undefined);
  const groups = async (): Promise<string[]> =>
    (await connection.admin.listGroups()).groups
      .map(({ groupId }) => groupId)
      .filter((id) => id.startsWith(`${topic}.`));
  expect(await groups()).toHaveLength(1);
  await inbox.close();
  await eventually(async () => (await groups()).length === 0);
});

test('a partition that is not there is refused', async () => {
  const inbox = new ReplyInbox({ connection, topic, partition: 7, onRecord: () => undefined });
  await expect(inbox.open()).rejects.toThrow(/RKT1004.*partition 7 of .*, but it has 3 partitions/);
});
