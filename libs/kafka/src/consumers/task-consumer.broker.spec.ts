import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka, type KafkaConnection } from '../cluster/connection.ts';
import { Outbox } from '../outbox/outbox.ts';
import { TaskConsumer, type TaskConsumerOptions } from './task-consumer.ts';
import { readTopic } from '../testing/read-topic.ts';
import { ensureTopics } from '../cluster/topics.ts';

const { brokers } = connectBroker();
let connection: KafkaConnection;
let topic: string;
let outbox: Outbox;
let groupId: string;
const consumers: TaskConsumer[] = [];

/** A task that was handed out: its value, and how to settle it. */
interface Task {
  readonly value: string;
  readonly partition: number;
  readonly done: () => void;
}

beforeAll(async () => {
  connection = await connectKafka({ brokers, clientId: 'tasks-test' });
});
beforeEach(async () => {
  topic = uniqueName('tasks');
  groupId = uniqueName('workers');
  const config = { 'max.message.bytes': String(4 * 1024 * 1024) };
  await ensureTopics(connection, [{ name: topic, partitions: 4, replicationFactor: 1, config }]);
  outbox = new Outbox({ connection, steadyTopics: [topic] });
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.stop()));
  await outbox.close();
});
afterAll(async () => {
  await connection.close();
});

async function send(from: number, to: number, partition?: number): Promise<void> {
  const at = partition === undefined ? {} : { partition };
  for (let index = from; index < to; index++)
    outbox.add({ topic, key: null, value: Buffer.from(String(index)), ...at });
  await outbox.settled();
}

async function startConsumer(
  take: (task: Task) => void,
  options: Partial<TaskConsumerOptions> = {},
): Promise<TaskConsumer> {
  const consumer = new TaskConsumer({
    connection,
    outbox,
    groupId,
    topic,
    sessionTimeoutMs: 6000,
    fetchWaitMs: 50,
    commitIntervalMs: 50,
    onRecord: ({ value, partition }, done) => take({ value: String(value), partition, done }),
    ...options,
  });
  consumers.push(consumer);
  await consumer.start();
  return consumer;
}

async function committed(): Promise<number> {
  const [offsets] = await connection.admin.fetchOffsets({ groupId, topics: [topic] });
  return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

test('a record of thousands of headers is dead-lettered and done, and stops nobody', async () => {
  await ensureTopics(connection, [{ name: `${topic}.dlq`, partitions: 1, replicationFactor: 1, config: {} }]);
  const headers = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`h${String(index)}`, 'x']));
  await outbox.send({ topic, key: null, value: Buffer.from('headers'), partition: 0, headers });
  await send(0, 20);
  const taken: string[] = [];
  await startConsumer(({ value, done }) => {
    taken.push(value);
    done();
  });
  await eventually(async () => (await committed()) === 21);
  expect(taken).toHaveLength(20);
  const [letter] = await readTopic(connection, `${topic}.dlq`);
  expect(String(letter?.headers['ratchet-dlq-reason'])).toMatch(/at most 200 headers, but it has 10000/);
});

test('one batch of 200,000 records is handed out whole, record by record', async () => {
  const client = connection.createClient();
  const producer = client.producer({});
  await producer.connect();
  const messages = Array.from({ length: 200_000 }, () => ({ key: null, value: null, partition: 0 }));
  await producer.send({ topic, messages });
  client.cut();
  let count = 0;
  await startConsumer(({ done }) => {
    count++;
    done();
  });
  await eventually(async () => (await committed()) === 200_000, { deadlineMs: 60_000 });
  expect(count).toBe(200_000);
});

test('starts from the earliest record and commits what is done', async () => {
  await send(0, 100);
  const values = new Set<string>();
  await startConsumer(({ value, done }) => {
    values.add(value);
    done();
  });
  await eventually(() => values.size === 100);
  await eventually(async () => (await committed()) === 100);
});

test('one slow record holds up no other, and nothing behind it is committed', async () => {
  const slow: Task[] = [];
  let others = 0;
  const consumer = await startConsumer((task) => {
    if (task.value === '3') slow.push(task);
    else {
      others++;
      task.done();
    }
  });
  await send(0, 200, 0);
  await eventually(() => others === 199);
  await eventually(async () => (await committed()) === 3);
  expect(consumer.underWay).toBeGreaterThan(0);
  slow[0]?.done();
  slow[0]?.done();
  await eventually(async () => (await committed()) === 200);
  expect(consumer.underWay).toBe(0);
});

