import type { RetryState } from '../failure.ts';
import { applicationFailure, options, payloads, Stage } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';

// Semantics sections 1.2, 1.3 and 2.1: what follows a failed attempt.

const final = applicationFailure('final', { nonRetryable: true });

const started = (changed: object = {}): Stage => {
  const stage = new Stage();
  return stage.accept(stage.schedule({ options: { ...options, ...changed } })).accept(stage.claim());
};

/** The stage's activity failed for the `attempt`th time, at once after each backoff. */
function failedTimes(stage: Stage, attempt: number): Stage {
  for (let count = 1; count < attempt; count++) {
    stage.accept(stage.fail()).at(stage.open.dispatchAt).accept(stage.dispatchDue()).accept(stage.claim());
  }
  return stage.accept(stage.fail());
}

describe('a retry', () => {
  test('is the next attempt, under a new stamp, after the interval', () => {
    const stage = started().at(5);
    expect(stage.consequences(stage.fail())).toHaveLength(1);
    expect(stage.activity).toMatchObject({
      status: 'scheduled',
      attempt: 2,
      stamp: 2,
      dispatchAt: 15,
      retryIntervalMs: 10,
      retryIntervalSource: 'retry-policy',
      lastFailure: { failure: { message: 'broken' }, failedAt: 5 },
      scheduledAt: 0,
    });
    for (const gone of ['claimId', 'dispatchedAt']) expect(stage.activity).not.toHaveProperty(gone);
  });

  test('waits longer each time, up to the maximum', () => {
    const stage = started({ retryPolicy: { ...options.retryPolicy, attemptsMax: 0 } });
    const intervals = [1, 2, 3, 4, 5].map((attempt) => {
      failedTimes(stage, 1);
      const { retryIntervalMs, dispatchAt } = stage.open;
      if (attempt < 5) stage.at(dispatchAt).accept(stage.dispatchDue()).accept(stage.claim());
      return retryIntervalMs;
    });
    expect(intervals).toEqual([10, 20, 40, 50, 50]);
  });

  test('waits as long as the worker said, this once', () => {
    const stage = started();
    stage.accept(stage.fail(applicationFailure('later', { nextRetryDelayMs: 33 } as never)));
    expect(stage.activity).toMatchObject({
      dispatchAt: 33,
      retryIntervalMs: 33,
      retryIntervalSource: 'worker-override',
    });
    stage.at(33).accept(stage.dispatchDue()).accept(stage.claim()).accept(stage.fail());
    expect(stage.activity).toMatchObject({ dispatchAt: 53, retryIntervalMs: 20, retryIntervalSource: 'retry-policy' });
  });

  test('a delay of 0 overrides nothing', () => {
    const stage = started();
    stage.accept(stage.fail(applicationFailure('now', { nextRetryDelayMs: 0 } as never)));
    expect(stage.activity).toMatchObject({ retryIntervalMs: 10, retryIntervalSource: 'retry-policy' });
  });

  test('a delay over 100 years is cut', () => {
    const stage = started({ scheduleToCloseTimeoutMs: 0 });
    stage.accept(stage.fail(applicationFailure('now', { nextRetryDelayMs: Number.MAX_SAFE_INTEGER } as never)));
    expect(stage.activity).toMatchObject({ dispatchAt: 100 * 365 * 86_400_000 });
  });
});

describe('schedule-to-close leaves time for a retry', () => {
  test.each([
    { given: 'one millisecond before its deadline', now: 989, status: 'scheduled' },
    { given: 'at its deadline', now: 990, status: 'failed' },
  ])('that is due $given: $status', ({ now, status }) => {
    const stage = started({ startToCloseTimeoutMs: 1000, heartbeatTimeoutMs: 0 }).at(now);
    stage.accept(stage.fail());
    expect(stage.activity.status).toBe(status);
  });

  test('counted from the end of the start delay', () => {
    const stage = new Stage();
    stage
      .accept(stage.schedule({ options: { ...options, startDelayMs: 50 } }))
      .at(50)
      .accept(stage.dispatchDue());
    stage.accept(stage.claim()).at(1039).accept(stage.fail());
    expect(stage.activity.status).toBe('scheduled');
  });

  test('for a delay that the worker asks for, too', () => {
    const stage = started();
    stage.accept(stage.fail(applicationFailure('later', { nextRetryDelayMs: 1000 } as never)));
    expect(stage.activity).toMatchObject({ status: 'failed', outcome: { retryState: 'timeout' } });
  });
});

describe('attempts', () => {
  test.each([
    { attemptsMax: 1, attempt: 1, status: 'failed' },
    { attemptsMax: 2, attempt: 1, status: 'scheduled' },
    { attemptsMax: 2, attempt: 2, status: 'failed' },
    { attemptsMax: 0, attempt: 9, status: 'scheduled' },
  ])('$attempt of $attemptsMax failed: $status', ({ attemptsMax, attempt, status }) => {
    const stage = failedTimes(started({ retryPolicy: { ...options.retryPolicy, attemptsMax } }), attempt);
    expect(stage.activity.status).toBe(status);
  });
});

