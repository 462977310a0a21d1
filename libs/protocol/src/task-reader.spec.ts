import { jest } from '@jest/globals';
import { epochMillis, normaliseOptions, type ActivityTask } from '@ratchet/domain';
import type { InputRecord, OutputRecord, SentRecord } from '@ratchet/kafka';
import { localCodec } from '@ratchet/schemas';
import { TaskReader, type ReadTask } from './task-reader.ts';

const codec = localCodec();
const topic = 'ratchet.activity.tasks.default.q';
const names = { namespace: 'default', activityId: 'a', activityType: 'work' };
const options = normaliseOptions({ taskQueue: 'q', startToCloseTimeoutMs: 1_000 }, names);
if (options.kind === 'refused') throw new Error(options.refusal.message);
const task: ActivityTask = {
  id: { namespace: 'default', workflowId: '', runId: 'r', activityId: 'a' },
  activityType: 'work',
  taskToken: Buffer.from('token'),
  attempt: 1,
  options: options.value,
  input: [],
  header: {},
  heartbeatDetails: [],
  scheduledAt: epochMillis(1),
  currentAttemptScheduledAt: epochMillis(1),
  passedOnCount: 0,
};

const recordOf = (value: Buffer | null): InputRecord => ({
  topic,
  partition: 1,
  offset: 5,
  key: 'key',
  value,
  headers: { traceparent: '00-a-b-01' },
  timestampMs: 1,
});

/** A reader that owns some partitions of four. */
function readerOf(
  ownPartitions: readonly number[] = [1],
  decodeTask = codec.decodeTask,
  written: () => Promise<SentRecord> = () => Promise.resolve({ partition: 0, offset: 0 }),
): {
  reader: TaskReader;
  tasks: ReadTask[];
  sent: OutputRecord[];
  done: () => number;
} {
  const [tasks, sent]: [ReadTask[], OutputRecord[]] = [[], []];
  let doneCount = 0;
  const reader = new TaskReader({
    codec: { encodeTask: codec.encodeTask, decodeTask },
    outbox: {
      send: (record): Promise<SentRecord> => {
        sent.push(record);
        return written();
      },
    },
    log: () => undefined,
    partitionCount: () => 4,
    ownPartitions: () => ownPartitions,
    onTask: (taken) => tasks.push(taken),
  });
  const read = (value: Buffer | null): void => {
    reader.read(recordOf(value), () => doneCount++);
  };
  read(codec.encodeTask(task));
  return { reader, tasks, sent, done: () => doneCount };
}

const first = ([taken]: readonly ReadTask[]): ReadTask => {
  if (taken === undefined) throw new Error('there is no task');
  return taken;
};

test('a record is read as its task', () => {
  const { tasks, done } = readerOf();
  expect(tasks).toMatchObject([{ task: { activityType: 'work', attempt: 1 } }]);
  expect(done()).toBe(0);
});

test('a task is passed on to a partition of another, counted, with its trace, and settled here once it is written', async () => {
  const { reader, tasks, sent, done } = readerOf();
  expect(reader.passOn(first(tasks))).toBe(true);
  expect(done()).toBe(0);
  await new Promise(setImmediate);
  expect(done()).toBe(1);
  const [record] = sent;
  expect([0, 2, 3]).toContain(record?.partition);
  expect(record).toMatchObject({ topic, key: 'key', headers: { traceparent: '00-a-b-01' } });
  expect(codec.decodeTask(record?.value ?? Buffer.alloc(0))).toMatchObject({
    activityType: 'work',
    passedOnCount: 1,
  });
});

test.each<{ given: string; ownPartitions: readonly number[]; passedOnCount: number }>([
  { given: 'all partitions are its own', ownPartitions: [0, 1, 2, 3], passedOnCount: 0 },
  { given: 'it was passed on twice', ownPartitions: [1], passedOnCount: 2 },
])('a task is not passed on when $given', ({ ownPartitions, passedOnCount }) => {
  const { reader, tasks, sent } = readerOf(ownPartitions);
  const taken = first(tasks);
  expect(reader.passOn({ ...taken, task: { ...taken.task, passedOnCount } })).toBe(false);
  expect(sent).toEqual([]);
});

test('a task that nobody here can run is given back though it was passed on before, a few times', async () => {
  const { reader, tasks, sent } = readerOf();
  const taken = first(tasks);
  let passedOnCount = 0;
  while (reader.giveBack({ ...taken, task: { ...taken.task, passedOnCount } })) passedOnCount++;
  await new Promise(setImmediate);
  expect(passedOnCount).toBe(4);
  expect(sent).toHaveLength(4);
  expect(sent.every(({ partition }) => partition !== 1)).toBe(true);
});

test.each<{ given: string; written: () => Promise<SentRecord> }>([
  { given: 'may not be written, which waits for a right', written: () => new Promise(() => undefined) },
  { given: 'cannot be written', written: () => Promise.reject(new Error('too large')) },
])('a task that $given is kept in the end: it comes once more, and is not passed on again', async ({ written }) => {
  jest.useFakeTimers();
  try {
    const { reader, tasks, done } = readerOf([1], codec.decodeTask, written);
    expect(reader.giveBack(first(tasks))).toBe(true);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(tasks).toHaveLength(2);
    const again = first(tasks.slice(1));
    expect(again.task.id).toEqual(task.id);
    expect([reader.giveBack(again), reader.passOn(again)]).toEqual([false, false]);
    expect(done()).toBe(0);
    again.done();
    expect(done()).toBe(1);
  } finally {
    jest.useRealTimers();
  }
});

test("one whose partition is another instance's by then, or whose reader has stopped, is not kept", async () => {
  jest.useFakeTimers();
  try {
    const own = [1];
    const { reader, tasks } = readerOf(own, codec.decodeTask, () => new Promise(() => undefined));
    reader.giveBack(first(tasks));
    own.pop();
    await jest.advanceTimersByTimeAsync(60_000);
    own.push(1);
    reader.giveBack(first(tasks));
    reader.stop();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(tasks).toHaveLength(1);
  } finally {
    jest.useRealTimers();
  }
});

test('a task that nobody here can run is not given back when nobody else reads the queue', () => {
  const { reader, tasks, sent } = readerOf([0, 1, 2, 3]);
  expect(reader.giveBack(first(tasks))).toBe(false);
  expect(sent).toEqual([]);
});

test.each<{ given: string; value: Buffer | null }>([
  { given: 'a tombstone', value: null },
  { given: 'other bytes', value: Buffer.from('nonsense') },
  {
    given: 'another record',
    value: codec.encodeState({ type: 'Progress', commands: 1, queries: 1, now: epochMillis(1), rules: 1 }),
  },
])('what is no task goes to the dead-letter topic: $given', async ({ value }) => {
  const { reader, tasks, sent } = readerOf();
  let settled = false;
  reader.read(recordOf(value), () => (settled = true));
  await new Promise(setImmediate);
  expect(tasks).toHaveLength(1);
  expect(sent).toMatchObject([{ topic: `${topic}.dlq`, value }]);
  expect(settled).toBe(true);
});

test('a record that breaks its reader goes to the dead-letter topic, too', async () => {
  const { tasks, sent, done } = readerOf([1], () => {
    throw new TypeError('broken');
  });
  await new Promise(setImmediate);
  expect(tasks).toEqual([]);
  expect(sent).toMatchObject([
    { topic: `${topic}.dlq`, headers: { 'ratchet-dlq-reason': 'Expected to read a record, but broken' } },
  ]);
  expect(done()).toBe(1);
});
