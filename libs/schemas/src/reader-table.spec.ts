import { describe, expect, it } from '@jest/globals';
import { currentReader } from './avro/record-reader.ts';
import { schemas } from './generated/schemas.ts';
import { ReaderTable } from './reader-table.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

interface Stage {
  readonly table: ReaderTable;
  readonly asked: number[];
  nowMs: number;
}

/** A table over a registry that knows one id, 7, besides those known from the start. */
function stage(
  answer = (id: number): Promise<string | undefined> => Promise.resolve(id === 7 ? schemas.Reply : undefined),
): Stage {
  const asked: number[] = [];
  const fetchSchema = (id: number): Promise<string | undefined> => {
    asked.push(id);
    return answer(id);
  };
  const result: Stage = {
    table: new ReaderTable([[1, currentReader('Reply')]], fetchSchema, () => result.nowMs),
    asked,
    nowMs: 0,
  };
  return result;
}

describe('the reader table', () => {
  it('asks nothing for an id known from the start', () => {
    const { table, asked } = stage();
    expect(table.find(1)).toMatchObject({ record: 'Reply' });
    expect(asked).toEqual([]);
  });

  it('asks once for an id, however many ask for it meanwhile and later', async () => {
    const { table, asked } = stage();
    const [first, second] = await Promise.all([table.find(7), table.find(7)]);
    expect(first).toBe(second);
    expect(table.find(7)).toBe(first);
    expect(asked).toEqual([7]);
  });

  it('keeps the word that there is no such id for 30 s', async () => {
    const of = stage();
    await expect(of.table.find(8)).rejects.toThrow('the registry knows no schema 8');
    of.nowMs = 29_999;
    expect(() => of.table.find(8)).toThrow(UnreadableRecordError);
    expect(of.asked).toEqual([8]);
    of.nowMs = 30_000;
    await expect(of.table.find(8)).rejects.toThrow(UnreadableRecordError);
    expect(of.asked).toEqual([8, 8]);
  });

  it('keeps no more than a thousand of them, and forgets the oldest', async () => {
    const { table, asked } = stage();
    for (let id = 1_000; id <= 2_000; id += 1) await expect(table.find(id)).rejects.toThrow();
    expect(() => table.find(1_001)).toThrow(UnreadableRecordError);
    await expect(table.find(1_000)).rejects.toThrow(UnreadableRecordError);
    expect(asked.length).toBe(1_002);
  });

  it('keeps nothing while the registry is away', async () => {
    const { table, asked } = stage(() => Promise.reject(new Error('away')));
    await expect(table.find(7)).rejects.toThrow('away');
    await expect(table.find(7)).rejects.toThrow('away');
    expect(asked).toEqual([7, 7]);
  });

  it.each([
    {
      what: 'is of another record',
      schema: '{"type":"record","name":"Foo","namespace":"x","fields":[]}',
      message: 'its schema is of x.Foo',
    },
    { what: 'is not Avro', schema: '{"type":"nonsense"}', message: 'the schema of its id is not one of Avro' },
    {
      what: 'is of a version that cannot be read',
      schema: '{"type":"record","name":"Reply","namespace":"ratchet.v1","fields":[]}',
      message: 'its version of Reply is not one that this version can read',
    },
  ])('says so, and remembers it, when a schema $what', async ({ schema, message }) => {
    const { table, asked } = stage(() => Promise.resolve(schema));
    await expect(table.find(9)).rejects.toThrow(message);
    expect(() => table.find(9)).toThrow(message);
    expect(asked).toEqual([9]);
  });
});
