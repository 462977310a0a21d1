import { normalisePriority, priorityLevel, type Priority } from './priority.ts';

test.each([
  { given: 'no key', priorityKey: 0, level: 3 },
  { given: 'the most urgent', priorityKey: 1, level: 1 },
  { given: 'the last', priorityKey: 5, level: 5 },
  { given: 'one beyond the last', priorityKey: 6, level: 5 },
])('$given is level $level', ({ priorityKey, level }) => {
  expect(priorityLevel(priorityKey)).toBe(level);
});

test('what is not asked for is none', () => {
  expect(normalisePriority({})).toEqual({
    kind: 'ok',
    value: { priorityKey: 0, fairnessKey: '', fairnessWeight: 0 },
  });
});

test('what is asked for stays as it is', () => {
  const asked = { priorityKey: 9, fairnessKey: 'ü'.repeat(32), fairnessWeight: 2_000 };
  expect(normalisePriority(asked)).toEqual({ kind: 'ok', value: asked });
});

test.each<{ given: string; asked: Partial<Priority>; message: string }>([
  { given: 'a negative key', asked: { priorityKey: -1 }, message: "priority key can't be negative" },
  {
    given: 'a key that is no 32-bit number',
    asked: { priorityKey: 2 ** 31 },
    message: 'priority key cannot exceed 2147483647, got 2147483648',
  },
  { given: 'half a key', asked: { priorityKey: 1.5 }, message: 'priority key must be a whole number, got 1.5' },
  {
    given: 'a long fairness key',
    asked: { fairnessKey: `${'ü'.repeat(32)}x` },
    message: 'fairness key length exceeds limit',
  },
  { given: 'a negative weight', asked: { fairnessWeight: -0.1 }, message: 'must be greater than zero' },
  { given: 'no number as weight', asked: { fairnessWeight: NaN }, message: 'must be greater than zero' },
])('refused: $given', ({ asked, message }) => {
  expect(normalisePriority(asked)).toEqual({
    kind: 'refused',
    refusal: { reason: 'invalid-argument', message: `invalid priorities: ${message}` },
  });
});
