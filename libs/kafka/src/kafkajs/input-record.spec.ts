import type { FetchedRecord } from './fetched-records.ts';
import { memoryBytesOf } from '../record.ts';
import { keyBytesMax, toInputRecord } from './input-record.ts';

const fetched = (of: Partial<FetchedRecord>): FetchedRecord => ({
  offset: '7',
  timestamp: '9',
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  headers: {},
  headerCount: 0,
  isControlRecord: false,
  batchContext: { producerId: '-1', inTransaction: false },
  ...of,
});
const read = (of: Partial<FetchedRecord>) => toInputRecord('commands', 3, fetched(of));

test('a key is read as text; what it cannot tell stays beside it', () => {
  expect(read({})).toMatchObject({ key: 'key', offset: 7, timestampMs: 9 });
  expect(read({}).rawKey).toBeUndefined();
  expect(read({ key: null }).key).toBeNull();
  expect(read({ key: Buffer.from([0xff]) })).toMatchObject({ key: '\uFFFD', rawKey: Buffer.from([0xff]) });
});

test('a key longer than any of ours is not read, and kept as it is for the dead letters', () => {
  const key = Buffer.alloc(keyBytesMax + 1, 'k');
  const record = read({ key });
  expect(record.key).toBe('k'.repeat(100));
  expect(record.rawKey).toBe(key);
  expect(record.unreadable).toBe('Expected a record to have a key of at most 65536 bytes, but it has 65537');
  expect(read({ key: key.subarray(1) }).unreadable).toBeUndefined();
});

test.each([
  ['value', { value: Buffer.alloc(1_000_000) }],
  ['key', { key: Buffer.alloc(1_000_000) }],
  ['header', { headers: { h: Buffer.alloc(1_000_000) }, headerCount: 1 }],
] as const)('what waits is weighed with its %s', (_, of) => {
  expect(memoryBytesOf(read(of))).toBeGreaterThan(1_000_000);
  expect(memoryBytesOf(read({}))).toBeLessThan(2_000);
});
