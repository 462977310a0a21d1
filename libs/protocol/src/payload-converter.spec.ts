import type { Payload } from '@ratchet/domain';
import fc from 'fast-check';
import { encodingOf, defaultPayloadConverter as converter, PayloadConverterError } from './payload-converter.ts';

const there = (value: unknown): unknown => converter.fromPayload(converter.toPayload(value));

describe('the default payload converter', () => {
  test.each<{ value: unknown; encoding: string }>([
    { value: undefined, encoding: 'binary/null' },
    { value: null, encoding: 'json/plain' },
    { value: 'text', encoding: 'json/plain' },
    { value: { nested: [1, true, 'ä€'] }, encoding: 'json/plain' },
    { value: new Uint8Array([0, 255, 128]), encoding: 'binary/plain' },
  ])('carries $value as $encoding', ({ value, encoding }) => {
    expect(encodingOf(converter.toPayload(value))).toBe(encoding);
    expect(there(value)).toEqual(value);
  });

  test('leaves bytes untouched, a Buffer and a view of a larger buffer too', () => {
    const large = new Uint8Array([9, 9, 0, 159, 146, 150, 9]);
    expect(there(Buffer.from([0, 159, 146, 150]))).toEqual(new Uint8Array([0, 159, 146, 150]));
    expect(there(large.subarray(2, 6))).toEqual(new Uint8Array([0, 159, 146, 150]));
  });

  test('names the place of what it cannot write', () => {
    expect(() => converter.toPayload({ items: [{ price: 1n }] })).toThrow(
      'Expected to write a value as JSON, but value.items[0].price is a BigInt',
    );
  });

  test.each([
    { given: 'no encoding', payload: { metadata: {}, data: Buffer.from('1') } },
    { given: 'an unknown encoding', payload: { metadata: { encoding: Buffer.from('binary/x') }, data: Buffer.of(1) } },
    { given: 'broken JSON', payload: { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') } },
  ])('does not read a payload with $given', ({ payload }) => {
    expect(() => converter.fromPayload(payload)).toThrow(PayloadConverterError);
  });

  const payloadOf = (json: string): Payload => ({
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(json),
  });

  test.each([
    ['{"order": 9007199254740993}', 'value.order is 9007199254740993'],
    ['[1, [-12345678901234567890]]', 'value[1][0] is -12345678901234567890'],
    ['1e400', 'value is 1e400'],
  ])('does not round the number in %s', (json, message) => {
    expect(() => converter.fromPayload(payloadOf(json))).toThrow(message);
  });

  test.each([
    ['9007199254740991', 9007199254740991],
    ['1152921504606846976', 2 ** 60],
    [JSON.stringify(2 ** 63 + 2 ** 20), 2 ** 63 + 2 ** 20],
    [JSON.stringify([1e20 / 3]), [1e20 / 3]],
    ['"9007199254740993"', '9007199254740993'],
    ['0.12345678901234567890', 0.12345678901234568],
    ['1e100', 1e100],
  ])('reads %s', (json, value) => {
    expect(converter.fromPayload(payloadOf(json))).toEqual(value);
  });

  test('gives back what it was given, or refuses it with its place', () => {
    const wholeDouble = fc.double({ min: 2 ** 52, max: 1e21 }).map(Math.round);
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
    });
    fc.assert(
      fc.property(fc.oneof(anything, fc.double(), fc.array(wholeDouble)), (value) => {
        let payload: Payload;
        try {
          payload = converter.toPayload(value);
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadConverterError);
          expect((error as PayloadConverterError).message).toContain(`value${(error as PayloadConverterError).path} `);
          return;
        }
        expect(asJsonHasIt(converter.fromPayload(payload))).toEqual(asJsonHasIt(value));
      }),
      { numRuns: 2_000 },
    );
  });
});

/** Dates are text in JSON, and it knows one zero. */
const asJsonHasIt = (value: unknown): unknown => {
  if (value instanceof Date) return value.toJSON();
  if (Object.is(value, -0)) return 0;
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(asJsonHasIt);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, asJsonHasIt(inner)]));
};
