import { applicationFailure, options, payloads, Stage } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';
import type { TimeoutType } from '../failure.ts';

// Semantics sections 2.1, 2.2 and 2.6.

const started = (changed: object = {}): Stage => {
  const stage = new Stage();
  return stage.accept(stage.schedule({ options: { ...options, ...changed } })).accept(stage.claim());
};

/** A second attempt, granted at 10. */
const secondAttempt = (changed: object = {}): Stage => {
  const stage = started(changed);
  return stage.accept(stage.fail()).at(10).accept(stage.dispatchDue()).accept(stage.claim());
};

describe('not a millisecond early', () => {
  test.each<{ timeoutType: TimeoutType; given: string; stage: () => Stage; due: number }>([
    { timeoutType: 'schedule-to-start', given: 'dispatched at once', stage: () => standaloneIn('scheduled'), due: 30 },
    { timeoutType: 'schedule-to-start', given: 'start delay', stage: () => standaloneIn('delayed'), due: 80 },
    {
      timeoutType: 'schedule-to-start',
      given: 'backoff does not count',
      stage: () => standaloneIn('backing off'),
      due: 40,
    },
    { timeoutType: 'schedule-to-close', given: 'scheduled', stage: () => standaloneIn('scheduled'), due: 1000 },
    {
      timeoutType: 'schedule-to-close',
      given: 'start delay counts not',
      stage: () => standaloneIn('delayed'),
      due: 1050,
    },
    { timeoutType: 'schedule-to-close', given: 'started', stage: () => started(), due: 1000 },
    { timeoutType: 'schedule-to-close', given: 'second attempt', stage: () => secondAttempt(), due: 1000 },
    { timeoutType: 'schedule-to-close', given: 'paused', stage: () => standaloneIn('paused'), due: 1000 },
    { timeoutType: 'start-to-close', given: 'started', stage: () => started(), due: 100 },
    { timeoutType: 'start-to-close', given: 'second attempt', stage: () => secondAttempt(), due: 110 },
    { timeoutType: 'heartbeat', given: 'never heartbeaten', stage: () => started(), due: 40 },
    {
      timeoutType: 'heartbeat',
      given: 'heartbeaten',
      stage: () => started().at(25).accept(started().heartbeat()),
      due: 65,
    },
    { timeoutType: 'heartbeat', given: 'second attempt', stage: () => secondAttempt(), due: 50 },
  ])('$timeoutType, $given: $due', ({ timeoutType, stage: make, due }) => {
    const stage = make().at(due - 1);
    expect(stage.refusal(stage.timeOut(timeoutType))).toBe(
      `not-due: activity charge is due at ${String(due)}, and it is ${String(due - 1)}`,
    );
    expect(stage.at(due).refusal(stage.timeOut(timeoutType))).toBe('accepted');
  });

  test('a heartbeat of the attempt before does not keep the next alive', () => {
    const stage = started().at(35);
    stage.accept(stage.heartbeat(payloads('page 3'), {})).accept(stage.fail());
    stage.at(45).accept(stage.dispatchDue()).accept(stage.claim());
    expect(stage.at(84).refusal(stage.timeOut('heartbeat'))).toMatch(/^not-due/);
    expect(stage.at(85).refusal(stage.timeOut('heartbeat'))).toBe('accepted');
  });
});

describe('a timer that is not for the present', () => {
  test.each<{ timeoutType: TimeoutType }>([
    { timeoutType: 'start-to-close' },
    { timeoutType: 'heartbeat' },
    { timeoutType: 'schedule-to-start' },
  ])('$timeoutType of an earlier attempt', ({ timeoutType }) => {
    const stage = started();
    const { timer } = stage;
    stage.accept(stage.fail()).at(10).accept(stage.dispatchDue());
    if (timeoutType !== 'schedule-to-start') stage.accept(stage.claim());
    expect(stage.at(900).refusal(stage.timeOut(timeoutType, timer))).toBe(
      'stale-attempt: the timer is of another attempt of activity charge',
    );
  });

  test('schedule-to-close of an earlier attempt still holds', () => {
    const stage = started();
    const { timer } = stage;
    stage.accept(stage.fail()).at(1000);
    expect(stage.refusal(stage.timeOut('schedule-to-close', timer))).toBe('accepted');
  });

  test('schedule-to-close of a former life', () => {
    const stage = started().at(1000);
    const timer = { ...stage.timer, scheduleOffset: 7 };
    expect(stage.refusal(stage.timeOut('schedule-to-close', timer))).toMatch(/^stale-attempt/);
  });

  test.each<{ timeoutType: TimeoutType; without: object }>([
    { timeoutType: 'schedule-to-close', without: { scheduleToCloseTimeoutMs: 0 } },
    { timeoutType: 'schedule-to-start', without: { scheduleToCloseTimeoutMs: 0, scheduleToStartTimeoutMs: 0 } },
    { timeoutType: 'heartbeat', without: { heartbeatTimeoutMs: 0 } },
  ])('$timeoutType where there is none', ({ timeoutType, without }) => {
    const stage = new Stage();
    stage.accept(stage.schedule({ options: { ...options, ...without } }));
    if (timeoutType === 'heartbeat') stage.accept(stage.claim());
    expect(stage.at(900_000).refusal(stage.timeOut(timeoutType))).toMatch(/^stale-attempt/);
  });
});

