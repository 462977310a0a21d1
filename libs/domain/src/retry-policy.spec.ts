import { durationMsMax } from './limits.ts';
import { retryIntervalMs, type RetryPolicy } from './retry-policy.ts';
import { millis } from './units.ts';

const policy = (initial: number, coefficient: number, max: number): RetryPolicy => ({
  initialIntervalMs: millis(initial),
  backoffCoefficient: coefficient,
  intervalMsMax: millis(max),
  attemptsMax: 0,
  nonRetryableErrorTypes: [],
});

test.each<{ given: string; of: RetryPolicy; after: number; gives: number }>([
  { given: 'the initial interval', of: policy(1000, 2, 100_000), after: 1, gives: 1000 },
  { given: 'the second', of: policy(1000, 2, 100_000), after: 2, gives: 2000 },
  { given: 'the seventh', of: policy(1000, 2, 100_000), after: 7, gives: 64_000 },
  { given: 'cut at the maximum', of: policy(1000, 2, 100_000), after: 8, gives: 100_000 },
  { given: 'far past the doubles', of: policy(1000, 2, 100_000), after: 1_000_000, gives: 100_000 },
  { given: 'fixed', of: policy(250, 1, 100_000), after: 12, gives: 250 },
  { given: 'a coefficient that doubles are not exact in', of: policy(1000, 1.1, 100_000), after: 2, gives: 1100 },
  { given: 'the same cubed', of: policy(1000, 1.1, 100_000), after: 4, gives: 1331 },
  { given: 'half a millisecond, rounded', of: policy(1, 1.5, 100), after: 2, gives: 2 },
  { given: 'an infinite coefficient', of: policy(1, Infinity, 100), after: 2, gives: 100 },
  { given: 'no more than 100 years', of: policy(1, 10, durationMsMax), after: 400, gives: durationMsMax },
])('$given', ({ of, after, gives }) => {
  expect(retryIntervalMs(of, after)).toBe(gives);
});

test('attempts are counted from 1', () => {
  expect(() => retryIntervalMs(policy(1, 1, 1), 0)).toThrow('attempts are counted from 1, got 0');
});
