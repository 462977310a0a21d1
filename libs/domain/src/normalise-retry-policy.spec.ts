import { durationMsMax } from './limits.ts';
import { normaliseRetryPolicy, type RetryPolicyRequest } from './normalise-retry-policy.ts';

const defaults = {
  initialIntervalMs: 1000,
  backoffCoefficient: 2,
  intervalMsMax: 100_000,
  attemptsMax: 0,
  nonRetryableErrorTypes: [],
};

test.each<{ given: string; asked: RetryPolicyRequest; gives: object }>([
  { given: 'nothing', asked: {}, gives: {} },
  {
    given: 'zeroes, as on the wire',
    asked: { initialIntervalMs: 0, backoffCoefficient: 0, intervalMsMax: 0 },
    gives: {},
  },
  {
    given: 'an initial interval',
    asked: { initialIntervalMs: 20 },
    gives: { initialIntervalMs: 20, intervalMsMax: 2000 },
  },
  { given: 'a coefficient of one', asked: { backoffCoefficient: 1 }, gives: { backoffCoefficient: 1 } },
  { given: 'a maximum interval of the initial', asked: { intervalMsMax: 1000 }, gives: { intervalMsMax: 1000 } },
  { given: 'attempts', asked: { attemptsMax: 7 }, gives: { attemptsMax: 7 } },
  {
    given: 'timeouts and error types',
    asked: { nonRetryableErrorTypes: ['TemporalTimeout:Heartbeat', 'TemporalTimeout:StartToClose', 'Refused'] },
    gives: { nonRetryableErrorTypes: ['TemporalTimeout:Heartbeat', 'TemporalTimeout:StartToClose', 'Refused'] },
  },
  {
    given: 'an initial interval over 100 years',
    asked: { initialIntervalMs: durationMsMax + 1 },
    gives: { initialIntervalMs: durationMsMax, intervalMsMax: durationMsMax },
  },
  {
    given: 'one attempt, and nonsense that would never be used',
    asked: { attemptsMax: 1, initialIntervalMs: -5, backoffCoefficient: 0.1, intervalMsMax: 1 },
    gives: { attemptsMax: 1 },
  },
])('$given', ({ asked, gives }) => {
  const checked = normaliseRetryPolicy(asked);
  expect(checked).toEqual({ kind: 'ok', value: { ...defaults, ...gives } });
  if (checked.kind === 'ok') expect(normaliseRetryPolicy(checked.value)).toEqual(checked);
});

test.each<{ given: string; asked: RetryPolicyRequest; message: string }>([
  {
    given: 'a negative initial interval',
    asked: { initialIntervalMs: -1 },
    message: 'invalid InitialInterval set on retry policy: negative duration. Got -1 ms, expected 0 or more',
  },
  {
    given: 'a coefficient below one',
    asked: { backoffCoefficient: 0.99 },
    message: 'BackoffCoefficient cannot be less than 1 on retry policy.',
  },
  {
    given: 'a coefficient that is no number',
    asked: { backoffCoefficient: Number.NaN },
    message: 'BackoffCoefficient cannot be less than 1 on retry policy.',
  },
  {
    given: 'a negative maximum interval',
    asked: { intervalMsMax: -1 },
    message: 'invalid MaximumInterval set on retry policy: negative duration. Got -1 ms, expected 0 or more',
  },
  {
    given: 'a maximum interval below the initial',
    asked: { initialIntervalMs: 20, intervalMsMax: 19 },
    message: 'MaximumInterval cannot be less than InitialInterval on retry policy.',
  },
  {
    given: 'negative attempts',
    asked: { attemptsMax: -1 },
    message: 'MaximumAttempts cannot be negative on retry policy.',
  },
  {
    given: 'more attempts than can be counted',
    asked: { attemptsMax: 2 ** 31 },
    message: 'MaximumAttempts cannot exceed 2147483647 on retry policy, got 2147483648',
  },
  {
    given: 'an endless coefficient',
    asked: { backoffCoefficient: Infinity },
    message: 'BackoffCoefficient must be finite on retry policy.',
  },
  {
    given: 'half an attempt',
    asked: { attemptsMax: 1.5 },
    message: 'MaximumAttempts must be a whole number on retry policy, got 1.5',
  },
  {
    given: 'a timeout that is none',
    asked: { nonRetryableErrorTypes: ['TemporalTimeout:Lunch'] },
    message: 'Invalid timeout type value: Lunch.',
  },
  {
    given: 'more error types than an activity may carry along',
    asked: { nonRetryableErrorTypes: Array.from({ length: 70 }, () => 'E'.repeat(1000)) },
    message: 'NonRetryableErrorTypes exceed length limit on retry policy. Length=70070 Limit=65536',
  },
  {
    given: 'error types without a name, by the thousand',
    asked: { nonRetryableErrorTypes: Array.from({ length: 70_000 }, () => '') },
    message: 'NonRetryableErrorTypes exceed length limit on retry policy. Length=70000 Limit=65536',
  },
])('refused: $given', ({ asked, message }) => {
  expect(normaliseRetryPolicy(asked)).toEqual({ kind: 'refused', refusal: { reason: 'invalid-argument', message } });
});
