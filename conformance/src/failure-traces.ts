import { usualOptions, type Trace } from './trace.ts';

const oneAttempt = { retryPolicy: { ...usualOptions.retryPolicy, attemptsMax: 1 } };

/** What stands in outcomes and failures, and what is kept of them (semantics sections 1.4, 2.2 and 2.3). */
export const failureTraces: readonly Trace[] = [
  {
    promise: 'a failure without details is one all the same, and is retried',
    steps: ['poll', 'fail-without-details'],
    sees: {
      status: 'running',
      attempt: 2,
      waits: true,
      lastFailure: 'activity task failed without failure details',
    },
  },
  {
    promise: 'without another attempt it is the outcome',
    options: oneAttempt,
    steps: ['poll', 'fail-without-details'],
    sees: {
      status: 'failed',
      failure: 'activity task failed without failure details',
      retryState: 'maximum-attempts-reached',
    },
  },
  {
    promise: 'of a large failure that is retried a part is kept',
    steps: ['poll', 'fail-with-large-failure'],
    sees: { status: 'running', attempt: 2, lastFailure: 'Failure exceeds size limit.' },
  },
  {
    promise: 'a large failure that is the outcome is kept whole',
    options: oneAttempt,
    steps: ['poll', 'fail-with-large-failure'],
    sees: { status: 'failed', failure: 'large '.repeat(1000), failureType: 'application' },
  },
  {
    promise: 'what times out within an attempt is reported by id, and final',
    steps: ['poll', 'fail-with-timeout-by-id'],
    sees: { status: 'failed', failureType: 'timeout', retryState: 'non-retryable-failure' },
  },
  {
    promise: 'a timeout that is the outcome carries the last heartbeat details, and is the last failure',
    options: oneAttempt,
    steps: ['poll', 'heartbeat', 'heartbeat-elapses'],
    sees: {
      status: 'timed-out',
      failure: 'activity Heartbeat timeout',
      details: 'heartbeat 1',
      cause: '',
      lastFailure: 'activity Heartbeat timeout',
    },
  },
  {
    promise: 'a timeout that is the outcome was caused by the failure of the attempt before',
    options: { retryPolicy: { ...usualOptions.retryPolicy, initialIntervalMs: 500, attemptsMax: 2 } },
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'heartbeat-elapses'],
    sees: { status: 'timed-out', failure: 'activity Heartbeat timeout', cause: 'failed' },
  },
  {
    promise: 'a timeout that is retried takes the place of the failure before, and chains nothing',
    options: { retryPolicy: { ...usualOptions.retryPolicy, initialIntervalMs: 500, attemptsMax: 9 } },
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'heartbeat-elapses'],
    sees: { status: 'running', attempt: 3, lastFailure: 'activity Heartbeat timeout' },
  },
  {
    promise: 'schedule-to-start is an outcome, not how the last attempt failed',
    steps: ['poll', 'fail', 'backoff-elapses', 'schedule-to-start-elapses'],
    sees: { status: 'timed-out', failure: 'activity ScheduleToStart timeout', lastFailure: 'failed' },
  },
  {
    promise: 'without time for another attempt the timeout is the last failure',
    options: { scheduleToCloseTimeoutMs: 50_000 },
    steps: ['poll', 'heartbeat-elapses'],
    sees: {
      status: 'timed-out',
      failure: 'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying',
      lastFailure: 'activity Heartbeat timeout',
      retryState: 'timeout',
    },
  },
  {
    promise: 'a heartbeat without details takes the place of one with',
    steps: ['poll', 'heartbeat', 'heartbeat-without-details', 'fail', 'backoff-elapses', 'poll'],
    sees: { attempt: 2, heartbeatDetails: '', heartbeats: 2 },
  },
  {
    promise: 'details that come with a failure count as a heartbeat',
    steps: ['poll', 'heartbeat', 'fail-with-heartbeat-details'],
    sees: { attempt: 2, heartbeats: 2 },
  },
  {
    promise: 'a heartbeat of the attempt before keeps none alive',
    steps: ['poll', 'heartbeat', 'fail', 'backoff-elapses', 'poll', 'heartbeat-elapses'],
    sees: { status: 'running', attempt: 3 },
  },
  {
    promise: 'a termination forgets no failure',
    steps: ['poll', 'fail', 'terminate'],
    sees: { status: 'terminated', failure: 'terminated on purpose', endedBy: 'client', lastFailure: 'failed' },
  },
  {
    promise: 'a cancellation that no worker saw says why',
    steps: ['request-cancel'],
    sees: { status: 'canceled', details: 'cancelled on purpose', endedBy: 'client', retryState: 'unspecified' },
  },
  {
    promise: 'one that its worker accepted says what the worker says',
    steps: ['poll', 'request-cancel', 'report-canceled'],
    sees: { status: 'canceled', details: 'stopped', endedBy: 'client' },
  },
  {
    promise: 'nobody else reports an attempt canceled',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'request-cancel', 'report-canceled-with-first-token'],
    sees: { status: 'running', runState: 'cancel-requested', answer: 'not-found' },
  },
  {
    promise: 'a cancel request outlives no attempt: there is none after it',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'request-cancel', 'fail', 'poll'],
    sees: { status: 'failed', attempt: 2, retryState: 'cancel-requested', answer: 'no-task' },
  },
];
