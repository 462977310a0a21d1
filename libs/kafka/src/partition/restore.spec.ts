import { OperationalError, PoisonousRecordError } from '../errors.ts';
import type { FetchedBatch } from '../consumers/group-consumer.ts';
import type { InputRecord } from '../record.ts';
import { Restore, type RestoreOptions } from './restore.ts';

const record = (topic: string, offset: number): InputRecord => ({
  topic,
  partition: 0,
  offset,
  key: `${topic}-${String(offset)}`,
  value: null,
  headers: {},
  timestampMs: 0,
});
const batch = (topic: string, offsets: readonly number[], nextOffset: number): FetchedBatch => ({
  topic,
  partition: 0,
  records: offsets.map((offset) => record(topic, offset)),
  fetchedOffset: offsets[0] ?? 0,
  nextOffset,
  highWatermark: 100,
});

function restoreOf(
  ends: Record<string, number>,
  restore: RestoreOptions['restore'],
): { at: Restore; events: string[] } {
  const events: string[] = [];
  const at = new Restore({
    ends: new Map(Object.entries(ends)),
    restore: (each) => restore(each),
    onPoison: ({ key }, error) => events.push(`${String(key)}: ${error.message}`),
    onHalted: (error) => events.push(error === undefined ? 'goes on' : 'halted'),
    isClosed: () => false,
  });
  return { at, events };
}

test('takes what lies before the end, and says how much of a batch that was', async () => {
  const seen: unknown[] = [];
  const { at } = restoreOf({ state: 4 }, ({ offset }) => void seen.push(offset));
  expect(await at.take(batch('state', [0, 1], 2))).toBe(2);
  expect(at.isDone).toBe(false);
  expect(await at.take(batch('state', [2, 3, 4, 5], 6))).toBe(2);
  expect(at.isDone).toBe(true);
  expect(seen).toEqual([0, 1, 2, 3]);
  expect(at.progress.records).toBe(4);
});

test('a tail without records, aborted or compacted, brings the end too', async () => {
  const { at } = restoreOf({ state: 9 }, () => undefined);
  await at.take(batch('state', [0, 1], 2));
  expect(await at.take(batch('state', [], 9))).toBe(0);
  expect(at.isDone).toBe(true);
});

test('is done when the ends of all topics are reached', async () => {
  const { at } = restoreOf({ state: 1, executions: 2 }, () => undefined);
  await at.take(batch('executions', [0, 1], 2));
  expect([at.isDone, at.endOf('executions'), at.endOf('state')]).toEqual([false, undefined, 1]);
  await at.take(batch('state', [0], 1));
  expect(at.isDone).toBe(true);
});

test.each<[string, () => Promise<void> | void]>([
  [
    'thrown',
    () => {
      throw new PoisonousRecordError('no such schema');
    },
  ],
  ['rejected', () => Promise.reject(new PoisonousRecordError('no such schema'))],
])('a poisonous record (%s) is reported, and the next is taken', async (_name, poison) => {
  const seen: number[] = [];
  const { at, events } = restoreOf({ state: 3 }, ({ offset }) => (offset === 1 ? poison() : void seen.push(offset)));
  expect(await at.take(batch('state', [0, 1, 2], 3))).toBe(3);
  expect(seen).toEqual([0, 2]);
  expect(events).toEqual(['state-1: no such schema', 'goes on']);
});

test('what passes by waiting is waited for, in order', async () => {
  let away = 2;
  const seen: number[] = [];
  const { at, events } = restoreOf({ state: 2 }, ({ offset }) => {
    if (offset === 0 && away-- > 0)
      throw new OperationalError('Expected the registry, but it is away', 'RKT1101', true);
    seen.push(offset);
  });
  await at.take(batch('state', [0, 1], 2));
  expect(seen).toEqual([0, 1]);
  expect(events).toEqual(['halted', 'halted', 'goes on']);
});

test('anything else that is thrown ends the restore', async () => {
  const { at } = restoreOf({ state: 2 }, () => {
    throw new Error('the code is wrong');
  });
  await expect(at.take(batch('state', [0, 1], 2))).rejects.toThrow('the code is wrong');
});
