import { usualOptions, type Trace } from './trace.ts';

const oneAttempt = { retryPolicy: { ...usualOptions.retryPolicy, attemptsMax: 1 } };
const delayed = { startDelayMs: 4000 };
const excluding = (...nonRetryableErrorTypes: readonly string[]): NonNullable<Trace['options']> => ({
  retryPolicy: { ...usualOptions.retryPolicy, nonRetryableErrorTypes },
});

/** The behaviour we promise, a trace each (semantics section 2). One is wrong only when Temporal says otherwise. */
export const traces: readonly Trace[] = [
  // ends
  {
    promise: 'a completed attempt closes the activity',
    steps: ['poll', 'complete'],
    sees: { status: 'completed', attempt: 1, attemptsStarted: 1, answer: 'ok', failure: '' },
  },
  {
    promise: 'nothing ends twice',
    steps: ['poll', 'complete', 'complete'],
    sees: { status: 'completed', answer: 'not-found' },
  },
  {
    promise: 'a failure for good is the outcome, as the worker sent it',
    steps: ['poll', 'fail-for-good'],
    sees: { status: 'failed', failure: 'failed for good', retryState: 'non-retryable-failure', attemptsStarted: 1 },
  },
  {
    promise: 'a closed activity answers no heartbeat',
    steps: ['poll', 'terminate', 'heartbeat'],
    sees: { status: 'terminated', answer: 'not-found' },
  },
  // attempts
  {
    promise: 'a failed attempt is tried again after its backoff',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'complete'],
    sees: { status: 'completed', attempt: 2, attemptsStarted: 2 },
  },
  {
    promise: 'during the backoff there is nothing to poll',
    steps: ['poll', 'fail', 'poll'],
    sees: { status: 'running', attempt: 2, attemptsStarted: 1, answer: 'no-task' },
  },
  {
    promise: 'the last attempt that fails is the end',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'fail', 'backoff-elapses', 'poll', 'fail'],
    sees: {
      status: 'failed',
      attempt: 3,
      attemptsStarted: 3,
      retryState: 'maximum-attempts-reached',
      failure: 'failed',
    },
  },
  {
    promise: 'one attempt means no retry',
    options: oneAttempt,
    steps: ['poll', 'fail'],
    sees: { status: 'failed', attempt: 1, retryState: 'maximum-attempts-reached' },
  },
  {
    promise: 'an excluded error type is not retried',
    options: excluding('Error'),
    steps: ['poll', 'fail'],
    sees: { status: 'failed', attempt: 1, retryState: 'non-retryable-failure' },
  },
  {
    promise: 'a worker can ask for another delay, and it is waited out',
    steps: ['poll', 'fail-with-retry-delay', 'backoff-elapses', 'poll'],
    sees: { status: 'running', attempt: 2, answer: 'task' },
  },
  {
    promise: 'a failure is final when no retry fits before schedule-to-close',
    options: { scheduleToCloseTimeoutMs: 100_000 },
    steps: ['poll', 'fail-with-long-retry-delay'],
    sees: { status: 'failed', failure: 'failed with a delay', retryState: 'timeout' },
  },
  {
    promise: 'a token of an attempt that is over completes nothing',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'complete-with-first-token'],
    sees: { status: 'running', attempt: 2, answer: 'not-found' },
  },
  {
    promise: 'nor does it fail or heartbeat the next',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'heartbeat-with-first-token', 'fail-with-first-token'],
    sees: { status: 'running', attempt: 2, answer: 'not-found' },
  },
  // start delay
  {
    promise: 'a start delay delays the first attempt',
    options: delayed,
    steps: ['poll', 'start-delay-elapses', 'poll'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'task' },
  },
  {
    promise: 'before it is over there is nothing to poll',
    options: delayed,
    steps: ['poll'],
    sees: { status: 'running', attemptsStarted: 0, answer: 'no-task' },
  },
  // timeouts
  {
    promise: 'an activity that nobody takes times out, and is not retried',
    steps: ['schedule-to-start-elapses'],
    sees: {
      status: 'timed-out',
      attempt: 1,
      attemptsStarted: 0,
      failure: 'activity ScheduleToStart timeout',
      retryState: 'timeout',
    },
  },
  {
    promise: 'the time to be taken counts from the end of the backoff, and the failure before is its cause',
    steps: ['poll', 'fail', 'backoff-elapses', 'schedule-to-start-elapses'],
    sees: { status: 'timed-out', attempt: 2, failure: 'activity ScheduleToStart timeout', cause: 'failed' },
  },
  {
    promise: 'an attempt that takes too long is tried again',
    options: { heartbeatTimeoutMs: 0 },
    steps: ['poll', 'start-to-close-elapses', 'backoff-elapses', 'poll', 'complete'],
    sees: { status: 'completed', attempt: 2, attemptsStarted: 2 },
  },
  {
    promise: 'a late completion of an attempt that timed out changes nothing',
    options: { heartbeatTimeoutMs: 0 },
    steps: ['poll', 'start-to-close-elapses', 'complete'],
    sees: { status: 'running', attempt: 2, attemptsStarted: 1, answer: 'not-found' },
  },
  {
    promise: 'the last attempt that takes too long is the outcome',
    options: { ...oneAttempt, heartbeatTimeoutMs: 0 },
    steps: ['poll', 'start-to-close-elapses'],
    sees: {
      status: 'timed-out',
      failure: 'activity StartToClose timeout',
      retryState: 'maximum-attempts-reached',
      attemptsStarted: 1,
    },
  },
  {
    promise: 'an attempt that falls silent is tried again',
    steps: ['poll', 'heartbeat', 'heartbeat-elapses', 'backoff-elapses', 'poll'],
    sees: { status: 'running', attempt: 2, answer: 'task', heartbeatDetails: 'heartbeat 1' },
  },
  {
    promise: 'an excluded timeout is not retried',
    options: excluding('TemporalTimeout:Heartbeat'),
    steps: ['poll', 'heartbeat-elapses'],
    sees: { status: 'timed-out', failure: 'activity Heartbeat timeout', retryState: 'non-retryable-failure' },
  },
  {
    promise: 'an attempt that times out with no time for another ends as not enough time',
    options: { scheduleToCloseTimeoutMs: 50_000, heartbeatTimeoutMs: 0 },
    steps: ['poll', 'start-to-close-elapses'],
    sees: {
      status: 'timed-out',
      failure: 'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying',
      retryState: 'timeout',
    },
  },
  {
    promise: 'the whole time ends an attempt that runs',
    options: { scheduleToCloseTimeoutMs: 4000, heartbeatTimeoutMs: 0 },
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'schedule-to-close-elapses'],
    sees: { status: 'timed-out', failure: 'activity ScheduleToClose timeout', cause: 'failed', retryState: 'timeout' },
  },
  {
    promise: 'the whole time passes in a pause, too',
    steps: ['pause', 'schedule-to-close-elapses'],
    sees: { status: 'timed-out', failure: 'activity ScheduleToClose timeout' },
  },
  // heartbeats
  {
    promise: 'the last heartbeat details reach the next attempt',
    steps: ['poll', 'heartbeat', 'heartbeat', 'fail', 'backoff-elapses', 'poll'],
    sees: { attempt: 2, heartbeatDetails: 'heartbeat 2' },
  },
  {
    promise: 'so do details that come with the failure',
    steps: ['poll', 'heartbeat', 'fail-with-heartbeat-details', 'backoff-elapses', 'poll'],
    sees: { attempt: 2, heartbeatDetails: 'heartbeat 2' },
  },
  {
    promise: 'details survive an attempt that recorded none',
    steps: ['poll', 'heartbeat', 'fail', 'backoff-elapses', 'poll', 'fail', 'backoff-elapses', 'poll'],
    sees: { attempt: 3, heartbeatDetails: 'heartbeat 1' },
  },
  // cancellation
  {
    promise: 'a cancel of what no worker runs closes it at once',
    steps: ['request-cancel'],
    sees: { status: 'canceled', failure: 'Activity canceled', retryState: 'unspecified', attemptsStarted: 0 },
  },
  {
    promise: 'a cancel of what runs reaches the worker with its next heartbeat',
    steps: ['poll', 'request-cancel', 'heartbeat'],
    sees: { status: 'running', answer: 'cancel-requested' },
  },
  {
    promise: 'the worker may accept it',
    steps: ['poll', 'request-cancel', 'report-canceled'],
    sees: { status: 'canceled', failure: 'Activity canceled' },
  },
  {
    promise: 'or complete all the same',
    steps: ['poll', 'request-cancel', 'complete'],
    sees: { status: 'completed' },
  },
  {
    promise: 'a failure after a cancel is the end',
    steps: ['poll', 'request-cancel', 'fail'],
    sees: { status: 'failed', attempt: 1, retryState: 'cancel-requested' },
  },
  {
    promise: 'a timeout after a cancel is the end',
    steps: ['poll', 'request-cancel', 'heartbeat-elapses'],
    sees: { status: 'timed-out', failure: 'activity Heartbeat timeout', retryState: 'cancel-requested' },
  },
  {
    promise: 'the same cancel request twice is one',
    steps: ['poll', 'request-cancel', 'request-cancel'],
    sees: { status: 'running', answer: 'ok' },
  },
  {
    promise: 'a second cancel request is refused',
    steps: ['poll', 'request-cancel', 'request-cancel-with-other-request'],
    sees: { status: 'running', answer: 'failed-precondition' },
  },
  {
    promise: 'without a cancel request nothing can be reported canceled',
    steps: ['poll', 'report-canceled'],
    sees: { status: 'running', answer: 'invalid-argument' },
  },
  {
    promise: 'a termination ends what runs at once',
    steps: ['poll', 'terminate', 'complete'],
    sees: { status: 'terminated', failure: 'terminated on purpose', answer: 'not-found' },
  },
];
