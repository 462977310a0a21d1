import { notSerialisable } from './not-serialisable.ts';

const cycle: Record<string, unknown> = { name: 'a' };
cycle['self'] = { deeper: [cycle] };
const twice = { shared: 1 };
const deep = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
};

test.each<{ given: string; value: unknown }>([
  { given: 'null', value: null },
  { given: 'text', value: 'text' },
  { given: 'a number', value: 1.5 },
  { given: 'nested objects', value: { a: [{ b: { c: [1, 2] } }] } },
  { given: 'a property that is undefined', value: { a: undefined } },
  { given: 'a date', value: new Date(0) },
  { given: 'an instance with methods', value: new URL('file:///a') },
  { given: 'an object with its own toJSON', value: { toJSON: () => 'me', callback: () => 1 } },
  { given: 'the same object twice, but no cycle', value: [twice, twice, { twice }] },
  { given: 'a deep value', value: deep(900) },
])('$given is serialisable', ({ value }) => {
  expect(notSerialisable(value)).toBeUndefined();
  expect(() => JSON.stringify(value)).not.toThrow();
});

test.each<{ given: string; value: unknown; path: string; reason: string }>([
  { given: 'a BigInt', value: 1n, path: '', reason: 'is a BigInt' },
  { given: 'a BigInt inside', value: { items: [{ price: 1n }] }, path: '.items[0].price', reason: 'is a BigInt' },
  { given: 'a function', value: () => 1, path: '', reason: 'is a function' },
  { given: 'a function inside', value: [1, { 'on done': () => 1 }], path: '[1]["on done"]', reason: 'is a function' },
  { given: 'a symbol', value: { kind: Symbol('x') }, path: '.kind', reason: 'is a symbol' },
  { given: 'a cycle', value: cycle, path: '.self.deeper[0]', reason: 'contains itself' },
])('$given is not serialisable: value$path $reason', ({ value, path, reason }) => {
  expect(notSerialisable(value)).toEqual({ path, reason });
});

test('a value nested without end is not serialisable', () => {
  expect(notSerialisable(deep(2_000))?.reason).toBe('is nested more than 1000 levels deep');
});
