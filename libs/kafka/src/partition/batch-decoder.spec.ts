import { BatchDecoder, Poison } from './batch-decoder.ts';
import { OperationalError, PoisonousRecordError } from '../errors.ts';
import type { InputRecord } from '../record.ts';

const records = ['a', 'b', 'c'].map((key, offset): InputRecord => ({
  topic: 't',
  partition: 0,
  offset,
  key,
  value: null,
  headers: {},
  timestampMs: 0,
}));
const unreachable = new OperationalError('Expected to ask the registry, but it is away', 'RKT1101', true);

function decoderOf(decode: (key: string) => string | Promise<string>): {
  decoder: BatchDecoder<string>;
  halts: string[];
} {
  const halts: string[] = [];
  const decoder = new BatchDecoder<string>({
    decode: ({ key }) => decode(key ?? ''),
    isClosed: () => false,
    onHalted: (error) => halts.push(error === undefined ? 'over' : error.message),
  });
  return { decoder, halts };
}

test('gives no promise when no record asks for one', () => {
  const { decoder } = decoderOf((key) => key.toUpperCase());
  expect(decoder.decode(records)).toEqual(['A', 'B', 'C']);
});

test('keeps the order when some must wait', async () => {
  const { decoder } = decoderOf((key) => (key === 'b' ? Promise.resolve('late') : key));
  await expect(decoder.decode(records)).resolves.toEqual(['a', 'late', 'c']);
});

test.each<[string, () => Promise<string>]>([
  [
    'thrown',
    () => {
      throw new Error('no such field');
    },
  ],
  [
    'thrown as poison',
    () => {
      throw new PoisonousRecordError('bad magic');
    },
  ],
])('what is %s at once is about these bytes', async (_name, fail) => {
  const { decoder } = decoderOf((key) => (key === 'b' ? fail() : key));
  expect(await decoder.decode(records)).toEqual(['a', expect.any(Poison), 'c']);
});

test('a rejection with poison is a verdict', async () => {
  const { decoder, halts } = decoderOf((key) => (key === 'c' ? Promise.reject(new PoisonousRecordError('gone')) : key));
  await expect(decoder.decode(records)).resolves.toEqual(['a', 'b', expect.any(Poison)]);
  expect(halts).toEqual([]);
});

test.each<[string, (left: number) => Promise<string>]>([
  ['rejected', () => Promise.reject(unreachable)],
  [
    'thrown',
    () => {
      throw unreachable;
    },
  ],
])('an unreachable registry (%s) is asked again until it answers', async (_name, fail) => {
  let failures = 2;
  const { decoder, halts } = decoderOf((key) => (key === 'a' && failures > 0 ? fail(failures--) : key));
  await expect(decoder.decode(records)).resolves.toEqual(['a', 'b', 'c']);
  expect(halts).toEqual([unreachable.message, unreachable.message, 'over']);
});
