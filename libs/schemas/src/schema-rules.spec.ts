import { describe, expect, it } from '@jest/globals';
import { subjects } from './subject.ts';

interface Node {
  readonly type?: unknown;
  readonly name?: string;
  readonly doc?: string;
  readonly default?: unknown;
  readonly fields?: readonly Node[];
  readonly items?: unknown;
  readonly values?: unknown;
  readonly symbols?: readonly string[];
  readonly logicalType?: string;
}

/** Every definition within a schema, unions as `{ type: [...] }`. */
function nodesOf(schema: unknown): readonly Node[] {
  if (typeof schema !== 'object' || schema === null) return [];
  if (Array.isArray(schema)) return [{ type: schema }, ...schema.flatMap(nodesOf)];
  const node = schema as Node;
  return [
    node,
    ...nodesOf(node.items),
    ...nodesOf(node.values),
    ...(node.fields ?? []).flatMap((field) => nodesOf(field.type)),
  ];
}

const all = subjects.map((subject) => ({ ...subject, nodes: nodesOf(JSON.parse(subject.schema)) }));
const every = all.flatMap(({ nodes }) => nodes);
const fields = every.flatMap((node) => node.fields ?? []);
const names = (nodes: readonly Node[]): readonly (string | undefined)[] => nodes.map(({ name }) => name);

describe('the schemas', () => {
  it('say of every record, enum and field what it is', () => {
    const named = every.filter(({ name }) => name !== undefined);
    expect(names([...named, ...fields].filter(({ doc = '' }) => doc === ''))).toEqual([]);
  });

  it('have the unit in the doc of every duration and instant', () => {
    const timed = fields.filter(({ name = '' }) => /(Ms|MsMax|At)$|^(now|before)$/.test(name));
    expect(timed.length).toBeGreaterThan(20);
    expect(names(timed.filter(({ doc = '' }) => !/milliseconds/i.test(doc)))).toEqual([]);
  });

  it('give every enum a default, so that it can grow', () => {
    const enums = every.filter(({ type }) => type === 'enum');
    expect(enums.filter(({ symbols = [], default: fallback }) => !symbols.includes(String(fallback)))).toEqual([]);
  });

  it('give every field that may be absent the default null, as its first choice', () => {
    const nullable = fields.filter(({ type }) => Array.isArray(type) && type.includes('null'));
    expect(
      names(nullable.filter(({ type, default: fallback }) => (type as unknown[])[0] !== 'null' || fallback !== null)),
    ).toEqual([]);
  });

  it('have no choice of records where old readers meet new writers, since a union cannot grow there', () => {
    const full = all.filter(({ compatibility }) => compatibility === 'FULL_TRANSITIVE');
    const unions = full.flatMap(({ nodes }) =>
      nodes.flatMap(({ fields: own = [] }) => own.filter(({ type }) => Array.isArray(type) && type.length > 2)),
    );
    expect(full.length).toBeGreaterThan(0);
    expect(names(unions)).toEqual([]);
  });

  it('list only strings, bytes, payloads and signals, none of which is empty, so that a wrong count is noticed where the bytes end', () => {
    const items = every.flatMap(({ items: item, values }) => [item, values]).filter((item) => item !== undefined);
    const kinds = new Set(items.map((item) => (typeof item === 'string' ? item : (item as Node).name)));
    expect([...kinds].sort()).toEqual(['Payload', 'SignalSnapshot', 'bytes', 'string']);
  });

  it('make one subject each', () => {
    expect(subjects.map(({ name }) => name)).toEqual([
      'ratchet.activity.commands-value',
      'ratchet.activity.queries-value',
      'ratchet.activity.executions-ratchet.v1.ActivitySnapshot',
      'ratchet.activity.executions-ratchet.v1.ActivityInput',
      'ratchet.activity.executions-ratchet.v1.ActivityHeartbeat',
      'ratchet.activity.executions-ratchet.v1.RunSnapshot',
      'ratchet.activity.executions-ratchet.v1.SignalSnapshot',
      'ratchet.activity.executions-ratchet.v1.Progress',
      'ratchet.activity.outcomes-ratchet.v1.ActivitySnapshot',
      'ratchet.activity.outcomes-ratchet.v1.RunSnapshot',
      'ratchet.activity.cancellations-value',
      'ratchet.activity.completions-value',
      'ratchet.activity.callbacks-value',
      'ratchet.activity.callbacks.retries-value',
      'ratchet.namespaces-value',
      'ratchet.replies-value',
      'ratchet.cluster-value',
      'ratchet.activity.tasks-value',
    ]);
  });
});
