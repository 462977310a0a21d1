import type { ScheduledActivity } from '../activity.ts';
import { applicationFailure, options, Stage } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';

// Semantics sections 1.2, 2.1 and 2.4.

test('what waits in a queue is sent again to the new one, under a new stamp', () => {
  const stage = standaloneIn('scheduled').at(4);
  const { token } = stage;
  const types = stage.consequenceTypes(stage.updateOptions({ taskQueue: 'parcels' }));
  expect(types).toEqual(['ActivityChanged', 'Task']);
  expect(stage.activity).toMatchObject({
    stamp: 2,
    dispatchAt: 4,
    dispatchedAt: 4,
    options: { taskQueue: 'parcels' },
    originalOptions: { taskQueue: 'mail' },
  });
  expect(stage.refusal(stage.claim({ attempt: token }))).toMatch(/^stale-attempt/);
});

test('what runs keeps its token and gets new limits, counted from its start', () => {
  const stage = standaloneIn('started').at(30);
  const { token, timer } = stage;
  stage.accept(stage.updateOptions({ startToCloseTimeoutMs: 200, heartbeatTimeoutMs: 90 }));
  expect(stage.at(89).refusal(stage.timeOut('heartbeat', timer))).toMatch(/^not-due/);
  expect(stage.at(199).refusal(stage.timeOut('start-to-close', timer))).toMatch(/^not-due/);
  expect(stage.at(200).refusal(stage.complete({ attempt: token }))).toBe('accepted');
});

test('a new limit may have passed already', () => {
  const stage = standaloneIn('started').at(60);
  stage.accept(stage.updateOptions({ startToCloseTimeoutMs: 50 }));
  expect(stage.refusal(stage.timeOut('start-to-close'))).toBe('accepted');
});

test('the options are normalised as a whole', () => {
  const stage = standaloneIn('started');
  stage.accept(stage.updateOptions({ scheduleToCloseTimeoutMs: 20 }));
  expect(stage.activity).toMatchObject({
    options: {
      scheduleToCloseTimeoutMs: 20,
      scheduleToStartTimeoutMs: 20,
      startToCloseTimeoutMs: 20,
      heartbeatTimeoutMs: 20,
    },
  });
});

test('the policy changes field by field', () => {
  const stage = standaloneIn('started');
  stage.accept(stage.updateOptions({ retryPolicy: { attemptsMax: 9 } }));
  expect(stage.activity).toMatchObject({
    options: { retryPolicy: { attemptsMax: 9, initialIntervalMs: 10, backoffCoefficient: 2, intervalMsMax: 50 } },
  });
});

describe('a backoff that is waited out', () => {
  test('is derived again from the new policy, from when the attempt failed', () => {
    const stage = standaloneIn('backing off').at(4);
    expect(stage.consequences(stage.updateOptions({ retryPolicy: { initialIntervalMs: 25 } }))).toHaveLength(1);
    expect(stage.activity).toMatchObject({ dispatchAt: 25, retryIntervalMs: 25, attempt: 2, stamp: 3 });
  });

  test('that is over with the new policy ends now', () => {
    const stage = standaloneIn('backing off').at(7);
    stage.accept(stage.updateOptions({ retryPolicy: { initialIntervalMs: 3 } }));
    expect(stage.activity).toMatchObject({ dispatchAt: 7, dispatchedAt: 7, retryIntervalMs: 3 });
  });

  test('that the worker asked for is left alone', () => {
    const stage = standaloneIn('started');
    stage.accept(stage.fail(applicationFailure('later', { nextRetryDelayMs: 33 } as never)));
    stage.accept(stage.updateOptions({ retryPolicy: { initialIntervalMs: 25 } }));
    expect(stage.activity).toMatchObject({
      dispatchAt: 33,
      retryIntervalMs: 33,
      retryIntervalSource: 'worker-override',
    });
  });

  test('is not begun anew by other options', () => {
    const stage = standaloneIn('backing off').at(4);
    stage.accept(stage.updateOptions({ taskQueue: 'parcels' }));
    expect(stage.activity).toMatchObject({ dispatchAt: 10, retryIntervalMs: 10 });
  });

  test('is derived again while paused, and waits for the unpause', () => {
    const stage = standaloneIn('pause-requested');
    stage
      .accept(stage.fail())
      .at(4)
      .accept(stage.updateOptions({ retryPolicy: { initialIntervalMs: 25 } }));
    expect(stage.activity).toMatchObject({ status: 'paused', dispatchAt: 25, retryIntervalMs: 25 });
  });
});

describe('the start delay', () => {
  const tooLate =
    'failed-precondition: cannot update start_delay: the first activity attempt has already been dispatched';

  test.each([
    { given: 'longer', startDelayMs: 80, dispatchAt: 80, dispatched: false },
    { given: 'shorter', startDelayMs: 30, dispatchAt: 30, dispatched: false },
    { given: 'over already', startDelayMs: 10, dispatchAt: 20, dispatched: true },
  ])('can change while it runs: $given', ({ startDelayMs, dispatchAt, dispatched }) => {
    const stage = standaloneIn('delayed').at(20);
    stage.accept(stage.updateOptions({ startDelayMs }));
    expect(stage.activity).toMatchObject({ dispatchAt, options: { startDelayMs } });
    expect('dispatchedAt' in stage.activity).toBe(dispatched);
  });

  test('moves the deadline of the whole with it', () => {
    const stage = standaloneIn('delayed').accept(new Stage().updateOptions({ startDelayMs: 80 }));
    expect(stage.at(1079).refusal(stage.timeOut('schedule-to-close'))).toMatch(/^not-due/);
  });

  test('can change as long as a pause holds the first attempt back', () => {
    const stage = standaloneIn('paused').at(70);
    stage.accept(stage.updateOptions({ startDelayMs: 80 })).accept(stage.unpause());
    expect(stage.activity).toMatchObject({ status: 'scheduled', dispatchAt: 80 });
  });

  test.each(['scheduled', 'started', 'backing off'] as const)('can no longer change: %s', (state) => {
    const stage = standaloneIn(state);
    expect(stage.refusal(stage.updateOptions({ startDelayMs: 80 }))).toBe(tooLate);
  });

  test('can no longer change at the instant at which it is over', () => {
    const stage = standaloneIn('delayed').at(50);
    expect(stage.refusal(stage.updateOptions({ startDelayMs: 80 }))).toBe(tooLate);
  });

  test('can no longer change in a pause after a failed attempt, though it was reset', () => {
    const stage = standaloneIn('pause-requested');
    stage.accept(stage.fail()).accept(stage.reset({ keepPaused: true }));
    expect(stage.activity).toMatchObject({ status: 'paused', attempt: 1 });
    expect(stage.refusal(stage.updateOptions({ startDelayMs: 80 }))).toBe(tooLate);
  });
});