test('hands out no more of a partition than its window, and goes on as they are done', async () => {
  const tasks: Task[] = [];
  await startConsumer((task) => tasks.push(task), { windowMax: 10 });
  await send(0, 100, 2);
  await eventually(() => tasks.length === 10);
  for (let round = 1; round < 10; round++) {
    for (const task of tasks.slice(-10)) task.done();
    await eventually(() => tasks.length === (round + 1) * 10);
  }
  expect(tasks.map(({ value }) => value)).toEqual(Array.from({ length: 100 }, (_, index) => String(index)));
});

test('hands out nothing while it is paused, and takes partitions in turns', async () => {
  const tasks: Task[] = [];
  const consumer = await startConsumer((task) => {
    tasks.push(task);
    if (tasks.length % 4 === 0) consumer.pause();
  });
  await send(0, 40);
  await eventually(() => tasks.length === 4);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(tasks).toHaveLength(4);
  consumer.resume();
  expect(tasks).toHaveLength(8);
  expect(new Set(tasks.slice(4).map(({ partition }) => partition)).size).toBe(4);
});

test('fetches ahead while records wait: each is here when its turn comes', async () => {
  const tasks: Task[] = [];
  const consumer = await startConsumer((task) => {
    tasks.push(task);
    consumer.pause();
  });
  await send(0, 2, 1);
  await eventually(() => tasks.length === 1);
  await send(2, 4, 1);
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let round = 0; round < 3; round++) consumer.resume();
  expect(tasks.map(({ value }) => value)).toEqual(['0', '1', '2', '3']);
});

test('a record whose handler throws counts as done', async () => {
  await send(0, 5, 1);
  await startConsumer(({ value, done }) => {
    if (value === '2') throw new Error('cannot take it');
    done();
  });
  await eventually(async () => (await committed()) === 5);
});

test('partitions move to a second member, with what was not done, and stay where they are otherwise', async () => {
  const held: Task[] = [];
  const revoked: number[] = [];
  const first = await startConsumer((task) => held.push(task), {
    onRevoked: (partitions) => revoked.push(...partitions),
  });
  await send(0, 40);
  await eventually(() => held.length === 40);

  const again: Task[] = [];
  const second = await startConsumer((task) => again.push(task));
  await eventually(() => first.partitions.length === 2 && second.partitions.length === 2, { deadlineMs: 20_000 });
  expect(revoked.toSorted()).toEqual([...second.partitions]);
  await eventually(() => again.length === 20);
  expect(new Set(again.map(({ partition }) => partition))).toEqual(new Set(second.partitions));
  // What stayed is not handed out a second time, and what went is not committed by its former holder.
  expect(held).toHaveLength(40);
  for (const task of held) task.done();
  await eventually(async () => (await committed()) === 20);
  for (const task of again) task.done();
  await eventually(async () => (await committed()) === 40);
});

test('stopping commits what is done, so that the next starts behind it', async () => {
  await send(0, 20, 0);
  const first = await startConsumer(({ value, done }) => {
    if (Number(value) < 10) done();
  });
  await eventually(() => first.underWay === 10);
  await first.stop();
  const values: string[] = [];
  await startConsumer(({ value }) => values.push(value));
  await eventually(() => values.length === 10);
  expect(values[0]).toBe('10');
});

test('who takes one at a time takes from all partitions in turn, whatever waits in each', async () => {
  for (const partition of [0, 1, 2, 3]) await send(0, 20, partition);
  const tasks: Task[] = [];
  const consumer = await startConsumer((task) => {
    tasks.push(task);
    consumers[0]?.pause();
    task.done();
  });
  // All have been fetched once all have had a turn.
  await eventually(() => {
    consumer.resume();
    return new Set(tasks.map(({ partition }) => partition)).size === 4;
  });
  tasks.length = 0;
  for (let count = 0; count < 8; count++) consumer.resume();
  expect(
    tasks
      .slice(0, 4)
      .map(({ partition }) => partition)
      .sort(),
  ).toEqual([0, 1, 2, 3]);
  expect(
    tasks
      .slice(4)
      .map(({ partition }) => partition)
      .sort(),
  ).toEqual([0, 1, 2, 3]);
});
