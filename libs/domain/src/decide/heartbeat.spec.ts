import { byId, payloads, payloadsOf } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';

// Semantics sections 1.4, 2.3 and 2.5.

const blob = 2 * 1024 * 1024;

test('the details, the time and the tally are recorded, and nothing else is written again', () => {
  const stage = standaloneIn('started').at(9);
  const before = stage.activity;
  expect(stage.consequences(stage.heartbeat(payloads('page 3')))).toEqual([
    {
      type: 'ActivityChanged',
      activity: { ...before, heartbeat: { details: payloads('page 3'), recordedAt: 9, count: 1 } },
      changed: { input: false, heartbeat: true, main: false },
    },
  ]);
  expect(stage.activity.version).toBe(before.version);
});

test('empty details overwrite what was there', () => {
  const stage = standaloneIn('started');
  stage
    .accept(stage.heartbeat(payloads('page 3')))
    .at(4)
    .accept(stage.heartbeat([]));
  expect(stage.activity).toMatchObject({ heartbeat: { details: [], recordedAt: 4, count: 2 } });
});

test.each([
  { state: 'started', flags: { cancelRequested: false, paused: false, reset: false } },
  { state: 'cancel-requested', flags: { cancelRequested: true, paused: false, reset: false } },
  { state: 'pause-requested', flags: { cancelRequested: false, paused: true, reset: false } },
  { state: 'reset-requested', flags: { cancelRequested: false, paused: false, reset: true } },
] as const)('a worker whose activity is $state is told', ({ state, flags }) => {
  const stage = standaloneIn(state);
  expect(stage.send(stage.heartbeat())).toMatchObject({ answer: { type: 'HeartbeatRecorded', ...flags } });
});

test('a reset that keeps a pause tells of the reset only', () => {
  const stage = standaloneIn('pause-requested');
  stage.accept(stage.reset({ keepPaused: true }));
  expect(stage.send(stage.heartbeat())).toMatchObject({ answer: { paused: false, reset: true } });
});

test('the last details reach every next attempt', () => {
  const stage = standaloneIn('started');
  stage
    .accept(stage.heartbeat(payloads('page 3')))
    .accept(stage.fail())
    .at(10)
    .accept(stage.dispatchDue());
  stage.accept(stage.claim()).accept(stage.fail());
  expect(stage.activity).toMatchObject({ attempt: 3, heartbeat: { details: payloads('page 3') } });
});

test('by id it is the current attempt that lives', () => {
  const stage = standaloneIn('started');
  stage.accept(stage.heartbeat(payloads('outside'), { attempt: byId }));
  expect(stage.activity).toMatchObject({ heartbeat: { details: payloads('outside') } });
});

test('details over the limit end the activity, and the worker is told to stop', () => {
  const stage = standaloneIn('started');
  stage.accept(stage.heartbeat(payloadsOf(blob)));
  expect(stage.send(stage.heartbeat(payloadsOf(blob + 1)))).toMatchObject({
    answer: { type: 'HeartbeatRecorded', cancelRequested: true, paused: false, reset: false },
  });
  expect(stage.activity).toMatchObject({
    status: 'failed',
    heartbeat: { details: payloadsOf(blob), count: 1 },
    outcome: {
      retryState: 'non-retryable-failure',
      failure: { message: 'Heartbeat details exceed size limit.', info: { type: 'server', nonRetryable: true } },
    },
  });
});

describe('a worker that comes too late', () => {
  const late = 100_000;

  test('because its attempt timed out is told so, whether there is another or not', () => {
    for (const timeout of ['start-to-close', 'schedule-to-close'] as const) {
      const stage = standaloneIn('started').at(late);
      const heartbeat = stage.heartbeat();
      const decision = stage.accept(stage.timeOut(timeout)).send(heartbeat);
      expect(decision).toMatchObject({ kind: 'refused', refusal: { attemptTimedOut: true } });
    }
  });

  test('because the activity was terminated, or its attempt failed, finds nothing', () => {
    for (const end of ['terminate', 'fail'] as const) {
      const stage = standaloneIn('started').at(late);
      const heartbeat = stage.heartbeat();
      const decision = stage.accept(stage[end]()).send(heartbeat);
      expect(decision).toMatchObject({ kind: 'refused' });
      expect(decision).not.toHaveProperty('refusal.attemptTimedOut');
    }
  });
});
