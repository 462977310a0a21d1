import fc from 'fast-check';
import { isLongerThan, truncateUtf8, utf8Bytes, utf8Length } from './utf8.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\ud83d', '\ude00'), maxLength: 12 });

test('the length is that of the encoded bytes, lone surrogates included', () => {
  fc.assert(
    fc.property(text, (value) => {
      expect(utf8Length(value)).toBe(utf8Bytes(value).length);
    }),
  );
});

test.each([1_000, 1_024, 1_025, 100_000])('so it is of a text of %i characters', (count) => {
  const value = 'é😀a\ud83d€'.repeat(count / 5 + 1).slice(0, count);
  expect(utf8Length(value)).toBe(Buffer.byteLength(value));
});

test('a cut text fits, is a beginning, and could not be one character longer', () => {
  fc.assert(
    fc.property(text, fc.nat({ max: 20 }), (value, bytesMax) => {
      const cut = truncateUtf8(value, bytesMax);
      expect(value.startsWith(cut)).toBe(true);
      expect(utf8Length(cut)).toBeLessThanOrEqual(bytesMax);
      const next = Array.from(value.slice(cut.length))[0];
      if (next !== undefined) expect(utf8Length(cut + next)).toBeGreaterThan(bytesMax);
    }),
  );
});

test.each([
  { value: 'a'.repeat(10), longer: false },
  { value: 'a'.repeat(11), longer: true },
  { value: 'é'.repeat(5), longer: false },
  { value: `${'é'.repeat(5)}a`, longer: true },
])('$value is longer than 10 bytes: $longer', ({ value, longer }) => {
  expect(isLongerThan(value, 10)).toBe(longer);
});
