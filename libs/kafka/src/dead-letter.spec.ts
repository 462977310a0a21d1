import { deadLetter, deadLetterOfEffect } from './dead-letter.ts';
import { recordBytes, recordBytesMax, type InputRecord } from './record.ts';

const rawKey = Buffer.from([0xff, 0x00]);
const record: InputRecord = {
  topic: 'commands',
  partition: 3,
  offset: 42,
  key: '\uFFFD\0',
  rawKey,
  value: Buffer.from('poison'),
  headers: { traceparent: 'trace' },
  timestampMs: 0,
};

test('a dead letter has the original bytes, and says why and from where', () => {
  const letter = deadLetter(record, 'Expected to read it, but it is poison');
  expect(letter).toMatchObject({
    topic: 'commands.dlq',
    rawKey,
    value: record.value,
    headers: {
      traceparent: 'trace',
      'ratchet-dlq-reason': 'Expected to read it, but it is poison',
      'ratchet-dlq-topic': 'commands',
      'ratchet-dlq-partition': '3',
      'ratchet-dlq-offset': '42',
    },
  });
  expect(Date.parse(String(letter.headers?.['ratchet-dlq-at']))).not.toBeNaN();
});

test('a reason is cut before it makes the record too large', () => {
  const letter = deadLetter(record, 'x'.repeat(5_000_000));
  expect(String(letter.headers?.['ratchet-dlq-reason']).length).toBeLessThan(5000);
});

test('an effect that is too large is cut, and says how large it was', () => {
  const value = Buffer.alloc(5 * 1024 * 1024);
  const letter = deadLetterOfEffect({ topic: 'replies', key: 'a', value }, 'too large', 'replies.dlq');
  expect(letter.value?.length).toBe(512 * 1024);
  expect(letter.headers).toMatchObject({ 'ratchet-dlq-value-bytes': String(value.length) });
});

const mib = 1024 * 1024;

describe('a dead letter of the largest record that a broker takes', () => {
  const large: readonly [what: string, of: Partial<InputRecord>][] = [
    ['its value', { value: Buffer.alloc(16 * mib - 100) }],
    ['its key', { key: 'begins so', rawKey: Buffer.alloc(16 * mib - 100, 'k') }],
    ['a header', { headers: { h: Buffer.alloc(16 * mib - 100) } }],
    [
      'all of them',
      { rawKey: Buffer.alloc(5 * mib), value: Buffer.alloc(5 * mib), headers: { h: Buffer.alloc(5.9 * mib) } },
    ],
  ];
  test.each(large)('can be written: %s', (_, of) => {
    const letter = deadLetter({ ...record, ...of }, 'x'.repeat(4000));
    expect(recordBytes(letter)).toBeLessThanOrEqual(recordBytesMax);
    expect(letter.headers).toMatchObject({ 'ratchet-dlq-topic': 'commands', 'ratchet-dlq-offset': '42' });
  });

  test('is the whole of it where that finds room', () => {
    const of = { rawKey: Buffer.alloc(8 * mib), value: Buffer.alloc(5 * mib), headers: { h: Buffer.alloc(mib) } };
    const letter = deadLetter({ ...record, ...of }, 'why');
    expect([letter.rawKey?.length, letter.value?.length, letter.headers?.['h']?.length]).toEqual([
      8 * mib,
      5 * mib,
      mib,
    ]);
  });
});
