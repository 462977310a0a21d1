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
});
