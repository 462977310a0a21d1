import { runInNewContext } from 'node:vm';
import { notSerialisable } from './not-serialisable.ts';

class Money {
  readonly amount: number;

  constructor(amount: number) {
    this.amount = amount;
  }
}

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
  { given: 'an instance of a class of one’s own', value: new Money(1) },
  { given: 'an object without a prototype', value: Object.assign(Object.create(null), { a: 1 }) as unknown },
  { given: 'a plain object of another realm', value: runInNewContext('({ a: [1, { b: 2 }] })') as unknown },
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
  { given: 'NaN', value: Number.NaN, path: '', reason: 'is NaN' },
  { given: 'an infinite number', value: { a: [1, -Infinity] }, path: '.a[1]', reason: 'is -Infinity' },
  { given: 'a map', value: { by: new Map([[1, 2]]) }, path: '.by', reason: 'is a Map' },
  { given: 'a set', value: [new Set([1])], path: '[0]', reason: 'is a Set' },
  { given: 'an error', value: { error: new TypeError('x') }, path: '.error', reason: 'is an Error' },
  { given: 'a regular expression', value: /x/, path: '', reason: 'is a RegExp' },
  { given: 'a promise', value: { later: Promise.resolve(1) }, path: '.later', reason: 'is a Promise' },
  { given: 'a boxed number', value: Object(1) as unknown, path: '', reason: 'is a Number' },
  { given: 'a map of another realm', value: runInNewContext('new Map()') as unknown, path: '', reason: 'is a Map' },
  {
    given: 'bytes inside',
    value: { file: new Uint8Array([1]) },
    path: '.file',
    reason: 'is bytes, which travel as a value of their own or as text',
  },
  {
    given: 'a buffer inside',
    value: [Buffer.from('a')],
    path: '[0]',
    reason: 'is bytes, which travel as a value of their own or as text',
  },
  { given: 'other views', value: { samples: new Float64Array(1) }, path: '.samples', reason: 'is a Float64Array' },
  { given: 'an invalid date', value: { at: new Date(Number.NaN) }, path: '.at', reason: 'is an invalid date' },
  {
    given: 'nothing in a list',
    value: [1, undefined],
    path: '[1]',
    reason: 'is undefined, for which a list has no place',
  },
  {
    given: 'a hole in a list',
    value: { list: Array(1) },
    path: '.list[0]',
    reason: 'is undefined, for which a list has no place',
  },
  { given: 'what its own toJSON gives', value: { a: { toJSON: () => new Map() } }, path: '.a', reason: 'is a Map' },
  { given: 'a cycle', value: cycle, path: '.self.deeper[0]', reason: 'contains itself' },
])('$given is not serialisable: value$path $reason', ({ value, path, reason }) => {
  expect(notSerialisable(value)).toEqual({ path, reason });
});

test('a value nested without end is not serialisable', () => {
  expect(notSerialisable(deep(2_000))?.reason).toBe('is nested more than 1000 levels deep');
});
