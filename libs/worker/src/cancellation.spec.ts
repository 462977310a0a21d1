import { CancelledFailure } from '@ratchet/protocol';
import type { ActivityCancellationDetails } from './activity-cancellation-details.ts';
import type { CancelReason } from './cancel-reason.ts';
import { Cancellation } from './cancellation.ts';

const none: ActivityCancellationDetails = {
  cancelRequested: false,
  notFound: false,
  timedOut: false,
  paused: false,
  reset: false,
  workerShutdown: false,
};

test.each<{ reason: CancelReason; flags: Partial<ActivityCancellationDetails>; isAbandoned?: true }>([
  { reason: 'CANCELLED', flags: { cancelRequested: true } },
  { reason: 'NOT_FOUND', flags: { notFound: true }, isAbandoned: true },
  { reason: 'TIMED_OUT', flags: { notFound: true, timedOut: true }, isAbandoned: true },
  { reason: 'PAUSED', flags: { paused: true } },
  { reason: 'RESET', flags: { reset: true } },
  { reason: 'WORKER_SHUTDOWN', flags: { workerShutdown: true } },
  { reason: 'HEARTBEAT_DETAILS_CONVERSION_FAILED', flags: {} },
])('$reason is the message, and its flags are $flags', ({ reason, flags, isAbandoned = false }) => {
  const cancellation = new Cancellation();
  expect(cancellation.details).toBeUndefined();
  cancellation.request(reason);
  expect(cancellation.signal.reason).toBeInstanceOf(CancelledFailure);
  expect(cancellation.signal.reason).toMatchObject({ message: reason, details: [] });
  expect(cancellation.details).toEqual({ ...none, ...flags });
  expect(cancellation.isAbandoned).toBe(isAbandoned);
});

test('is delivered once, with the first reason', () => {
  const cancellation = new Cancellation();
  const heard: unknown[] = [];
  cancellation.signal.addEventListener('abort', () => heard.push(cancellation.signal.reason));
  for (const reason of ['PAUSED', 'CANCELLED', 'CANCELLED', 'TIMED_OUT'] as const) cancellation.request(reason);
  expect(heard).toMatchObject([{ message: 'PAUSED' }]);
  expect(cancellation.details).toMatchObject({ paused: true, cancelRequested: false, timedOut: false });
});

test.each<{ came: readonly CancelReason[]; counts: CancelReason; why: string }>([
  { came: ['CANCELLED', 'WORKER_SHUTDOWN'], counts: 'CANCELLED', why: 'no retry follows a request' },
  { came: ['WORKER_SHUTDOWN', 'CANCELLED'], counts: 'CANCELLED', why: 'no retry follows a request' },
  { came: ['PAUSED', 'CANCELLED'], counts: 'CANCELLED', why: 'a request goes before a pause' },
  { came: ['PAUSED', 'RESET'], counts: 'PAUSED', why: 'the first of equals' },
  { came: ['CANCELLED', 'NOT_FOUND'], counts: 'NOT_FOUND', why: 'nobody waits any more' },
  { came: ['NOT_FOUND', 'CANCELLED'], counts: 'NOT_FOUND', why: 'nobody waits any more' },
  { came: ['HEARTBEAT_DETAILS_CONVERSION_FAILED', 'TIMED_OUT'], counts: 'TIMED_OUT', why: 'nobody waits any more' },
])('of $came the end is judged by $counts: $why', ({ came, counts }) => {
  const cancellation = new Cancellation();
  for (const reason of came) cancellation.request(reason);
  expect(cancellation.reason).toBe(counts);
});

test('a signal that is asked for late is aborted with the first reason, too', () => {
  const cancellation = new Cancellation();
  cancellation.request('PAUSED');
  cancellation.request('CANCELLED');
  expect(cancellation.signal.reason).toMatchObject({ message: 'PAUSED' });
});
