import {
  currentRetryIntervalMs,
  executionDurationMs,
  executionTime,
  expirationTime,
  lastFailure,
  nextAttemptScheduleTime,
  publicStatus,
  runState,
} from './describe.ts';
import { applicationFailure, options, Stage } from './stage.fixture.ts';
import { standaloneIn, type StateName } from './states.fixture.ts';
import { epochMillis } from './units.ts';

// Semantics sections 2, 2.2 and 2.6.

test.each<{ state: StateName; status: string; run: string }>([
  { state: 'delayed', status: 'running', run: 'scheduled' },
  { state: 'scheduled', status: 'running', run: 'scheduled' },
  { state: 'backing off', status: 'running', run: 'scheduled' },
  { state: 'started', status: 'running', run: 'started' },
  { state: 'cancel-requested', status: 'running', run: 'cancel-requested' },
  { state: 'pause-requested', status: 'running', run: 'pause-requested' },
  { state: 'reset-requested', status: 'running', run: 'started' },
  { state: 'paused', status: 'paused', run: 'paused' },
  { state: 'completed', status: 'completed', run: 'unspecified' },
  { state: 'failed', status: 'failed', run: 'unspecified' },
  { state: 'canceled', status: 'canceled', run: 'unspecified' },
  { state: 'terminated', status: 'terminated', run: 'unspecified' },
  { state: 'timed-out', status: 'timed-out', run: 'unspecified' },
])('$state shows as $status, $run', ({ state, status, run }) => {
  const { activity } = standaloneIn(state);
  expect([publicStatus(activity), runState(activity)]).toEqual([status, run]);
});

test('a reset that keeps a pause shows as the pause', () => {
  const stage = standaloneIn('pause-requested');
  stage.accept(stage.reset({ keepPaused: true }));
  expect(runState(stage.activity)).toBe('pause-requested');
});

test.each<{ state: StateName; now: number; next: number | undefined; interval: number | undefined }>([
  { state: 'backing off', now: 9, next: 10, interval: 10 },
  { state: 'backing off', now: 10, next: undefined, interval: undefined },
  { state: 'delayed', now: 49, next: 50, interval: undefined },
  { state: 'delayed', now: 50, next: undefined, interval: undefined },
  { state: 'scheduled', now: 0, next: undefined, interval: undefined },
  { state: 'started', now: 0, next: undefined, interval: undefined },
  { state: 'paused', now: 0, next: undefined, interval: undefined },
  { state: 'completed', now: 0, next: undefined, interval: undefined },
])('$state at $now: next attempt $next, interval $interval', ({ state, now, next, interval }) => {
  const { activity } = standaloneIn(state);
  const instant = epochMillis(now);
  expect([nextAttemptScheduleTime(activity, instant), currentRetryIntervalMs(activity, instant)]).toEqual([
    next,
    interval,
  ]);
});

test('a paused backoff shows neither', () => {
  const stage = standaloneIn('pause-requested').accept(new Stage().fail());
  expect(nextAttemptScheduleTime(stage.activity, epochMillis(0))).toBeUndefined();
  expect(currentRetryIntervalMs(stage.activity, epochMillis(0))).toBeUndefined();
});

test('times of the execution', () => {
  const { activity } = standaloneIn('delayed');
  expect([executionTime(activity), expirationTime(activity), executionDurationMs(activity)]).toEqual([
    50,
    1050,
    undefined,
  ]);
  const closed = standaloneIn('timed-out').activity;
  expect([executionTime(closed), expirationTime(closed), executionDurationMs(closed)]).toEqual([0, undefined, 30]);
  const unlimited = new Stage();
  unlimited.accept(unlimited.schedule({ options: { taskQueue: 'mail', startToCloseTimeoutMs: 5 } }));
  expect(expirationTime(unlimited.activity)).toBeUndefined();
});

describe('the last failure', () => {
  test('of an open activity is that of the attempt before', () => {
    expect(lastFailure(standaloneIn('backing off').activity)).toEqual({
      failure: applicationFailure('broken'),
      failedAt: 0,
    });
    expect(lastFailure(standaloneIn('started').activity)).toBeUndefined();
  });

  test('of a failed one is its outcome', () => {
    const { activity } = standaloneIn('failed');
    expect(lastFailure(activity)?.failure.message).toBe('final');
  });

  test.each(['start-to-close', 'heartbeat'] as const)('of one that ended in a %s timeout is its outcome', (type) => {
    const stage = new Stage().accept(
      new Stage().schedule({ options: { ...options, retryPolicy: { attemptsMax: 1 } } }),
    );
    stage.accept(stage.claim()).at(100).accept(stage.timeOut(type));
    expect(lastFailure(stage.activity)).toEqual({ failure: stage.outcomeFailure, failedAt: 100 });
  });

  test('of one that ran out of its whole time stays that of the last attempt', () => {
    const { activity } = standaloneIn('timed-out');
    expect(lastFailure(activity)).toBeUndefined();
    const stage = standaloneIn('backing off').at(1000);
    stage.accept(stage.timeOut('schedule-to-close'));
    expect(lastFailure(stage.activity)?.failure.message).toBe('broken');
  });

  test.each(['completed', 'canceled', 'terminated'] as const)('of one that is %s is not its outcome', (state) => {
    expect(lastFailure(standaloneIn(state).activity)).toBeUndefined();
  });
});
