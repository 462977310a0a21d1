import type { Command } from '../command.ts';
import { options, payloads, Stage } from '../stage.fixture.ts';
import { standaloneIn, type StateName } from '../states.fixture.ts';

// Pause, unpause and reset: semantics sections 2.1, 2.4 and 2.6.

describe('pause', () => {
  test('makes the task that waits in its queue stale', () => {
    const stage = standaloneIn('scheduled').at(4);
    const { token } = stage;
    stage.accept(stage.pause());
    expect(stage.activity).toMatchObject({
      status: 'paused',
      attempt: 1,
      stamp: 2,
      pause: { requestId: 'pause-1', identity: 'operator', reason: 'wait', requestedAt: 4 },
    });
    expect(stage.activity).not.toHaveProperty('dispatchedAt');
    stage.accept(stage.unpause());
    expect(stage.refusal(stage.claim({ attempt: token }))).toMatch(/^stale-attempt/);
  });

  test('leaves a running attempt its token', () => {
    const stage = standaloneIn('started');
    const { token } = stage;
    stage.accept(stage.pause());
    expect(stage.refusal(stage.complete({ attempt: token }))).toBe('accepted');
  });

  test('repeated changes nothing, even after an unpause', () => {
    const stage = standaloneIn('paused');
    stage.accept(stage.unpause());
    const before = stage.activity;
    expect(stage.consequences(stage.pause())).toEqual([]);
    expect(stage.activity).toBe(before);
    expect(stage.accept(stage.pause({ requestId: 'pause-2' })).activity.status).toBe('paused');
  });

  test.each([
    ['paused', 'Paused'],
    ['pause-requested', 'PauseRequested'],
    ['cancel-requested', 'CancelRequested'],
    ['reset-requested', 'ResetRequested'],
    ['completed', 'Completed'],
  ] as const)('is refused: %s', (state, name) => {
    const stage = standaloneIn(state);
    expect(stage.refusal(stage.pause({ requestId: 'pause-2' }))).toBe(
      `failed-precondition: activity is in non-pausable state ${name}`,
    );
  });
});

describe('unpause', () => {
  test('dispatches what is due, at once', () => {
    const stage = standaloneIn('paused').at(60);
    const types = stage.consequenceTypes(stage.unpause());
    expect(types).toEqual(['ActivityChanged', 'Task']);
    expect(stage.activity).toMatchObject({ status: 'scheduled', dispatchAt: 60, dispatchedAt: 60, stamp: 3 });
    expect(stage.at(89).refusal(stage.timeOut('schedule-to-start'))).toMatch(/^not-due/);
  });

  test('waits out what remains of a start delay', () => {
    const stage = standaloneIn('delayed').accept(new Stage().pause()).at(20);
    stage.accept(stage.unpause());
    expect(stage.activity).toMatchObject({ status: 'scheduled', dispatchAt: 50 });
    expect(stage.activity).not.toHaveProperty('dispatchedAt');
  });

  test.each([
    { now: 4, dispatchAt: 10 },
    { now: 10, dispatchAt: 10 },
    { now: 11, dispatchAt: 11 },
  ])('waits out what remains of a backoff: at $now until $dispatchAt', ({ now, dispatchAt }) => {
    const stage = standaloneIn('pause-requested');
    stage.accept(stage.fail()).at(now).accept(stage.unpause());
    expect(stage.activity).toMatchObject({ status: 'scheduled', attempt: 2, dispatchAt, retryIntervalMs: 10 });
  });

  test('of an attempt that still runs takes the request back', () => {
    const stage = standaloneIn('pause-requested').at(4);
    stage.accept(stage.unpause());
    expect(stage.activity).toMatchObject({ status: 'started', startedAt: 0, claimId: 'claim-1', stamp: 1 });
    expect(stage.accept(stage.fail()).activity.status).toBe('scheduled');
  });

  test('repeated changes nothing, even after another pause', () => {
    const stage = standaloneIn('paused');
    stage.accept(stage.unpause()).accept(stage.pause({ requestId: 'pause-2' }));
    expect(stage.consequences(stage.unpause())).toEqual([]);
    expect(stage.activity.status).toBe('paused');
  });

  test.each([
    ['scheduled', 'activity is in non-unpausable state Scheduled'],
    ['started', 'activity is in non-unpausable state Started'],
    ['cancel-requested', 'activity is in non-unpausable state CancelRequested'],
    ['reset-requested', 'activity is in non-unpausable state ResetRequested'],
    ['timed-out', 'activity is in terminal state TimedOut'],
  ] as const)('is refused: %s', (state, message) => {
    const stage = standaloneIn(state);
    expect(stage.refusal(stage.unpause())).toBe(`failed-precondition: ${message}`);
  });
});

