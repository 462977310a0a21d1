import { ApplicationFailure, CancelledFailure, TimeoutFailure } from '@ratchet/protocol';
import { endOfThrown, type AttemptEnd } from './attempt-end.ts';
import type { CancelReason } from './cancel-reason.ts';
import { Cancellation } from './cancellation.ts';
import { CompleteAsyncError } from './complete-async-error.ts';

const cancelled = new CancelledFailure('CANCELLED', ['half done']);
const aborted = Object.assign(new Error('The operation was aborted'), { name: 'AbortError' });
const broken = new TypeError('x is undefined');
const stopped = (type: string): AttemptEnd => ({
  type: 'failed',
  error: expect.objectContaining({ type, nonRetryable: false }),
});

interface Row {
  readonly reason: CancelReason | undefined;
  readonly thrown: unknown;
  readonly then: AttemptEnd;
  readonly what: string;
}

test.each<Row>([
  { reason: undefined, thrown: broken, what: 'its error', then: { type: 'failed', error: broken } },
  { reason: undefined, thrown: 'text', what: 'whatever was thrown', then: { type: 'failed', error: 'text' } },
  { reason: undefined, thrown: cancelled, what: 'a failure that nobody asked for', then: stopped('CancelledFailure') },
  {
    reason: undefined,
    thrown: new TimeoutFailure('t', 'heartbeat'),
    what: 'a failure of its own',
    then: stopped('TimeoutFailure'),
  },
  { reason: undefined, thrown: new CompleteAsyncError(), what: 'nothing', then: { type: 'unsaid' } },
  {
    reason: 'CANCELLED',
    thrown: cancelled,
    what: 'a cancellation with details',
    then: { type: 'canceled', details: ['half done'] },
  },
  { reason: 'CANCELLED', thrown: aborted, what: 'a cancellation', then: { type: 'canceled', details: [] } },
  { reason: 'CANCELLED', thrown: broken, what: 'its error', then: { type: 'failed', error: broken } },
  { reason: 'CANCELLED', thrown: new CompleteAsyncError(), what: 'nothing', then: { type: 'unsaid' } },
  { reason: 'PAUSED', thrown: cancelled, what: 'a pause', then: stopped('ActivityPause') },
  { reason: 'PAUSED', thrown: aborted, what: 'a pause', then: stopped('ActivityPause') },
  { reason: 'PAUSED', thrown: broken, what: 'its error', then: { type: 'failed', error: broken } },
  { reason: 'RESET', thrown: cancelled, what: 'a reset', then: stopped('ActivityReset') },
  { reason: 'RESET', thrown: aborted, what: 'a reset', then: stopped('ActivityReset') },
  { reason: 'WORKER_SHUTDOWN', thrown: cancelled, what: 'a shutdown', then: stopped('WorkerShutdown') },
  { reason: 'WORKER_SHUTDOWN', thrown: broken, what: 'its error', then: { type: 'failed', error: broken } },
  { reason: 'NOT_FOUND', thrown: cancelled, what: 'nothing', then: { type: 'unsaid' } },
  { reason: 'TIMED_OUT', thrown: broken, what: 'nothing', then: { type: 'unsaid' } },
])('an activity told to stop because of $reason that throws $thrown reports $what', ({ reason, thrown, then }) => {
  const cancellation = new Cancellation();
  if (reason !== undefined) cancellation.request(reason);
  expect(endOfThrown(thrown, cancellation)).toEqual(then);
});

test('ApplicationFailure stays what it is', () => {
  const failure = ApplicationFailure.nonRetryable('no', 'Declined');
  expect(endOfThrown(failure, new Cancellation())).toEqual({ type: 'failed', error: failure });
});
