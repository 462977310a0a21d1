import { setTimeout as pause } from 'node:timers/promises';
import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from '../cluster/connection.ts';
import { Outbox } from '../outbox/outbox.ts';
import { TaskQueueConsumer, type TaskSource } from './task-queue-consumer.ts';
import { ensureTopics } from '../cluster/topics.ts';

const { brokers } = connectBroker();
let connection: KafkaConnection;
let outbox: Outbox;
let urgent: string;
let usual: string;
let queue: TaskQueueConsumer;
let taken: { readonly topic: string; readonly done: () => void }[];

beforeAll(async () => {
  connection = await connectKafka({ brokers, clientId: 'task-queue-test' });
});
beforeEach(async () => {
  usual = uniqueName('usual');
  urgent = uniqueName('urgent');
  taken = [];
  await createTopic(usual);
  outbox = new Outbox({ connection, steadyTopics: [usual, urgent] });
  queue = queueOf(sources());
});
afterEach(async () => {
  await queue.stop();
  await outbox.close();
});
afterAll(async () => {
  await connection.close();
});

const sources = (): TaskSource[] => [urgent, usual].map((topic) => ({ topic, groupId: `${topic}-group` }));

/** One that has one slot. */
const queueOf = (of: readonly TaskSource[]): TaskQueueConsumer =>
  new TaskQueueConsumer({
    connection,
    outbox,
    sources: of,
    sessionTimeoutMs: 6_000,
    fetchWaitMs: 50,
    commitIntervalMs: 50,
    discoverMs: 200,
    onRecord: ({ topic }, done) => {
      taken.push({ topic, done });
      queue.pause();
    },
  });

const createTopic = (name: string): Promise<unknown> =>
  ensureTopics(connection, [{ name, partitions: 1, replicationFactor: 1, config: {} }]);

async function send(topic: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) outbox.add({ topic, key: null, value: Buffer.from('') });
  await outbox.settled();
}

/** Works for 10 ms, gives the slot back, and waits until it is taken again. */
async function takeNext(): Promise<void> {
  const { length } = taken;
  await pause(10);
  taken.at(-1)?.done();
  queue.resume();
  await eventually(() => taken.length > length);
}

test('what is urgent goes before what is usual, as soon as it is here', async () => {
  await createTopic(urgent);
  await send(usual, 100);
  await queue.start();
  await eventually(() => taken.length === 1);
  expect(taken[0]?.topic).toBe(usual);
  await send(urgent, 5);
  while (taken.at(-1)?.topic === usual && taken.length < 100) await takeNext();
  for (let index = 0; index < 5; index++) await takeNext();
  const order = taken.slice(-6).map(({ topic }) => topic);
  expect(order).toEqual([urgent, urgent, urgent, urgent, urgent, usual]);
});

test('a topic that comes to exist later is found, and the others go on meanwhile', async () => {
  await queue.start();
  expect(queue.partitionsOf(urgent)).toEqual([]);
  await createTopic(urgent);
  await send(urgent, 1);
  await eventually(() => taken.length === 1);
  expect(taken[0]?.topic).toBe(urgent);
  await send(usual, 1);
  await takeNext();
  expect(taken[1]?.topic).toBe(usual);
});

test('after stop nothing is handed out, and what was not done comes again', async () => {
  await send(usual, 2);
  await queue.start();
  await eventually(() => taken.length === 1);
  await queue.stop();
  queue.resume();
  expect(taken).toHaveLength(1);
});

test('a topic that cannot be read is told of, and does not hold up the others', async () => {
  await createTopic(urgent);
  await send(usual, 1);
  // kafkajs refuses a group without a name.
  queue = queueOf(sources().map((source) => (source.topic === urgent ? { ...source, groupId: '' } : source)));
  await expect(queue.start()).rejects.toThrow('groupId');
  await eventually(() => taken.length === 1);
  expect(taken[0]?.topic).toBe(usual);
});
