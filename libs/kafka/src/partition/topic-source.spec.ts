import type { FetchedBatch } from '../consumers/group-consumer.ts';
import type { InputRecord } from '../record.ts';
import { offsetInLog, TopicSource } from './topic-source.ts';

const record = (offset: number): InputRecord => ({
  topic: 'commands',
  partition: 0,
  offset,
  key: 'a',
  value: null,
  headers: {},
  timestampMs: 0,
});
const batch = (
  fetchedOffset: number,
  offsets: readonly number[],
  nextOffset: number,
  highWatermark = 100,
): FetchedBatch => ({
  topic: 'commands',
  partition: 0,
  records: offsets.map(record),
  fetchedOffset,
  nextOffset,
  highWatermark,
});

// Offset 10 is expected.
test.each<{ name: string; fetched: FetchedBatch; kind: string; offsets?: number[]; expected: number }>([
  { name: 'what was asked for', fetched: batch(10, [10, 11], 12), kind: 'take', offsets: [10, 11], expected: 12 },
  { name: 'a hole left by a control record', fetched: batch(10, [11], 12), kind: 'take', offsets: [11], expected: 12 },
  { name: 'only control records', fetched: batch(10, [], 12), kind: 'take', offsets: [], expected: 12 },
  {
    name: 'control records behind a compacted hole',
    fetched: batch(15, [], 17),
    kind: 'take',
    offsets: [],
    expected: 17,
  },
  { name: 'a former leader repeating itself', fetched: batch(8, [8, 9], 10), kind: 'stale', expected: 10 },
  {
    name: 'a repetition that goes further',
    fetched: batch(8, [8, 9, 10], 11),
    kind: 'take',
    offsets: [10],
    expected: 11,
  },
  { name: 'a jump behind what retention deleted', fetched: batch(20, [20], 21), kind: 'suspect', expected: 10 },
  { name: 'a log that was made anew', fetched: batch(0, [0, 1], 2, 2), kind: 'suspect', expected: 10 },
])('$name is $kind', ({ fetched, kind, offsets, expected }) => {
  const source = new TopicSource('commands');
  source.expected = 10;
  const verdict = source.judge(fetched);
  expect(verdict.kind).toBe(kind);
  if (verdict.kind === 'take') expect(verdict.records.map(({ offset }) => offset)).toEqual(offsets);
  expect(source.expected).toBe(expected);
});

describe('offsetInLog', () => {
  const at = (offset: number): { topic: string; partition: number; offset: number } => ({
    topic: 't',
    partition: 0,
    offset,
  });

  test.each([5, 7, 9])('goes on at %d of a log from 5 to 9', (offset) => {
    expect(offsetInLog(at(offset), { start: 5, end: 9 }, false)).toBe(offset);
  });

  test.each([
    { offset: 4, what: 'what was deleted' },
    { offset: 10, what: 'a log that was made anew' },
  ])('$offset is outside: stops, or reads $what from its first record where gaps may be skipped', ({ offset }) => {
    expect(() => offsetInLog(at(offset), { start: 5, end: 9 }, false)).toThrow(/RKT1005.*has the offsets 5 to 9/);
    expect(offsetInLog(at(offset), { start: 5, end: 9 }, true)).toBe(5);
  });
});
