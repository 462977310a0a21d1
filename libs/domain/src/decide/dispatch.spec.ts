import { Stage } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';

// Semantics sections 2.1 and 2.6: dispatch times are exact.

test.each([
  { state: 'delayed', due: 50, attempt: 1 },
  { state: 'backing off', due: 10, attempt: 2 },
] as const)('$state is dispatched at $due, not a millisecond early', ({ state, due, attempt }) => {
  const stage = standaloneIn(state).at(due - 1);
  expect(stage.refusal(stage.dispatchDue())).toBe(
    `not-due: activity charge is due at ${String(due)}, and it is ${String(due - 1)}`,
  );
  expect(stage.at(due).consequenceTypes(stage.dispatchDue())).toEqual(['ActivityChanged', 'Task']);
  expect(stage.activity).toMatchObject({ status: 'scheduled', attempt, dispatchAt: due, dispatchedAt: due });
});

test('a late dispatch does not shift when it was due', () => {
  const stage = standaloneIn('backing off').at(25).accept(standaloneIn('backing off').dispatchDue());
  expect(stage.activity).toMatchObject({ dispatchAt: 10, dispatchedAt: 25 });
});

test('twice: the second is stale', () => {
  const stage = standaloneIn('backing off').at(10);
  const dispatch = stage.dispatchDue();
  stage.accept(dispatch);
  expect(stage.refusal(dispatch)).toBe('stale-attempt: the timer is of another attempt of activity charge');
});

test('a timer of before a reset is stale', () => {
  const stage = standaloneIn('backing off');
  const dispatch = stage.dispatchDue();
  stage.accept(stage.pause()).accept(stage.unpause()).at(10);
  expect(stage.refusal(dispatch)).toMatch(/^stale-attempt/);
  expect(stage.refusal(stage.dispatchDue())).toBe('accepted');
});

test('redispatch sends the task again under a new stamp, once', () => {
  const stage = standaloneIn('scheduled').at(500);
  const { token } = stage;
  const redispatch = stage.redispatch();
  const types = stage.consequenceTypes(redispatch);
  expect(types).toEqual(['ActivityChanged', 'Task']);
  expect(stage.activity).toMatchObject({ attempt: 1, stamp: 2, dispatchAt: 0, dispatchedAt: 500 });
  expect(stage.refusal(redispatch)).toMatch(/^stale-attempt/);
  expect(stage.refusal(stage.claim({ attempt: token }))).toMatch(/^stale-attempt/);
  expect(stage.refusal(stage.claim())).toBe('accepted');
});

test('redispatch does not extend the time to be claimed in', () => {
  const stage = standaloneIn('scheduled').at(20);
  stage.accept(stage.redispatch()).at(30);
  expect(stage.refusal(stage.timeOut('schedule-to-start'))).toBe('accepted');
});

test('redispatch of what was never dispatched is stale', () => {
  const stage = new Stage();
  stage.accept(stage.schedule({ options: { taskQueue: 'mail', startToCloseTimeoutMs: 1, startDelayMs: 5 } })).at(90);
  expect(stage.refusal(stage.redispatch())).toMatch(/^stale-attempt/);
});

test('what can never be sent fails for good and says why; the failure of an attempt before stays known', () => {
  const stage = standaloneIn('backing off').at(10);
  stage.accept(stage.dispatchDue());
  const reason = `Expected to make the topics of task queue 'mail', but the brokers refuse`;

  const types = stage.consequenceTypes(stage.failDispatch(reason));

  expect(types).toEqual(['ActivityChanged', 'Outcome']);
  expect(stage.activity).toMatchObject({
    status: 'failed',
    outcome: {
      type: 'failure',
      retryState: 'non-retryable-failure',
      failure: { message: reason, info: { type: 'server', nonRetryable: true } },
    },
    lastFailure: { failedAt: 0 },
  });
});

test.each([
  { what: 'of an attempt before', change: { attempt: 0 }, refused: /^stale-attempt/ },
  { what: 'of another dispatch', change: { stamp: 0 }, refused: /^stale-attempt/ },
  { what: 'of a former life', change: { scheduleOffset: -1 }, refused: /^stale-attempt/ },
])('a task $what that cannot be sent fails nothing', ({ change, refused }) => {
  const stage = standaloneIn('scheduled');
  expect(stage.refusal(stage.failDispatch('no such queue', { ...stage.timer, ...change }))).toMatch(refused);
});

test('a reason that is too long is refused', () => {
  const stage = standaloneIn('scheduled');
  expect(stage.refusal(stage.failDispatch('x'.repeat(2_000_000)))).toBe(
    'invalid-argument: reason exceeds length limit',
  );
});
