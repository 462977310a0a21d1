import type { FailureInfo, TimeoutType } from './failure.ts';
import { isRetryable } from './retryable.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { millis } from './units.ts';

const application = (errorType: string, nonRetryable = false): FailureInfo => ({
  type: 'application',
  errorType,
  nonRetryable,
  details: [],
});
const timeout = (timeoutType: TimeoutType): FailureInfo => ({ type: 'timeout', timeoutType, lastHeartbeatDetails: [] });

test.each<{ given: string; info: FailureInfo; excluded?: readonly string[]; retryable: boolean }>([
  { given: 'no info', info: { type: 'none' }, retryable: true },
  { given: 'an application failure', info: application('Refused'), retryable: true },
  { given: 'one that says no', info: application('Refused', true), retryable: false },
  { given: 'one of an excluded type', info: application('Refused'), excluded: ['Refused'], retryable: false },
  {
    given: 'one of a type like an excluded one',
    info: application('Refused'),
    excluded: ['refused', 'Refuse'],
    retryable: true,
  },
  { given: 'a server failure', info: { type: 'server', nonRetryable: false }, retryable: true },
  { given: 'a server failure for good', info: { type: 'server', nonRetryable: true }, retryable: false },
  { given: 'start-to-close', info: timeout('start-to-close'), retryable: true },
  { given: 'heartbeat', info: timeout('heartbeat'), retryable: true },
  { given: 'schedule-to-start', info: timeout('schedule-to-start'), retryable: false },
  { given: 'schedule-to-close', info: timeout('schedule-to-close'), retryable: false },
  {
    given: 'start-to-close, excluded',
    info: timeout('start-to-close'),
    excluded: ['TemporalTimeout:StartToClose'],
    retryable: false,
  },
  {
    given: 'heartbeat, excluded',
    info: timeout('heartbeat'),
    excluded: ['TemporalTimeout:Heartbeat'],
    retryable: false,
  },
  {
    given: 'heartbeat, the other excluded',
    info: timeout('heartbeat'),
    excluded: ['TemporalTimeout:StartToClose', 'Heartbeat'],
    retryable: true,
  },
  { given: 'canceled', info: { type: 'canceled', details: [], identity: '' }, retryable: false },
  { given: 'terminated', info: { type: 'terminated', identity: '' }, retryable: false },
])('$given: $retryable', ({ info, excluded = [], retryable }) => {
  const policy: RetryPolicy = {
    initialIntervalMs: millis(1),
    backoffCoefficient: 1,
    intervalMsMax: millis(1),
    attemptsMax: 0,
    nonRetryableErrorTypes: excluded,
  };
  expect(isRetryable({ message: '', source: '', stackTrace: '', info }, policy)).toBe(retryable);
});