describe('why there is no retry', () => {
  const exhausted = { retryPolicy: { ...options.retryPolicy, attemptsMax: 1 }, startToCloseTimeoutMs: 1000 };
  const excluded = { retryPolicy: { ...options.retryPolicy, nonRetryableErrorTypes: ['Error'] } };

  test.each<{ given: string; stage: Stage; retryState: RetryState }>([
    { given: 'a cancel is pending', stage: standaloneIn('cancel-requested'), retryState: 'cancel-requested' },
    { given: 'a failure for good', stage: started(), retryState: 'non-retryable-failure' },
    { given: 'for good, on the last attempt', stage: started(exhausted).at(995), retryState: 'non-retryable-failure' },
  ])('$given', ({ stage, retryState }) => {
    expect(stage.accept(stage.fail(final)).activity).toMatchObject({ status: 'failed', outcome: { retryState } });
  });

  test.each<{ given: string; stage: Stage; retryState: RetryState }>([
    { given: 'an excluded error type', stage: started(excluded), retryState: 'non-retryable-failure' },
    { given: 'the last attempt', stage: started(exhausted), retryState: 'maximum-attempts-reached' },
    {
      given: 'the last attempt and no time',
      stage: started(exhausted).at(995),
      retryState: 'maximum-attempts-reached',
    },
    { given: 'no time', stage: started({ startToCloseTimeoutMs: 1000 }).at(995), retryState: 'timeout' },
  ])('$given', ({ stage, retryState }) => {
    const failure = applicationFailure('broken');
    stage.accept(stage.fail(failure));
    expect(stage.activity).toMatchObject({ status: 'failed', outcome: { type: 'failure', failure, retryState } });
  });
});

describe('a pause that was asked for', () => {
  test('takes effect when the attempt ends, and keeps the backoff', () => {
    const stage = standaloneIn('pause-requested').at(5);
    stage.accept(stage.fail());
    expect(stage.activity).toMatchObject({
      status: 'paused',
      attempt: 2,
      stamp: 2,
      dispatchAt: 15,
      retryIntervalMs: 10,
    });
  });

  test('does not keep an activity open that has no attempts left', () => {
    const stage = standaloneIn('pause-requested');
    stage.accept(stage.fail(final));
    expect(stage.activity).toMatchObject({ status: 'failed', outcome: { retryState: 'non-retryable-failure' } });
  });
});

describe('a reset that was asked for', () => {
  test('brings attempt 1 at once, though the failure was for good', () => {
    const stage = standaloneIn('reset-requested').at(5);
    const events = stage.consequences(stage.fail(final));
    expect(events.map(({ type }) => type)).toEqual(['ActivityChanged', 'Task', 'NoticeSettled']);
    expect(stage.activity).toMatchObject({
      status: 'scheduled',
      attempt: 1,
      stamp: 2,
      dispatchAt: 5,
      retryIntervalMs: 0,
    });
    expect(stage.activity.lastFailure).toEqual({ failure: final, failedAt: 5 });
  });

  test('brings it though no attempts and no time are left', () => {
    const stage = started({ retryPolicy: { ...options.retryPolicy, attemptsMax: 1 } }).accept(new Stage().reset());
    stage.at(99).accept(stage.fail());
    expect(stage.activity).toMatchObject({ status: 'scheduled', attempt: 1 });
  });

  test('applies what was deferred: options, heartbeat, pause', () => {
    const stage = started();
    stage.accept(stage.updateOptions({ taskQueue: 'parcels', startToCloseTimeoutMs: 60 }));
    stage.accept(stage.heartbeat(payloads('page 3'))).accept(stage.pause());
    stage.accept(stage.reset({ keepPaused: true, resetHeartbeat: true, restoreOriginalOptions: true }));
    expect(stage.activity).toMatchObject({
      options: { taskQueue: 'parcels' },
      heartbeat: { details: payloads('page 3') },
    });
    stage.at(8).accept(stage.fail());
    expect(stage.activity).toMatchObject({
      status: 'paused',
      attempt: 1,
      dispatchAt: 8,
      options: { taskQueue: 'mail', startToCloseTimeoutMs: 100 },
      heartbeat: { details: [], count: 1 },
    });
  });
});

test('an activity that is closed keeps what there is to see of it, and no more', () => {
  const stage = standaloneIn('started').at(5);
  const { options: inForce } = stage.open;
  stage.accept(stage.heartbeat(payloads('page 1'))).accept(stage.complete());
  expect(stage.activity).toEqual({
    id: stage.target,
    activityType: 'charge',
    scheduleOffset: 0,
    version: 3,
    requestIds: ['schedule-1'],
    scheduledAt: 0,
    retentionMs: 5000,
    transitionCount: 3,
    options: inForce,
    input: payloads('input'),
    header: {},
    attempt: 1,
    status: 'completed',
    closedAt: 5,
    startedAt: 0,
    expiresAt: 5005,
    outcome: { type: 'success', result: payloads('done') },
    closeRequestId: '',
    lastWorkerIdentity: 'worker',
    heartbeat: { details: payloads('page 1'), recordedAt: 5, count: 1 },
  });
});
