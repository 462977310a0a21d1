import { ActivityAlreadyStartedError, WorkflowNotFoundError } from '@ratchet/client';
import { retentionWithRunMs, type ActivityDescription, type Refusal, type Reply } from '@ratchet/domain';
import { eventually } from '@ratchet/testing';
import { OperationalError } from '@ratchet/kafka';
import type { OutcomeReply } from '@ratchet/protocol';
import { CancellationScope } from './cancellation-scope.ts';
import type { ActivityCancellationType } from './cancellation-type.ts';
import { ActivityFailure, isCancellation, WorkflowRunClosedError, WorkflowRunTakenOverError } from './errors.ts';
import { effectiveCancellation } from './effective-cancellation.ts';
import { RunActivities } from './run-activities.ts';
import { RunActivityHandle } from './run-activity-handle.ts';
import { acknowledged, RunDesk } from './run-desk.fixture.ts';

const options = { taskQueue: 'payments', timeouts: { startToClose: '1m' } } as const;
const completed: Reply['body'] = {
  type: 'OutcomeReached',
  runId: 'run-1',
  status: 'completed',
  outcome: { type: 'success', result: [] },
  activityType: 'charge',
  workerIdentity: 'worker',
};
const scheduled: Reply['body'] = { type: 'Accepted', answer: { type: 'Scheduled', runId: 'run-1', started: true } };

