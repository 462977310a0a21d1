import type { Random } from '@ratchet/testing';

const texts: readonly string[] = [
  '',
  ' ',
  '\0',
  '/',
  '%2F',
  '../../etc/passwd',
  'ratchet.activity.commands',
  '/_sys/x',
  'ä€😀',
  '\ud800',
  '\u202e',
  'null',
  '0',
  '-1',
  '{"$":1}',
  "'; drop table --",
  'x'.repeat(1000),
  'x'.repeat(1001),
  'é'.repeat(5000),
  'x'.repeat(100_000),
  '00000000-0000-0000-0000-000000000000',
];

const numbers: readonly number[] = [
  0,
  1,
  -1,
  2,
  7,
  127,
  128,
  999_999_999,
  1e9,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 53 - 1,
  2 ** 62,
  -(2 ** 62),
];

const fractions: readonly number[] = [0, -0, 0.5, 1, 2, -1, 1e-300, 1e300, NaN, Infinity, -Infinity];

/** A text that someone may send and nobody should trust. */
export const oddText = (random: Random): string => random.pick(texts);
export const oddNumber = (random: Random): number => random.pick(numbers);
export const oddFraction = (random: Random): number => random.pick(fractions);
