import { describe, expect, it } from '@jest/globals';
import type { RecordName, Subject } from '../subject.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { SubjectSchemas } from './subject-schemas.ts';

const subjectOf = (record: RecordName, name: string): Subject => ({
  record,
  name,
  schema: '',
  compatibility: 'FULL_TRANSITIVE',
});

/** A registry: subject to the ids of its versions. Its schemas are named by their id. */
function stage(registered: Record<string, number[]>) {
  const stage = {
    registered,
    looks: [] as string[],
    fetched: [] as number[],
    /** Until it resolves, nothing is answered. */
    silence: Promise.resolve(),
    nowMs: 0,
  };
  const registry = {
    versionsOf: async (subject: string): Promise<readonly number[]> => {
      stage.looks.push(subject);
      const ids = [...(registered[subject] ?? [])];
      await stage.silence;
      return ids.map((_, index) => index + 1);
    },
    idOf: (subject: string, version: number) => Promise.resolve(registered[subject]?.[version - 1]),
    schemaOf: (id: number) => {
      stage.fetched.push(id);
      return Promise.resolve(`schema ${String(id)}`);
    },
  };
  const subjects = [subjectOf('ActivityCommand', 'commands-value'), subjectOf('Reply', 'replies-value')];
  return Object.assign(stage, { schemas: new SubjectSchemas(registry, subjects, () => stage.nowMs) });
}
const commands: readonly RecordName[] = ['ActivityCommand'];

describe('the schemas of our own subjects', () => {
  it('are brought by their ids', async () => {
    const { schemas, looks } = stage({ 'commands-value': [3, 8] });
    expect(await schemas.find(8, commands)).toBe('schema 8');
    expect(await schemas.find(3, commands)).toBe('schema 3');
    expect(looks).toEqual(['commands-value']);
  });

  it.each([
    { what: 'of a subject of someone else', id: 5 },
    { what: 'of another record of ours', id: 4 },
    { what: 'that nobody registered', id: 6 },
  ])('are not those $what, which are not even fetched', async ({ id }) => {
    const { schemas, fetched } = stage({ 'commands-value': [3], 'replies-value': [4], 'mine-value': [5] });
    const found = schemas.find(id, commands);
    await expect(found).rejects.toThrow(UnreadableRecordError);
    await expect(found).rejects.toThrow(`no schema ${String(id)} is registered under commands-value`);
    expect(fetched).toEqual([]);
  });

  it('are known when they were registered a moment ago, though the registry was just looked at', async () => {
    const { schemas, registered } = stage({ 'commands-value': [3] });
    await expect(schemas.find(9, commands)).rejects.toThrow(UnreadableRecordError);
    registered['commands-value']?.push(9);
    expect(await schemas.find(9, commands)).toBe('schema 9');
  });

  it('are known when they were registered while the registry was looked at', async () => {
    const all = stage({ 'commands-value': [3] });
    const slow = Promise.withResolvers<undefined>();
    all.silence = slow.promise.then(() => undefined);
    const early = all.schemas.find(6, commands);
    all.registered['commands-value']?.push(9);
    const late = all.schemas.find(9, commands);
    slow.resolve(undefined);
    await expect(early).rejects.toThrow(UnreadableRecordError);
    expect(await late).toBe('schema 9');
  });

  it('are looked at together for all who ask in the same moment, whatever they ask for', async () => {
    const { schemas, looks, registered } = stage({ 'commands-value': [3] });
    const ids = Array.from({ length: 300 }, (_, index) => 100 + index);
    const found = Promise.allSettled(ids.map((id) => schemas.find(id, commands)));
    registered['commands-value']?.push(399);
    const statuses = (await found).map(({ status }) => status);
    expect(statuses.indexOf('fulfilled')).toBe(299);
    expect(statuses.lastIndexOf('rejected')).toBe(298);
    expect(looks.length).toBe(2);
  });

  it('are looked at no more than once a second in the long run, whatever strangers send', async () => {
    const all = stage({ 'commands-value': [3] });
    const flood = async (count: number): Promise<number> => {
      all.looks.length = 0;
      for (let id = 0; id < count; id += 1) await expect(all.schemas.find(1_000 + id, commands)).rejects.toThrow();
      return all.looks.length;
    };
    // The first tells of the subject, and is not counted.
    expect(await flood(200)).toBe(11);
    expect(await flood(200)).toBe(0);
    all.nowMs += 3_000;
    expect(await flood(200)).toBe(3);
    all.nowMs += 3_600_000;
    expect(await flood(200)).toBe(10);
  });

  it('stay readable under a flood of ids of strangers', async () => {
    const { schemas } = stage({ 'commands-value': [3] });
    for (let id = 0; id < 100; id += 1) await expect(schemas.find(1_000 + id, commands)).rejects.toThrow();
    expect(await schemas.find(3, commands)).toBe('schema 3');
  });

  it('are not judged while the registry is away', async () => {
    const all = stage({ 'commands-value': [3] });
    all.silence = Promise.reject(new Error('away'));
    for (let time = 0; time < 20; time += 1) await expect(all.schemas.find(3, commands)).rejects.toThrow('away');
    all.silence = Promise.resolve();
    expect(await all.schemas.find(3, commands)).toBe('schema 3');
  });
});