const settled = async (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

let desk: RunDesk;
let activities: RunActivities;
beforeEach(() => {
  desk = new RunDesk();
  activities = new RunActivities(desk.session);
});
afterEach(() => {
  desk.channel.close();
});

/** Runs an activity in a scope, until it is in the log. */
async function executeIn(scope: CancellationScope, cancellationType: ActivityCancellationType) {
  const outcome = settled(scope.run(() => activities.execute('charge', { ...options, cancellationType })));
  await eventually(() => desk.of('Schedule').length === 1);
  return { outcome, schedule: desk.of('Schedule')[0] };
}

test.each<{ type: ActivityCancellationType; asked: number; atOnce: boolean; shielded: boolean }>([
  { type: 'TRY_CANCEL', asked: 1, atOnce: true, shielded: false },
  { type: 'WAIT_CANCELLATION_COMPLETED', asked: 1, atOnce: false, shielded: false },
  { type: 'ABANDON', asked: 0, atOnce: true, shielded: true },
])('$type: asked $asked times, reported at once: $atOnce', async ({ type, asked, atOnce, shielded }) => {
  const scope = new CancellationScope({ parent: desk.session.scope });
  const { outcome, schedule } = await executeIn(scope, type);
  expect(schedule?.message).toMatchObject({ target: desk.session.run, shielded, awaitOutcome: true });
  scope.cancel('enough');
  const requests = desk.of('RequestCancel');
  expect(requests.map(({ message }) => message)).toMatchObject(
    Array.from({ length: asked }, () => ({ reason: 'enough', cascaded: false, target: schedule?.message.target })),
  );
  for (const request of requests) request.answer(acknowledged);
  if (!atOnce) schedule?.answer(completed);
  const ended = await outcome;
  expect(isCancellation(ended)).toBe(atOnce);
  if (!atOnce) return;
  expect(ended).toBeInstanceOf(ActivityFailure);
  expect(ended).toMatchObject({ activityType: 'charge', retryState: 'cancel-requested', cause: { message: 'enough' } });
});

describe('a result that could not be had', () => {
  const away = new OperationalError('Expected to get the outcome, but nothing came', 'RKT1201', true);

  /** Asked for again and again: each time it goes as the next answer says. */
  const handleOf = (answers: (Error | Reply['body'])[], scope: CancellationScope): RunActivityHandle =>
    new RunActivityHandle(desk.session, {
      activityId: 'charge-1',
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      cancellation: effectiveCancellation(scope),
      awaitOutcome: () => {
        const answer = answers.shift();
        if (answer === undefined || answer instanceof Error)
          return Promise.reject(answer ?? new Error('asked too often'));
        return Promise.resolve({ address: '', requestId: '', offset: 1, body: answer } as OutcomeReply);
      },
    });

  test('is asked for anew, and kept once it is there', async () => {
    const handle = handleOf([away, away, completed], desk.session.scope);
    await expect(handle.result()).rejects.toBe(away);
    await expect(handle.result()).rejects.toBe(away);
    await expect(handle.result()).resolves.toBeUndefined();
    await expect(handle.result()).resolves.toBeUndefined();
  });

  test('is a failure for good when that is what came', async () => {
    const failure = { message: 'no', source: '', stackTrace: '' };
    const info = { type: 'application', errorType: 'No', nonRetryable: true, details: [] } as const;
    const outcome = { type: 'failure', failure: { ...failure, info }, retryState: 'non-retryable-failure' } as const;
    const handle = handleOf([{ ...completed, status: 'failed', outcome }], desk.session.scope);
    await expect(handle.result()).rejects.toBeInstanceOf(ActivityFailure);
    await expect(handle.result()).rejects.toBeInstanceOf(ActivityFailure);
  });

  test('does not keep the activity from being cancelled with its scope', async () => {
    const scope = new CancellationScope({ parent: null });
    const handle = handleOf([away], scope);
    await expect(handle.result()).rejects.toBe(away);
    scope.cancel('enough');
    expect(desk.of('RequestCancel').map(({ message }) => message.reason)).toEqual(['enough']);
  });
});

test('what has ended is not asked any more', async () => {
  const scope = new CancellationScope({ parent: null });
  const { outcome, schedule } = await executeIn(scope, 'WAIT_CANCELLATION_COMPLETED');
  schedule?.answer(completed);
  expect(await outcome).toBeUndefined();
  scope.cancel();
  desk.session.scope.cancel();
  expect(desk.of('RequestCancel')).toHaveLength(0);
});

test('a cancel of the run reaches what runs outside of any scope, not what is behind a shield', async () => {
  const open = settled(activities.execute('charge', { ...options, id: 'open' }));
  const shield = CancellationScope.nonCancellable(() => activities.execute('charge', { ...options, id: 'shielded' }));
  await eventually(() => desk.of('Schedule').length === 2);
  desk.session.scope.cancel('withdrawn');
  expect(desk.of('RequestCancel').map(({ message }) => message.target.activityId)).toEqual(['open']);
  const schedules = desk.of('Schedule');
  expect(schedules.map(({ message }) => [message.target.activityId, message.shielded])).toEqual([
    ['open', false],
    ['shielded', true],
  ]);
  for (const schedule of schedules) schedule.answer(completed);
  expect(await open).toBeUndefined();
  expect(await shield).toBeUndefined();
});

test('in a cancelled scope nothing is sent', async () => {
  desk.session.scope.cancel('withdrawn');
  expect(await settled(activities.execute('charge', options))).toMatchObject({ message: 'withdrawn' });
  expect(desk.asked).toHaveLength(0);
});

test('a handle asks for the outcome of the life that it started', async () => {
  const starting = activities.start('charge', { ...options, id: 'same' });
  await eventually(() => desk.of('Schedule').length === 1);
  desk.of('Schedule')[0]?.answer(scheduled, 42);
  const result = (await starting).result();
  expect(desk.of('AwaitOutcome')[0]?.message).toMatchObject({ scheduleOffset: 42 });
  desk.of('AwaitOutcome')[0]?.answer(completed);
  expect(await result).toBeUndefined();
});

test('a repeated request waits for the life that was there, not for the one that it would have begun', async () => {
  const outcome = settled(activities.execute('charge', { ...options, id: 'same', requestId: 'again' }));
  await eventually(() => desk.of('Schedule').length === 1);
  desk.of('Schedule')[0]?.answer({ type: 'Accepted', answer: { type: 'Scheduled', runId: 'run-1', started: false } });
  await eventually(() => desk.of('AwaitOutcome').length === 1);
  expect(desk.of('AwaitOutcome')[0]?.message).not.toHaveProperty('scheduleOffset');
  desk.of('AwaitOutcome')[0]?.answer(completed);
  expect(await outcome).toBeUndefined();
});

test.each<{ refusal: Refusal; error: new (...args: never[]) => Error }>([
  { refusal: { reason: 'not-found', message: 'workflow not found' }, error: WorkflowNotFoundError },
  { refusal: { reason: 'failed-precondition', message: 'workflow run is closed' }, error: WorkflowRunClosedError },
  { refusal: { reason: 'stale-driver', message: 'taken over' }, error: WorkflowRunTakenOverError },
  { refusal: { reason: 'already-started', message: 'in use' }, error: ActivityAlreadyStartedError },
])('a Schedule that is refused, $refusal.reason, fails', async ({ refusal, error }) => {
  for (const call of [activities.start('charge', options), activities.execute('charge', options)]) {
    const ended = settled(call);
    const count = desk.of('Schedule').length;
    await eventually(() => desk.of('Schedule').length > 0 && desk.of('Schedule').length >= count);
    for (const schedule of desk.of('Schedule')) schedule.answer({ type: 'Refused', refusal });
    expect(await ended).toBeInstanceOf(error);
  }
});

describe('a step', () => {
  const step = (type = 'charge'): Promise<unknown> => settled(activities.step('pay', type, options));
  const description = (activityType: string): Reply['body'] => ({
    type: 'Described',
    stateBytes: 0,
    // What else a description says nobody asks here.
    description: { activityType, outcome: { type: 'success', result: [] } } as unknown as ActivityDescription,
  });
  const alreadyStarted: Reply['body'] = {
    type: 'Refused',
    refusal: { reason: 'already-started', message: 'activity execution already started' },
  };

  test('is one request, however often it is asked for, and is kept as long as the run', async () => {
    for (const count of [0, 1]) {
      const outcome = step();
      await eventually(() => desk.of('Schedule').length === count + 1);
      desk.of('Schedule')[count]?.answer(completed);
      expect(await outcome).toBeUndefined();
    }
    const [first, second] = desk.of('Schedule').map(({ message }) => message);
    expect(second?.requestId).toBe(first?.requestId);
    expect(first).toMatchObject({
      target: { ...desk.session.run, activityId: 'pay' },
      idReusePolicy: 'reject-duplicate',
      retentionMs: retentionWithRunMs,
      driverId: 'driver-1',
    });
  });

  test('that was there is asked for by its id, whichever life it is', async () => {
    const outcome = step();
    await eventually(() => desk.of('Schedule').length === 1);
    desk.of('Schedule')[0]?.answer({
      type: 'Accepted',
      answer: { type: 'Scheduled', runId: 'run-1', started: false },
    });
    await eventually(() => desk.of('AwaitOutcome').length === 1);
    expect(desk.of('AwaitOutcome')[0]?.message).not.toHaveProperty('scheduleOffset');
    desk.of('AwaitOutcome')[0]?.answer(completed);
    expect(await outcome).toBeUndefined();
  });

  test.each([
    { began: 'charge', ended: undefined },
    {
      began: 'refund',
      ended: "Expected to go on with step 'pay' as activity 'charge', but it was started with 'refund'",
    },
  ])('whose id another request has used for $began: $ended', async ({ began, ended }) => {
    const outcome = step();
    await eventually(() => desk.of('Schedule').length === 1);
    desk.of('Schedule')[0]?.answer(alreadyStarted);
    await eventually(() => desk.of('Describe').length === 1);
    desk.of('Describe')[0]?.answer(description(began));
    if (ended === undefined) {
      await eventually(() => desk.of('AwaitOutcome').length === 1);
      desk.of('AwaitOutcome')[0]?.answer(completed);
      expect(await outcome).toBeUndefined();
    } else {
      expect(await outcome).toMatchObject({ message: ended, field: 'activityType' });
    }
  });

  test('in a cancelled scope gives what it has come to, and is not begun', async () => {
    desk.session.scope.cancel('withdrawn');
    const ended = step();
    await eventually(() => desk.of('Describe').length === 1);
    desk.of('Describe')[0]?.answer(description('charge'));
    await eventually(() => desk.of('AwaitOutcome').length === 1);
    desk.of('AwaitOutcome')[0]?.answer(completed);
    expect(await ended).toBeUndefined();

    const never = step();
    await eventually(() => desk.of('Describe').length === 2);
    desk.of('Describe')[1]?.answer({ type: 'Refused', refusal: { reason: 'not-found', message: 'none' } });
    expect(await never).toMatchObject({ name: 'CancelledFailure', message: 'withdrawn' });
    expect([desk.of('Schedule'), desk.of('RequestCancel')]).toEqual([[], []]);
  });
});