describe('reset', () => {
  test('drops the backoff: attempt 1, at once, under a new stamp', () => {
    const stage = standaloneIn('backing off').at(4);
    const types = stage.consequenceTypes(stage.reset());
    expect(types).toEqual(['ActivityChanged', 'Task']);
    expect(stage.activity).toMatchObject({
      status: 'scheduled',
      attempt: 1,
      stamp: 3,
      dispatchAt: 4,
      dispatchedAt: 4,
      retryIntervalMs: 0,
      resetRequestId: 'reset-1',
      lastFailure: { failure: { message: 'broken' } },
    });
  });

  test('makes the task that waits in its queue stale', () => {
    const stage = standaloneIn('scheduled');
    const { token } = stage;
    stage.accept(stage.reset());
    expect(stage.refusal(stage.claim({ attempt: token }))).toMatch(/^stale-attempt/);
  });

  test('honours a start delay that is not over', () => {
    const stage = standaloneIn('delayed').at(20);
    expect(stage.consequenceTypes(stage.reset())).toEqual(['ActivityChanged', 'TaskAhead']);
    expect(stage.activity).toMatchObject({ dispatchAt: 50 });
  });

  test('ends a pause, unless it is to be kept', () => {
    const ended = standaloneIn('paused').at(9);
    expect(ended.accept(ended.reset()).activity).toMatchObject({ status: 'scheduled', dispatchedAt: 9 });
    const kept = standaloneIn('paused').at(9);
    expect(kept.accept(kept.reset({ keepPaused: true })).activity).toMatchObject({ status: 'paused', stamp: 3 });
  });

  test('forgets heartbeat details only when asked', () => {
    const beaten = (): Stage => {
      const stage = standaloneIn('started').accept(new Stage().heartbeat(payloads('page 3')));
      return stage.accept(stage.fail());
    };
    const kept = beaten();
    expect(kept.accept(kept.reset()).activity).toMatchObject({ heartbeat: { details: payloads('page 3') } });
    const forgotten = beaten();
    const [event] = forgotten.consequences(forgotten.reset({ resetHeartbeat: true }));
    expect(event).toMatchObject({ changed: { input: false, heartbeat: true, main: true } });
    expect(forgotten.activity).toMatchObject({ heartbeat: { details: [], count: 1 } });
  });

  test('restores the options only when asked', () => {
    const updated = (): Stage => standaloneIn('scheduled').accept(new Stage().updateOptions({ taskQueue: 'parcels' }));
    const kept = updated();
    expect(kept.accept(kept.reset()).activity).toMatchObject({ options: { taskQueue: 'parcels' } });
    const restored = updated();
    restored.accept(restored.reset({ restoreOriginalOptions: true }));
    expect(restored.activity).toMatchObject({ options: { taskQueue: 'mail' } });
  });

  test('of a running attempt waits for its end, and lets it be', () => {
    const stage = standaloneIn('started');
    const { token } = stage;
    stage.accept(stage.reset({ resetHeartbeat: true }));
    expect(stage.activity).toMatchObject({
      status: 'reset-requested',
      stamp: 1,
      attempt: 1,
      deferredReset: { keepPaused: false, resetHeartbeat: true, restoreOriginalOptions: false },
    });
    expect(stage.refusal(stage.complete({ attempt: token }))).toBe('accepted');
  });

  test.each([
    { state: 'started', kept: false },
    { state: 'pause-requested', kept: true },
  ] as const)('can keep only a pause there is: $state, $kept', ({ state, kept }) => {
    const stage = standaloneIn(state);
    stage.accept(stage.reset({ keepPaused: true }));
    expect(stage.activity).toMatchObject({ deferredReset: { keepPaused: kept } });
    expect(stage.accept(stage.fail()).activity.status).toBe(kept ? 'paused' : 'scheduled');
  });

  test('does not move the deadline of the whole', () => {
    const stage = standaloneIn('scheduled').at(900);
    stage.accept(stage.reset()).at(1000);
    expect(stage.refusal(stage.timeOut('schedule-to-close'))).toBe('accepted');
  });

  test('repeated changes nothing, even after the attempt has ended', () => {
    const stage = standaloneIn('reset-requested');
    expect(stage.consequences(stage.reset())).toEqual([]);
    stage.accept(stage.fail());
    expect(stage.consequences(stage.reset())).toEqual([]);
  });

  test.each([
    ['cancel-requested', 'cannot reset an activity with a pending cancellation'],
    ['reset-requested', 'cannot reset an activity with a pending reset'],
    ['completed', 'activity execution is not running'],
  ] as const)('is refused: %s', (state, message) => {
    const stage = standaloneIn(state);
    expect(stage.refusal(stage.reset({ requestId: 'reset-2' }))).toBe(`failed-precondition: ${message}`);
  });
});

test('a restored start delay counts only while nothing has started', () => {
  const delayed = { ...options, startDelayMs: 50 };
  const waiting = new Stage();
  waiting.accept(waiting.schedule({ options: delayed })).accept(waiting.updateOptions({ startDelayMs: 10 }));
  waiting.accept(waiting.reset({ restoreOriginalOptions: true }));
  expect(waiting.activity).toMatchObject({ dispatchAt: 50, options: { startDelayMs: 50 } });

  const failed = new Stage();
  failed.accept(failed.schedule({ options: delayed })).accept(failed.updateOptions({ startDelayMs: 10 }));
  failed.at(10).accept(failed.dispatchDue()).accept(failed.claim()).accept(failed.fail());
  failed.accept(failed.reset({ restoreOriginalOptions: true }));
  expect(failed.activity).toMatchObject({ dispatchAt: 10, options: { startDelayMs: 10 } });
});

describe('a request that is repeated after the end', () => {
  test.each<[what: string, from: StateName, command: (stage: Stage) => Command, refused: string]>([
    ['pause', 'started', (s) => s.pause(), 'activity is in non-pausable state Terminated'],
    ['unpause', 'paused', (s) => s.unpause(), 'activity is in terminal state Terminated'],
    ['reset', 'started', (s) => s.reset(), 'activity execution is not running'],
  ])('%s is accepted, and another is not', (_, from, command, refused) => {
    const stage = standaloneIn(from);
    const request = command(stage);
    stage.accept(request).accept(stage.terminate());
    expect(stage.consequences(request)).toEqual([]);
    expect(stage.refusal(request)).toBe('accepted');
    expect(stage.refusal({ ...request, requestId: 'another' })).toBe(`failed-precondition: ${refused}`);
  });
});