describe('what a timeout leaves', () => {
  const details = payloads('page 3');

  test('schedule-to-start ends it, with the attempt before as its cause', () => {
    const stage = started();
    stage.accept(stage.heartbeat(details)).accept(stage.fail()).at(40).accept(stage.timeOut('schedule-to-start'));
    expect(stage.activity).toMatchObject({
      status: 'timed-out',
      outcome: {
        retryState: 'timeout',
        failure: {
          message: 'activity ScheduleToStart timeout',
          info: { type: 'timeout', timeoutType: 'schedule-to-start', lastHeartbeatDetails: details },
          cause: applicationFailure('broken'),
        },
      },
      lastFailure: { failure: applicationFailure('broken'), failedAt: 0 },
    });
  });

  test('schedule-to-close ends it without a cause when nothing failed before', () => {
    const stage = started().at(1000);
    stage.accept(stage.timeOut('schedule-to-close'));
    expect(stage.activity).toMatchObject({ outcome: { retryState: 'timeout' } });
    expect(stage.outcomeFailure.message).toBe('activity ScheduleToClose timeout');
    expect(stage.outcomeFailure).not.toHaveProperty('cause');
  });

  test('schedule-to-close while a cancel is pending says so', () => {
    const stage = standaloneIn('cancel-requested').at(1000);
    stage.accept(stage.timeOut('schedule-to-close'));
    expect(stage.activity).toMatchObject({ status: 'timed-out', outcome: { retryState: 'cancel-requested' } });
  });

  test.each([
    { timeoutType: 'start-to-close', message: 'activity StartToClose timeout' },
    { timeoutType: 'heartbeat', message: 'activity Heartbeat timeout' },
  ] as const)('$timeoutType is retried like a failure, and replaces the one before', ({ timeoutType, message }) => {
    const stage = secondAttempt();
    stage.accept(stage.heartbeat(details)).at(200).accept(stage.timeOut(timeoutType));
    expect(stage.activity).toMatchObject({
      status: 'scheduled',
      attempt: 3,
      dispatchAt: 220,
      heartbeat: { details },
      lastFailure: { failedAt: 200 },
    });
    const failure = stage.activity.lastFailure?.failure;
    expect(failure).toMatchObject({ message, info: { type: 'timeout', timeoutType, lastHeartbeatDetails: [] } });
    expect(failure).not.toHaveProperty('cause');
  });

  test.each([
    { timeoutType: 'start-to-close', message: 'activity StartToClose timeout' },
    { timeoutType: 'heartbeat', message: 'activity Heartbeat timeout' },
  ] as const)('the last $timeoutType is the outcome', ({ timeoutType, message }) => {
    const stage = secondAttempt({ retryPolicy: { ...options.retryPolicy, attemptsMax: 2 } });
    stage.accept(stage.heartbeat(details)).at(200).accept(stage.timeOut(timeoutType));
    expect(stage.activity).toMatchObject({
      status: 'timed-out',
      attempt: 2,
      outcome: {
        retryState: 'maximum-attempts-reached',
        failure: { message, info: { timeoutType, lastHeartbeatDetails: details }, cause: applicationFailure('broken') },
      },
    });
  });

  test.each([
    { timeoutType: 'start-to-close', name: 'StartToClose' },
    { timeoutType: 'heartbeat', name: 'Heartbeat' },
  ] as const)('an excluded $timeoutType is not retried', ({ timeoutType, name }) => {
    const nonRetryableErrorTypes = [`TemporalTimeout:${name}`];
    const stage = started({ retryPolicy: { ...options.retryPolicy, nonRetryableErrorTypes } }).at(200);
    stage.accept(stage.timeOut(timeoutType));
    expect(stage.activity).toMatchObject({ status: 'timed-out', outcome: { retryState: 'non-retryable-failure' } });
  });

  test('no time for a retry closes it now, not at the deadline', () => {
    const stage = secondAttempt({ scheduleToCloseTimeoutMs: 130 });
    stage.accept(stage.heartbeat(details)).at(110).accept(stage.timeOut('start-to-close'));
    expect(stage.activity).toMatchObject({
      status: 'timed-out',
      closedAt: 110,
      outcome: {
        retryState: 'timeout',
        failure: {
          message: 'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying',
          info: { timeoutType: 'schedule-to-close', lastHeartbeatDetails: details },
          cause: applicationFailure('broken'),
        },
      },
      lastFailure: { failure: { message: 'activity StartToClose timeout' }, failedAt: 110 },
    });
  });

  test('a pending cancel makes it the end', () => {
    const stage = standaloneIn('cancel-requested').at(100);
    stage.accept(stage.timeOut('start-to-close'));
    expect(stage.activity).toMatchObject({
      status: 'timed-out',
      outcome: { retryState: 'cancel-requested', failure: { message: 'activity StartToClose timeout' } },
    });
  });

  test('a pending pause and a pending reset take effect', () => {
    const paused = standaloneIn('pause-requested').at(100);
    expect(paused.accept(paused.timeOut('start-to-close')).activity).toMatchObject({ status: 'paused', attempt: 2 });
    const reset = standaloneIn('reset-requested').at(40);
    expect(reset.accept(reset.timeOut('heartbeat')).activity).toMatchObject({ status: 'scheduled', attempt: 1 });
  });
});