test('what is scheduled for the first time is dispatched now, and has its time in the queue anew', () => {
  const stage = standaloneIn('scheduled').at(25);
  stage.accept(stage.updateOptions({ heartbeatTimeoutMs: 1 }));
  expect(stage.at(54).refusal(stage.timeOut('schedule-to-start'))).toMatch(/^not-due/);
  expect(stage.at(55).refusal(stage.timeOut('schedule-to-start'))).toBe('accepted');
});

test('restore original brings the options back as they were scheduled', () => {
  const stage = standaloneIn('scheduled').accept(new Stage().updateOptions({ taskQueue: 'parcels' }));
  stage.accept(stage.updateOptions({}, { restoreOriginal: true }));
  expect(stage.activity).toMatchObject({ options: { taskQueue: 'mail' }, stamp: 3 });
});

test('an update that changes nothing leaves what waits in its queue its place', () => {
  const stage = standaloneIn('scheduled');
  const { stamp, dispatchedAt, options: before } = stage.activity as ScheduledActivity;
  const same = { taskQueue: 'mail', retryPolicy: { attemptsMax: 3, nonRetryableErrorTypes: [] } };
  const updates = [() => stage.updateOptions(same), () => stage.updateOptions({}, { restoreOriginal: true })];
  for (const update of updates) {
    expect(stage.consequenceTypes(update())).toEqual(['ActivityChanged']);
    expect(stage.activity).toMatchObject({ stamp, dispatchedAt, options: before });
  }
});

test('an update that is repeated changes nothing, whatever was updated since and even after the end', () => {
  const stage = standaloneIn('scheduled');
  const update = stage.updateOptions({ taskQueue: 'parcels' }, { requestId: 'update-1' });
  stage.accept(update);
  expect(stage.consequences(update)).toEqual([]);
  stage.accept(stage.terminate());
  expect(stage.refusal(update)).toBe('accepted');
  expect(stage.refusal(stage.updateOptions({ taskQueue: 'mail' }))).toBe(
    'failed-precondition: Cannot update options for activity in state Terminated',
  );
});

test('under older rules an update that changes nothing is not remembered', () => {
  const stage = standaloneIn('scheduled');
  stage.rules = 2;
  expect(stage.consequences(stage.updateOptions({ taskQueue: 'mail' }))).toEqual([]);
});

test.each([
  { changed: { retryPolicy: { nonRetryableErrorTypes: ['Refused'] } } },
  { changed: { retryPolicy: { attemptsMax: 4 } } },
  { changed: { heartbeatTimeoutMs: 39 } },
])('a small change is one: $changed', ({ changed }) => {
  const stage = standaloneIn('started');
  expect(stage.consequences(stage.updateOptions(changed))).toHaveLength(1);
});

test.each<{ given: string; send: (stage: Stage) => ReturnType<Stage['updateOptions']>; message: string }>([
  {
    given: 'both a change and the original',
    send: (stage) => stage.updateOptions({ taskQueue: 'parcels' }, { restoreOriginal: true }),
    message: 'Both UpdateMask and RestoreOriginal are provided',
  },
  { given: 'nothing', send: (stage) => stage.updateOptions({}), message: 'UpdateMask must specify at least one path' },
  { given: 'no queue', send: (stage) => stage.updateOptions({ taskQueue: '' }), message: 'taskQueue is not set' },
  {
    given: 'a negative timeout',
    send: (stage) => stage.updateOptions({ heartbeatTimeoutMs: -1 }),
    message: 'invalid HeartbeatTimeout: negative duration. Got -1 ms, expected 0 or more',
  },
  {
    given: 'a coefficient of 0',
    send: (stage) => stage.updateOptions({ retryPolicy: { backoffCoefficient: 0 } }),
    message: 'BackoffCoefficient cannot be less than 1 on retry policy.',
  },
  {
    given: 'an initial interval over the maximum',
    send: (stage) => stage.updateOptions({ retryPolicy: { initialIntervalMs: 51 } }),
    message: 'MaximumInterval cannot be less than InitialInterval on retry policy.',
  },
])('is refused with $given', ({ send, message }) => {
  const stage = standaloneIn('scheduled');
  expect(stage.refusal(send(stage))).toBe(`invalid-argument: ${message}`);
});

test.each([
  ['cancel-requested', 'CancelRequested'],
  ['reset-requested', 'ResetRequested'],
  ['failed', 'Failed'],
] as const)('is refused: %s', (state, name) => {
  const stage = standaloneIn(state);
  expect(stage.refusal(stage.updateOptions({ ...options, taskQueue: 'parcels' }))).toBe(
    `failed-precondition: Cannot update options for activity in state ${name}`,
  );
});
