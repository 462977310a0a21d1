import { OperationalError, PoisonousRecordError } from '../errors.ts';
import type { InputRecord } from '../record.ts';
import { Poison, PartitionReader } from './partition-reader.ts';

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

function stage(read: (key: string) => string | Promise<string>) {
  const said: string[] = [];
  const restored: string[] = [];
  const reader = new PartitionReader<string>(
    {
      decode: ({ key }) => read(key ?? ''),
      restore: ({ key }) => {
        const value = read(key ?? '');
        if (typeof value === 'string') return void restored.push(value);
        return value.then((late) => void restored.push(late));
      },
    },
    {
      halted: (error) => said.push(error === undefined ? 'over' : error.message),
      poisoned: ({ key }, { message }) => said.push(`${String(key)}: ${message}`),
      isOver: () => false,
    },
  );
  return { reader, said, restored };
}

test('decoding gives no promise when no record asks for one', () => {
  const { reader } = stage((key) => key.toUpperCase());
  expect(reader.decode(records)).toEqual(['A', 'B', 'C']);
});

test('decoding keeps the order when some must wait', async () => {
  const { reader } = stage((key) => (key === 'b' ? Promise.resolve('late') : key));
  await expect(reader.decode(records)).resolves.toEqual(['a', 'late', 'c']);
});

test.each<[string, Error]>([
  ['thrown', new Error('no such field')],
  ['thrown as poison', new PoisonousRecordError('bad magic')],
])('what is %s at once is about these bytes', async (_name, error) => {
  const { reader } = stage((key) => {
    if (key === 'b') throw error;
    return key;
  });
  expect(await reader.decode(records)).toEqual(['a', expect.any(Poison), 'c']);
});

test('a rejection with poison is a verdict', async () => {
  const { reader, said } = stage((key) => (key === 'c' ? Promise.reject(new PoisonousRecordError('gone')) : key));
  await expect(reader.decode(records)).resolves.toEqual(['a', 'b', expect.any(Poison)]);
  expect(said).toEqual([]);
});

const failing = (how: 'rejected' | 'thrown', failures: number) => {
  let left = failures;
  return (key: string): string | Promise<string> => {
    if (key !== 'a' || left-- <= 0) return key;
    if (how === 'rejected') return Promise.reject(unreachable);
    throw unreachable;
  };
};

test.each(['rejected', 'thrown'] as const)(
  'an unreachable registry (%s) is asked again until it answers',
  async (how) => {
    const { reader, said } = stage(failing(how, 2));
    await expect(reader.decode(records)).resolves.toEqual(['a', 'b', 'c']);
    expect(said).toEqual([unreachable.message, unreachable.message, 'over']);
  },
);

test('a restore takes as many records as it is told, in order', async () => {
  const { reader, restored } = stage((key) => (key === 'a' ? Promise.resolve(key) : key));
  await reader.restore(records, 2);
  expect(restored).toEqual(['a', 'b']);
});

test.each<[string, () => never | Promise<string>]>([
  [
    'thrown',
    () => {
      throw new PoisonousRecordError('no such schema');
    },
  ],
  ['rejected', () => Promise.reject(new PoisonousRecordError('no such schema'))],
])('a poisonous record of a restore (%s) is reported, and the next is taken', async (_name, poison) => {
  const { reader, said, restored } = stage((key) => (key === 'b' ? poison() : key));
  await reader.restore(records, 3);
  expect(restored).toEqual(['a', 'c']);
  expect(said).toEqual(['b: no such schema', 'over']);
});

test.each(['rejected', 'thrown'] as const)('a restore waits for what passes by waiting (%s), in order', async (how) => {
  const { reader, said, restored } = stage(failing(how, 2));
  await reader.restore(records, 3);
  expect(restored).toEqual(['a', 'b', 'c']);
  expect(said).toEqual([unreachable.message, unreachable.message, 'over']);
});

test('anything else that is thrown ends the restore', async () => {
  const { reader } = stage(() => {
    throw new Error('the code is wrong');
  });
  await expect(reader.restore(records, 2)).rejects.toThrow('the code is wrong');
});
