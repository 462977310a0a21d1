import { usualOptions, type Trace } from './trace.ts';

const delayed = { startDelayMs: 60_000 };
/** Longer than a poll that gets nothing. */
const longBackoff = { retryPolicy: { ...usualOptions.retryPolicy, initialIntervalMs: 7000 } };

/** What clients and operators ask for: ids, completion by id, pause, reset, options (semantics sections 1.5 and 2). */
export const operatorTraces: readonly Trace[] = [
  // by id
  {
    promise: 'an activity can be completed by id, whichever attempt runs',
    steps: ['poll', 'fail', 'backoff-elapses', 'poll', 'complete-by-id'],
    sees: { status: 'completed', attempt: 2, answer: 'ok' },
  },
  {
    promise: 'by id it can be completed before any worker has it',
    steps: ['complete-by-id'],
    sees: { status: 'completed', attemptsStarted: 0 },
  },
  {
    promise: 'and while it is paused',
    steps: ['pause', 'complete-by-id'],
    sees: { status: 'completed', attemptsStarted: 0 },
  },
  {
    promise: 'but not failed',
    steps: ['fail-by-id'],
    sees: { status: 'running', attempt: 1, answer: 'not-found' },
  },
  {
    promise: 'nor heartbeaten',
    steps: ['heartbeat-by-id'],
    sees: { status: 'running', answer: 'not-found' },
  },
  {
    promise: 'nor reported canceled',
    steps: ['report-canceled-by-id'],
    sees: { status: 'running', answer: 'not-found' },
  },
  {
    promise: 'a failure by id is retried like any other',
    steps: ['poll', 'fail-by-id', 'backoff-elapses', 'poll'],
    sees: { status: 'running', attempt: 2, answer: 'task' },
  },
  {
    promise: 'a heartbeat by id keeps the attempt alive and its details',
    steps: ['poll', 'heartbeat-by-id', 'fail', 'backoff-elapses', 'poll'],
    sees: { attempt: 2, heartbeatDetails: 'heartbeat 1' },
  },
  // ids
  {
    promise: 'an id that is open is taken',
    steps: ['poll', 'start-again'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'already-exists' },
  },
  {
    promise: 'the same request again is the same activity',
    steps: ['poll', 'complete', 'start-again-with-same-request'],
    sees: { status: 'completed', attemptsStarted: 1, answer: 'ok' },
  },
  {
    promise: 'an open activity can be used instead',
    steps: ['poll', 'start-again-using-existing'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 1, answer: 'ok' },
  },
  {
    promise: 'a closed id is free',
    steps: ['poll', 'complete', 'start-again', 'poll'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'a token of a former life completes nothing',
    steps: ['poll', 'fail-for-good', 'start-again', 'poll', 'complete-with-first-token'],
    sees: { status: 'running', attemptsStarted: 2, answer: 'not-found' },
  },
  {
    promise: 'unless duplicates are rejected',
    steps: ['poll', 'complete', 'start-again-rejecting-duplicates'],
    sees: { status: 'completed', answer: 'already-exists' },
  },
  {
    promise: 'a completed id is not free for a second try',
    steps: ['poll', 'complete', 'start-again-if-failed'],
    sees: { status: 'completed', answer: 'already-exists' },
  },
  {
    promise: 'a failed one is',
    steps: ['poll', 'fail-for-good', 'start-again-if-failed'],
    sees: { status: 'running', attempt: 1, answer: 'ok' },
  },
  // pause
  {
    promise: 'what is paused cannot be polled',
    steps: ['pause', 'poll'],
    sees: { status: 'paused', attemptsStarted: 0, answer: 'no-task' },
  },
  {
    promise: 'after an unpause it can',
    steps: ['pause', 'poll', 'unpause', 'poll'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'task' },
  },
  {
    promise: 'a pause lets the attempt that runs go on, and tells it',
    steps: ['poll', 'pause', 'heartbeat'],
    sees: { status: 'running', answer: 'paused' },
  },
  {
    promise: 'it takes effect when the attempt fails',
    steps: ['poll', 'pause', 'fail'],
    sees: { status: 'paused', attempt: 2 },
  },
  {
    promise: 'or times out',
    steps: ['poll', 'pause', 'heartbeat-elapses'],
    sees: { status: 'paused', attempt: 2 },
  },
  {
    promise: 'but a completion is a completion',
    steps: ['poll', 'pause', 'complete'],
    sees: { status: 'completed' },
  },
  {
    promise: 'an unpause honours the backoff that remains',
    options: longBackoff,
    steps: ['poll', 'pause', 'fail', 'unpause', 'poll', 'backoff-elapses', 'poll'],
    sees: { status: 'running', attempt: 2, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'an unpause honours a start delay that is not over',
    options: delayed,
    steps: ['pause', 'unpause', 'poll'],
    sees: { status: 'running', attemptsStarted: 0, answer: 'no-task' },
  },
  {
    promise: 'what is not paused cannot be unpaused',
    steps: ['unpause'],
    sees: { status: 'running', answer: 'failed-precondition' },
  },
  // reset
  {
    promise: 'a reset of a backoff brings attempt 1 at once',
    steps: ['poll', 'fail', 'reset', 'poll'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'a reset of an attempt that runs waits, and tells it',
    steps: ['poll', 'reset', 'heartbeat'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'reset' },
  },
  {
    promise: 'it brings attempt 1 though the failure was for good',
    steps: ['poll', 'reset', 'fail-for-good', 'poll'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'a token of before the reset completes nothing',
    steps: ['poll', 'reset', 'fail', 'poll', 'complete-with-first-token'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'not-found' },
  },
  {
    promise: 'a cancel goes before a reset',
    steps: ['poll', 'reset', 'request-cancel', 'fail'],
    sees: { status: 'failed', retryState: 'cancel-requested' },
  },
  {
    promise: 'what was cancelled cannot be reset',
    steps: ['poll', 'request-cancel', 'reset'],
    sees: { status: 'running', answer: 'failed-precondition' },
  },
  {
    promise: 'a reset can keep the pause',
    steps: ['poll', 'pause', 'fail', 'reset-keeping-pause'],
    sees: { status: 'paused', attempt: 1 },
  },
  {
    promise: 'a reset keeps the heartbeat details',
    steps: ['poll', 'heartbeat', 'fail', 'reset', 'poll'],
    sees: { attempt: 1, heartbeatDetails: 'heartbeat 1' },
  },
  {
    promise: 'unless it is to forget them',
    steps: ['poll', 'heartbeat', 'fail', 'reset-forgetting-heartbeat', 'poll'],
    sees: { attempt: 1, heartbeatDetails: '' },
  },
  // options
  {
    promise: 'what waits moves to another queue',
    steps: ['move-to-other-queue', 'poll', 'poll-other-queue'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'task' },
  },
  {
    promise: 'and leaves the one it was in',
    steps: ['move-to-other-queue', 'poll'],
    sees: { status: 'running', attemptsStarted: 0, answer: 'no-task' },
  },
  {
    promise: 'what runs keeps its token',
    steps: ['poll', 'move-to-other-queue', 'complete'],
    sees: { status: 'completed' },
  },
  {
    promise: 'a limit that is shortened counts from the start of the attempt',
    options: { heartbeatTimeoutMs: 0, startToCloseTimeoutMs: 60_000 },
    steps: ['poll', 'shorten-start-to-close', 'start-to-close-elapses'],
    sees: { status: 'running', attempt: 2, lastFailure: 'activity StartToClose timeout' },
  },
  {
    promise: 'options go back to what they were',
    steps: ['move-to-other-queue', 'restore-options', 'poll'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'task' },
  },
  {
    promise: 'a late repetition of a pause does not pause again',
    steps: ['pause', 'unpause', 'pause'],
    sees: { status: 'running', runState: 'scheduled', answer: 'ok' },
  },
  {
    promise: 'an attempt whose pause was taken back is told nothing',
    steps: ['poll', 'pause', 'unpause', 'heartbeat'],
    sees: { runState: 'started', answer: 'ok' },
  },
  {
    promise: 'a cancel goes before a pause',
    steps: ['poll', 'pause', 'request-cancel', 'heartbeat'],
    sees: { runState: 'cancel-requested', answer: 'cancel-requested' },
  },
  {
    promise: 'what was paused can be cancelled by its worker',
    steps: ['poll', 'pause', 'request-cancel', 'report-canceled'],
    sees: { status: 'canceled', answer: 'ok' },
  },
  {
    promise: 'a reset brings back what is paused before a retry, as attempt 1',
    steps: ['poll', 'pause', 'fail', 'reset', 'poll'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'a reset that keeps the pause keeps it when the attempt has failed for good, too',
    steps: ['poll', 'pause', 'reset-keeping-pause', 'fail-for-good', 'poll'],
    sees: { status: 'paused', attempt: 1, answer: 'no-task' },
  },
  {
    promise: 'a completion is a completion, whatever was asked of the attempt',
    steps: ['poll', 'pause', 'reset-keeping-pause', 'complete'],
    sees: { status: 'completed', attempt: 1, result: 'done' },
  },
  {
    promise: 'what was deleted leaves its id free, even for who rejects duplicates',
    steps: ['poll', 'complete', 'delete', 'start-again-rejecting-duplicates', 'poll'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'a deleted id is free although a former run of it is kept',
    steps: ['poll', 'complete', 'start-again', 'delete', 'start-again-rejecting-duplicates', 'poll'],
    sees: { status: 'running', attempt: 1, attemptsStarted: 2, answer: 'task' },
  },
  {
    promise: 'a second delete finds nothing although a former run is kept',
    steps: ['poll', 'complete', 'start-again', 'delete', 'delete'],
    sees: { status: 'absent', answer: 'not-found' },
  },
  {
    promise: 'a token of what was deleted completes nothing under the same id',
    steps: ['poll', 'delete', 'start-again', 'poll', 'complete-with-first-token'],
    sees: { status: 'running', runState: 'started', answer: 'not-found' },
  },
  {
    promise: 'a reset can restore the options',
    steps: ['move-to-other-queue', 'reset-restoring-options', 'poll'],
    sees: { status: 'running', attemptsStarted: 1, answer: 'task' },
  },
];
