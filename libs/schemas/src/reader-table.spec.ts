import { describe, expect, it } from '@jest/globals';
import { currentReader } from './avro/record-reader.ts';
import { schemas } from './generated/schemas.ts';
import { ReaderTable, type FetchSchema } from './reader-table.ts';
import type { RecordName } from './subject.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

interface Stage {
  readonly table: ReaderTable;
  readonly asked: [id: number, records: readonly RecordName[]][];
}

const none = (id: number): Promise<never> => Promise.reject(new UnreadableRecordError(`${String(id)} is none of ours`));

/** A table over a registry that knows one id, 7, besides those known from the start. */
function stage(answer: FetchSchema = (id) => (id === 7 ? Promise.resolve(schemas.Reply) : none(id))): Stage {
  const asked: Stage['asked'] = [];
  const fetchSchema: FetchSchema = (id, records) => {
    asked.push([id, records]);
    return answer(id, records);
  };
  return { table: new ReaderTable([[1, currentReader('Reply')]], fetchSchema), asked };
}
const expecting = (...records: RecordName[]): ReadonlyMap<RecordName, undefined> =>
  new Map(records.map((record) => [record, undefined]));
const reply = expecting('Reply');

describe('the reader table', () => {
  it('asks nothing for an id known from the start', () => {
    const { table, asked } = stage();
    expect(table.find(1, reply)).toMatchObject({ record: 'Reply' });
    expect(asked).toEqual([]);
  });

  it('asks once for an id, however many ask for it meanwhile and later', async () => {
    const { table, asked } = stage();
    const [first, second] = await Promise.all([table.find(7, reply), table.find(7, reply)]);
    expect(first).toBe(second);
    expect(table.find(7, reply)).toBe(first);
    expect(asked).toEqual([[7, ['Reply']]]);
  });

  it('asks by itself for each kind of record that is expected: an id that is none of commands may be one of replies', async () => {
    const { table } = stage((id, [record]) => (record === 'Reply' ? Promise.resolve(schemas.Reply) : none(id)));
    const asCommand = Promise.resolve(table.find(7, expecting('ActivityCommand')));
    const asReply = Promise.resolve(table.find(7, reply));
    await expect(asCommand).rejects.toThrow('7 is none of ours');
    await expect(asReply).resolves.toMatchObject({ record: 'Reply' });
  });

  it('does not remember that an id is unknown: it may be registered by now', async () => {
    let schema: Promise<string> = none(8);
    const { table } = stage(() => schema);
    await expect(table.find(8, reply)).rejects.toThrow(UnreadableRecordError);
    schema = Promise.resolve(schemas.Reply);
    await expect(table.find(8, reply)).resolves.toMatchObject({ record: 'Reply' });
  });

  it('keeps nothing while the registry is away', async () => {
    const { table, asked } = stage(() => Promise.reject(new Error('away')));
    await expect(table.find(7, reply)).rejects.toThrow('away');
    await expect(table.find(7, reply)).rejects.toThrow('away');
    expect(asked.length).toBe(2);
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
    await expect(table.find(9, reply)).rejects.toThrow(message);
    expect(() => table.find(9, reply)).toThrow(message);
    expect(asked.length).toBe(1);
  });

  it('remembers a thousand schemas that cannot be read, and forgets the oldest', async () => {
    const { table, asked } = stage(() => Promise.resolve('{"type":"nonsense"}'));
    for (let id = 1_000; id <= 2_000; id += 1) await expect(table.find(id, reply)).rejects.toThrow();
    expect(() => table.find(1_001, reply)).toThrow(UnreadableRecordError);
    await expect(table.find(1_000, reply)).rejects.toThrow(UnreadableRecordError);
    expect(asked.length).toBe(1_002);
  });
});
