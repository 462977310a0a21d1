import { describe, expect, it } from '@jest/globals';
import { inlineReferences } from './inline-references.ts';
import type { Schema, SchemaObject, SchemaSource } from './schema-source.ts';

const record = (name: string, ...types: readonly Schema[]): SchemaObject => ({
  type: 'record',
  name,
  fields: types.map((type, index) => ({ name: `f${String(index)}`, type })),
});
const shared = (...schemas: readonly SchemaObject[]): readonly SchemaSource[] =>
  schemas.map((schema) => ({ name: schema.name ?? '', schema, isRecordOfTopic: false }));

describe('inlineReferences', () => {
  it.each([
    {
      what: 'defines a shared type where it is first mentioned, and names it after that',
      root: record('Root', 'A', 'A'),
      sources: shared(record('A', 'string')),
      inlined: record('Root', record('A', 'string'), 'A'),
    },
    {
      what: 'looks into choices, lists and maps',
      root: record('Root', ['null', 'A'], { type: 'array', items: 'A' }, { type: 'map', values: 'B' }),
      sources: shared(record('A', 'string'), record('B', 'A')),
      inlined: record(
        'Root',
        ['null', record('A', 'string')],
        { type: 'array', items: 'A' },
        { type: 'map', values: record('B', 'A') },
      ),
    },
    {
      what: 'leaves a type that mentions itself',
      root: record('Root', 'A'),
      sources: shared(record('A', ['null', 'A'])),
      inlined: record('Root', record('A', ['null', 'A'])),
    },
  ])('$what', ({ root, sources, inlined }) => {
    expect(inlineReferences(root, sources)).toEqual(inlined);
  });
});
