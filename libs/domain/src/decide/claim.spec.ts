import { options, Stage, standalone } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';

// Semantics section 2.1: the first claim of a current attempt is granted.

test('a grant starts the attempt at the time of the claim', () => {
  const stage = standaloneIn('scheduled').at(7);
  const workerAddress = { partition: 3, address: 'worker-1' };
  const decision = stage.send(stage.claim({ identity: 'worker', replyTo: workerAddress }));
  expect(decision).toMatchObject({ answer: { type: 'Granted', startedAt: 7 } });
  expect(stage.open).toMatchObject({
    startedAt: 7,
    claimId: 'claim-1',
    lastWorkerIdentity: 'worker',
    workerAddress,
    version: 1,
  });
});

test('the same claim is granted again, as of its first grant', () => {
  const stage = standaloneIn('scheduled').at(7);
  stage.accept(stage.claim()).at(20);
  const before = stage.activity;
  expect(stage.send(stage.claim())).toEqual({
    kind: 'accepted',
    change: [],
    effects: [],
    answer: { type: 'Granted', startedAt: 7 },
  });
  expect(stage.activity).toBe(before);
});

test('the same claim is granted again while a cancel, pause or reset waits', () => {
  for (const state of ['cancel-requested', 'pause-requested', 'reset-requested'] as const) {
    const stage = standaloneIn(state).at(20);
    expect(stage.send(stage.claim())).toMatchObject({ answer: { type: 'Granted', startedAt: 0 } });
  }
});

test('the same claim id means nothing to a later attempt', () => {
  const stage = standaloneIn('started');
  const { token } = stage;
  stage
    .accept(stage.fail())
    .at(10)
    .accept(stage.dispatchDue())
    .accept(stage.claim({ claimId: 'claim-2' }));
  expect(stage.refusal(stage.claim({ attempt: token }))).toBe('stale-attempt: activity not found for ID: charge');
});

test('another claim is told so', () => {
  const stage = standaloneIn('started');
  expect(stage.refusal(stage.claim({ claimId: 'claim-2' }))).toBe(
    'already-claimed: attempt 1 of activity charge was granted to another claim',
  );
});

test('what is not dispatched yet cannot be claimed', () => {
  const stage = standaloneIn('delayed').at(49);
  expect(stage.refusal(stage.claim())).toBe('not-due: activity charge is due at 50, and it is 49');
});

test('a paused attempt cannot be claimed', () => {
  const stage = standaloneIn('paused');
  expect(stage.refusal(stage.claim())).toBe(
    'failed-precondition: activity charge is paused: its attempt cannot be claimed',
  );
});

test('a claim names itself', () => {
  const stage = standaloneIn('scheduled');
  expect(stage.refusal(stage.claim({ claimId: '' }))).toBe('invalid-argument: claimId is not set');
});

test('an empty run id means the latest run, for every command', () => {
  const stage = standaloneIn('completed');
  stage.accept(stage.schedule({ requestId: 'schedule-2', target: { ...standalone, runId: 'run-2' } }));
  stage.accept(stage.claim({ target: { ...standalone, runId: '' }, attempt: { by: 'id' } }));
  expect(stage.state.activity({ ...standalone, runId: 'run-2' })).toMatchObject({ status: 'started' });
});

test('a token of a former life is stale even when attempt and stamp are the same', () => {
  const stage = new Stage();
  stage.accept(stage.schedule({ options: { ...options, startDelayMs: 0 } }));
  const { token } = stage;
  if (token.by !== 'token') throw new Error('no token');
  expect(stage.refusal(stage.claim({ attempt: { ...token, scheduleOffset: 7 } }))).toMatch(/^stale-attempt/);
  expect(stage.refusal(stage.claim({ attempt: { ...token, attempt: 2 } }))).toMatch(/^stale-attempt/);
  expect(stage.refusal(stage.claim({ attempt: { ...token, stamp: 2 } }))).toMatch(/^stale-attempt/);
});
