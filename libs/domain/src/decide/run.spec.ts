import type { Command } from '../command.ts';
import type { Effect, EntityChange } from '../decision.ts';
import { epochMillis, millis } from '../units.ts';
import {
  blobBytesMax,
  keptWithRunMax,
  retentionWithRunMs,
  waitingSignalBytesMax,
  waitingSignalsMax,
} from '../limits.ts';
import {
  acknowledgeSignals,
  closeRun,
  inRun,
  openRun,
  payloadsOf,
  requestCancelRun,
  expireBefore,
  signalRun,
  Stage,
  takeOverRun,
  timeOutRun,
  workflowRun,
} from '../stage.fixture.ts';

/** Every state of a run × every command to it: the new status and effects, `=` for accepted without a change, or the refusal. */
const runStates = {
  absent: () => new Stage(),
  open: () => new Stage().accept(openRun()),
  'cancel-requested': () => runStates.open().accept(requestCancelRun()),
  closed: () => runStates.open().accept(closeRun()),
};

const second = { requestId: 'request-2' };
const anotherRun = { ...workflowRun, runId: 'wf-run-2' };

const rows: readonly (readonly [
  name: string,
  command: Command,
  absent: string,
  open: string,
  cancel: string,
  closed: string,
])[] = [
  ['OpenRun, repeated', openRun(), 'open', '=', '=', '='],
  ['OpenRun, same run', openRun(second), 'open', 'already-started', 'already-started', 'already-started'],
  ['OpenRun, next run', openRun({ ...second, run: anotherRun }), 'open', 'already-started', 'already-started', 'open'],
  ['RequestCancelRun', requestCancelRun(second), 'not-found', 'cancel-requested!', 'failed-precondition', 'not-found'],
  ['RequestCancelRun, repeated', requestCancelRun(), 'not-found', 'cancel-requested!', '=', 'not-found'],
  ['CloseRun', closeRun(second), 'not-found', 'closed!', 'closed!', 'not-found'],
  ['CloseRun, repeated', closeRun(), 'not-found', 'closed!', 'closed!', '='],
  ['TakeOverRun', takeOverRun('driver-2'), 'not-found', 'open', 'cancel-requested', 'not-found'],
  ['TimeOutRun', timeOutRun(), 'not-found', 'not-due', 'not-due', 'not-found'],
  ['SignalRun', signalRun('signal-1'), 'not-found', 'open+', 'cancel-requested+', 'not-found'],
  ['AcknowledgeSignals', acknowledgeSignals(0), 'not-found', 'open-', 'cancel-requested-', 'not-found'],
  ['AcknowledgeSignals, none', acknowledgeSignals(-1), 'not-found', '=', '=', '='],
];

const marks: Readonly<Partial<Record<(EntityChange | Effect)['type'], string>>> = {
  FanOut: '!',
  SignalAdded: '+',
  SignalsRemoved: '-',
};

function outcomeOf(stage: Stage, command: Command): string {
  const decision = stage.send(command);
  if (decision.kind === 'refused') return decision.refusal.reason;
  const changed = decision.change.find((entity) => entity.type === 'RunChanged');
  return changed === undefined
    ? '='
    : changed.run.status + [...decision.change, ...decision.effects].map(({ type }) => marks[type] ?? '').join('');
}

test.each(rows)('%s', (_, command, ...expected) => {
  expect(Object.values(runStates).map((make) => outcomeOf(make(), command))).toEqual(expected);
});

test('the table has every command to a run', () => {
  const types = new Set(rows.map(([, { type }]) => type));
  expect(types).toEqual(
    new Set([
      'OpenRun',
      'TakeOverRun',
      'RequestCancelRun',
      'CloseRun',
      'TimeOutRun',
      'SignalRun',
      'AcknowledgeSignals',
    ]),
  );
});

test('signals of one name are taken in without those of another, and the run stays as it is', () => {
  const stage = new Stage().accept(openRun());
  for (const [id, name] of [
    ['signal-1', 'approve'],
    ['signal-2', 'reject'],
    ['signal-3', 'approve'],
    ['signal-4', 'approve'],
  ] as const) {
    stage.accept(signalRun(id, { name }));
  }
  const waiting = (): readonly string[] => [...stage.state.signals(workflowRun)].map(({ signalId }) => signalId);
  const byName = acknowledgeSignals(3, { name: 'approve' });
  expect(stage.send(byName)).toMatchObject({ change: [{ type: 'SignalsRemoved', offsets: [1, 3] }] });
  expect(waiting()).toEqual(['signal-2', 'signal-4']);
  expect(stage.send(byName)).toMatchObject({ kind: 'accepted', change: [], effects: [] });
  stage.accept(acknowledgeSignals(stage.offset - 1));
  expect(waiting()).toEqual([]);
});

test('a run is opened, cancelled and closed with what was said', () => {
  const stage = new Stage().at(1).accept(openRun()).at(2).accept(requestCancelRun()).at(3).accept(closeRun());
  expect(stage.state.run(workflowRun)).toEqual({
    id: workflowRun,
    status: 'closed',
    version: 2,
    openedAt: 1,
    openRequestId: 'request-1',
    retentionMs: 5000,
    cancel: { requestId: 'request-1', identity: 'workflow', reason: 'no longer needed', requestedAt: 2 },
    close: { status: 'completed', reason: 'all done', requestId: 'request-1', closedAt: 3, expiresAt: 5003 },
    signalsAcknowledgedTo: -1,
    recentSignalIds: [],
  });
});

test.each([
  { command: requestCancelRun(), status: 'cancel-requested', cause: 'run-cancel-requested' },
  { command: closeRun(), status: 'closed', cause: 'run-closed' },
])('$command.type tells whoever is concerned', ({ command, status, cause }) => {
  const stage = runStates.open();
  for (const activityId of ['b', 'a']) {
    stage.accept(stage.schedule({ target: { ...workflowRun, activityId }, requestId: activityId }));
  }
  stage.accept(stage.terminate({ target: { ...workflowRun, activityId: 'b' } }));
  stage.accept(stage.schedule({ target: { ...workflowRun, activityId: 'c' }, requestId: 'c' }));
  expect(stage.send(command)).toMatchObject({
    effects: [
      { type: 'RunNews', run: { id: workflowRun, status } },
      { type: 'FanOut', run: workflowRun, cause, activityIds: ['a', 'c'] },
    ],
  });
});

test('a signal is news to whoever waits for it, and what changes nothing else of the run is none', () => {
  const stage = runStates.open();
  expect(stage.send(signalRun('s1'))).toMatchObject({
    effects: [{ type: 'RunNews', run: { id: workflowRun }, signal: { signalId: 's1' } }],
  });
  expect(stage.send(acknowledgeSignals(stage.offset - 1))).toMatchObject({
    change: [{ type: 'RunChanged' }, { type: 'SignalsRemoved' }],
    effects: [],
  });
  expect(stage.consequenceTypes(takeOverRun('driver-2'))).toEqual(['RunChanged']);
});

test.each([
  { command: openRun({ ...second, run: anotherRun }), refusal: 'already-started: workflow execution already started' },
  { command: requestCancelRun({ run: anotherRun }), refusal: 'not-found: workflow not found for ID: order' },
  {
    command: signalRun('signal-1', { name: '' }),
    refusal: 'invalid-argument: signalName is not set',
  },
  {
    command: signalRun('signal-1', { name: '.' }),
    refusal: 'invalid-argument: signalName must not be ".": no URL can name it',
  },
  {
    command: openRun({ run: { ...anotherRun, namespace: 'a/b c' } }),
    refusal:
      'invalid-argument: namespace may have letters, digits, "_", "." and "-", and begins with a letter or digit',
  },
  {
    command: openRun({ run: { ...anotherRun, workflowId: '..' } }),
    refusal: 'invalid-argument: workflow ID must not be "..": no URL can name it',
  },
  {
    command: signalRun('signal-1', { args: payloadsOf(2 * 1024 * 1024 + 1) }),
    refusal: 'invalid-argument: input exceeds length limit',
  },
  { command: signalRun(''), refusal: 'invalid-argument: request ID is not set' },
  {
    command: acknowledgeSignals(2),
    refusal: "invalid-argument: upTo must be an offset up to this command's own, got 2",
  },
  {
    command: closeRun({ run: { ...workflowRun, workflowId: '' } }),
    refusal: 'invalid-argument: workflow ID is not set',
  },
  { command: openRun({ run: { ...anotherRun, runId: '' } }), refusal: 'invalid-argument: run ID is not set' },
])('$command.type: $refusal', ({ command, refusal }) => {
  expect(runStates.open().refusal(command)).toBe(refusal);
});

test('a second cancel is told which came first', () => {
  expect(runStates['cancel-requested']().refusal(requestCancelRun(second))).toBe(
    'failed-precondition: cancellation already requested with request ID request-1',
  );
});

test('what comes after the close finds a run that is over', () => {
  expect(runStates.closed().refusal(signalRun('signal-1'))).toBe(
    'not-found: workflow execution already completed: order',
  );
});

test('an empty run id means the latest run, also of runs opened in one millisecond', () => {
  const stage = runStates.closed().accept(openRun({ ...second, run: anotherRun }));
  stage.accept(closeRun({ ...second, run: { ...workflowRun, runId: '' } }));
  expect(stage.state.run(anotherRun)).toMatchObject({ status: 'closed' });
  expect(stage.state.latestWorkflowRunId('default', 'order')).toBe('wf-run-2');
});

test('a cancel knows the activities that are open at that point of the log', () => {
  const stage = new Stage(inRun);
  for (const activityId of ['c', 'a', 'b', 'd']) {
    stage.accept(stage.schedule({ requestId: activityId, target: { ...inRun, activityId } }));
  }
  const target = { ...inRun, activityId: 'a' };
  stage.accept(stage.terminate({ target })).accept(requestCancelRun());
  expect([...stage.state.openActivityIds(workflowRun)]).toEqual(['c', 'b', 'd']);
  stage.accept(stage.schedule({ requestId: 'a2', target }));
  expect([...stage.state.openActivityIds(workflowRun)]).toEqual(['c', 'b', 'd', 'a']);
});

describe('signals', () => {
  test('wait in the order of the log until they are acknowledged', () => {
    const stage = new Stage().accept(openRun()).accept(signalRun('s1')).accept(signalRun('s2')).accept(signalRun('s3'));
    expect(stage.consequences(acknowledgeSignals(2))).toContainEqual({
      type: 'SignalsRemoved',
      run: workflowRun,
      offsets: [1, 2],
    });
    expect([...stage.state.signals(workflowRun)].map(({ signalId, offset }) => [signalId, offset])).toEqual([
      ['s3', 3],
    ]);
    expect(stage.state.run(workflowRun)).toMatchObject({ signalsAcknowledgedTo: 2 });
    stage.accept(acknowledgeSignals(3));
    expect([...stage.state.signals(workflowRun)]).toEqual([]);
  });

  test('with an id that came before are dropped, also when acknowledged', () => {
    const stage = new Stage().accept(openRun()).accept(signalRun('s1')).accept(acknowledgeSignals(1));
    expect(stage.consequences(signalRun('s1'))).toEqual([]);
  });

  test('are told apart by their latest hundred ids', () => {
    const stage = new Stage().accept(openRun());
    for (let signal = 1; signal <= 101; signal++) stage.accept(signalRun(`s${String(signal)}`));
    expect(stage.consequences(signalRun('s2'))).toEqual([]);
    expect(stage.consequences(signalRun('s1'))).not.toEqual([]);
    expect(stage.state.run(workflowRun)?.recentSignalIds).toHaveLength(100);
  });
});

test('a signal that was signed for one run of a workflow id is known to the next, for as long as it may be repeated', () => {
  const stage = new Stage(inRun);
  const signed = { issuedAt: epochMillis(0), run: { ...workflowRun, runId: '' } };
  stage.accept(signalRun('s1', signed)).accept(closeRun());
  stage.accept(openRun({ run: { ...workflowRun, runId: 'wf-run-2' }, requestId: 'open-2' }));
  expect(stage.consequences(signalRun('s1', signed))).toEqual([]);
  expect(stage.consequences(signalRun('s2', signed))).not.toEqual([]);
});

describe('signals that wait', () => {
  const full = 'failed-precondition: exceeded workflow execution limit for signal events';

  test('have a limit of their number, and there is room again once some were taken in', () => {
    const stage = new Stage(inRun);
    const first = stage.offset;
    for (let count = 0; count < waitingSignalsMax; count++) stage.accept(signalRun(`s${String(count)}`));
    expect(stage.refusal(signalRun('one more'))).toBe(full);
    expect(stage.limit(signalRun('one more'))).toBe('waitingSignalsMax');
    // A repetition is no news, and no more of it is kept.
    expect(stage.refusal(signalRun(`s${String(waitingSignalsMax - 1)}`))).toBe('accepted');
    stage.accept(acknowledgeSignals(first));
    expect(stage.refusal(signalRun('one more'))).toBe('accepted');
    expect(stage.refusal(signalRun('too many'))).toBe(full);
  });

  test('have a limit of their bytes', () => {
    const stage = new Stage(inRun);
    const args = payloadsOf(blobBytesMax);
    const first = stage.offset;
    for (let count = 0; count < waitingSignalBytesMax / blobBytesMax; count++)
      stage.accept(signalRun(`s${String(count)}`, { args }));
    expect(stage.refusal(signalRun('one more', { args: payloadsOf(1) }))).toBe(full);
    expect(stage.limit(signalRun('one more', { args: payloadsOf(1) }))).toBe('waitingSignalBytesMax');
    expect(stage.refusal(signalRun('nothing', { args: [] }))).toBe('accepted');
    stage.accept(acknowledgeSignals(first));
    expect(stage.refusal(signalRun('one more', { args }))).toBe('accepted');
  });

  test('have none in an older log', () => {
    const stage = new Stage(inRun);
    stage.rules = 1;
    for (let count = 0; count <= waitingSignalsMax; count++) stage.accept(signalRun(`s${String(count)}`));
    expect([...stage.state.signals(workflowRun)]).toHaveLength(waitingSignalsMax + 1);
  });

  test('are taken in and written down as fast however many wait', () => {
    const stage = new Stage(inRun);
    const first = stage.offset;
    for (let count = 0; count < waitingSignalsMax; count++) {
      stage.accept(signalRun(`s${String(count)}`, { name: count % 2 === 0 ? 'even' : 'odd' }));
    }
    const startedMs = performance.now();
    for (let count = 0; count < 1_000; count++) {
      const offset = first + count;
      stage.accept(acknowledgeSignals(offset, { name: count % 2 === 0 ? 'even' : 'odd' }));
    }
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect([...stage.state.signals(workflowRun)]).toHaveLength(waitingSignalsMax - 1_000);
    stage.accept(acknowledgeSignals(first + waitingSignalsMax));
    expect(stage.state.signalBytes(workflowRun)).toBe(0);
  });
});

describe('what is kept as long as its run', () => {
  const step = (stage: Stage, activityId: string, requestId = activityId): Command =>
    stage.schedule({
      target: { ...inRun, activityId },
      requestId,
      retentionMs: retentionWithRunMs,
      idReusePolicy: 'reject-duplicate',
    });
  const withClosedStep = (): Stage => {
    const stage = new Stage(inRun);
    return stage.accept(step(stage, 'charge')).accept(stage.terminate({ target: { ...inRun, activityId: 'charge' } }));
  };

  test('runs once in the life of the run, however long that is', () => {
    const stage = withClosedStep().at(10 * 365 * 86_400_000);
    stage.accept(expireBefore(stage.now));
    expect(stage.send(step(stage, 'charge'))).toMatchObject({ answer: { started: false } });
    expect(stage.refusal(step(stage, 'charge', 'another'))).toBe('already-started: activity execution already started');
  });

  test('keeps its id from whoever is content with a duplicate: what it came to stays', () => {
    const stage = withClosedStep();
    const another = stage.schedule({ target: { ...inRun, activityId: 'charge' }, requestId: 'another' });
    expect(stage.refusal(another)).toBe('already-started: activity execution already started');
  });

  test('goes with the run, open or closed, a bounded number at a time', () => {
    const stage = withClosedStep();
    stage.accept(step(stage, 'video')).accept(closeRun()).at(5_000);
    const expired = (): readonly string[] => stage.consequenceTypes(expireBefore(5_000, 2));
    expect(expired()).toEqual(['ActivityChanged', 'ActivityRemoved', 'Outcome']);
    expect(expired()).toEqual(['ActivityRemoved', 'RunRemoved']);
    expect([stage.state.activityCount, stage.state.runCount, stage.state.keptActivityCount(workflowRun)]).toEqual([
      0, 0, 0,
    ]);
  });

  test('has a limit, which others do not count to', () => {
    const stage = new Stage(inRun);
    for (let count = 0; count < keptWithRunMax; count++) stage.accept(step(stage, `step-${String(count)}`));
    expect(stage.refusal(step(stage, 'one more'))).toBe(
      'failed-precondition: workflow run wf-run-1 has 10000 activities that are kept as long as it',
    );
    expect(stage.limit(step(stage, 'one more'))).toBe('keptWithRunMax');
    expect(stage.refusal(step(stage, 'step-0'))).toBe('accepted');
    expect(stage.refusal(stage.schedule({ target: { ...inRun, activityId: 'other' }, requestId: 'other' }))).toBe(
      'accepted',
    );
  });

  test('is none in an older log: a closed id was free, and stayed when the run went', () => {
    const stage = withClosedStep();
    stage.rules = 3;
    expect(stage.refusal(step(stage, 'charge', 'another'))).toBe('accepted');
  });
});

describe('of two processes that drive a run', () => {
  const driven = (): Stage => new Stage().accept(openRun({ driverId: 'driver-1', identity: 'the first' }));
  const scheduled = (stage: Stage, driverId?: string): string =>
    stage.refusal(stage.schedule({ target: inRun, requestId: 'r', ...(driverId === undefined ? {} : { driverId }) }));

  test('the one that has taken over drives it, and the other is told who that is', () => {
    const stage = driven();
    expect(scheduled(stage, 'driver-1')).toBe('accepted');
    stage.accept(takeOverRun('driver-2', { requestId: 'take-over', identity: 'the second' }));
    const refusal = 'stale-driver: another process drives the workflow run: the second';
    for (const command of [
      stage.schedule({ target: inRun, requestId: 'r', driverId: 'driver-1' }),
      stage.requestCancel({ target: inRun, driverId: 'driver-1' }),
      acknowledgeSignals(-1, { driverId: 'driver-1' }),
      closeRun({ driverId: 'driver-1' }),
    ]) {
      expect(stage.refusal(command)).toBe(refusal);
    }
    expect(scheduled(stage, 'driver-2')).toBe('accepted');
    expect(stage.refusal(closeRun({ driverId: 'driver-2' }))).toBe('accepted');
  });

  test('no one is told apart that does not say who it is, and a take-over that is repeated changes nothing', () => {
    const stage = driven();
    const takeOver = takeOverRun('driver-2', { requestId: 'take-over' });
    expect(stage.consequences(takeOver)).toHaveLength(1);
    expect(stage.consequences(takeOver)).toEqual([]);
    expect(scheduled(stage)).toBe('accepted');
    expect(stage.refusal(closeRun())).toBe('accepted');
  });

  test('one that opens it again by the same request takes it over, too', () => {
    const stage = driven();
    expect(stage.consequences(openRun({ driverId: 'driver-1' }))).toEqual([]);
    expect(stage.send(openRun({ driverId: 'driver-2' }))).toMatchObject({ answer: { started: false } });
    expect(scheduled(stage, 'driver-1')).toContain('stale-driver');
    expect(scheduled(stage, 'driver-2')).toBe('accepted');
  });

  test('none is known in an older log, and nobody is refused', () => {
    const stage = new Stage();
    stage.rules = 3;
    stage.accept(openRun({ driverId: 'driver-1' })).accept(takeOverRun('driver-2'));
    expect(stage.state.run(workflowRun)?.driver).toBeUndefined();
    expect(scheduled(stage, 'driver-1')).toBe('accepted');
  });

  test('each must have an id', () => {
    expect(driven().refusal(takeOverRun(''))).toBe('invalid-argument: driver ID is not set');
    expect(new Stage().refusal(openRun({ driverId: 'x'.repeat(1001) }))).toMatch(/driver ID/);
  });
});

describe('the timeout of a run', () => {
  const timed = (): Stage => new Stage().at(10).accept(openRun({ timeoutMs: millis(90) }));

  test('closes it as timed out on the log’s clock, not a millisecond early', () => {
    const stage = timed();
    stage.accept(stage.schedule({ target: inRun }));
    expect(stage.at(99).refusal(timeOutRun())).toBe('not-due: workflow run wf-run-1 times out at 100, and it is 99');
    expect(stage.at(100).consequences(timeOutRun())).toMatchObject([
      { type: 'RunChanged', run: { status: 'closed', close: { status: 'timed-out', closedAt: 100, expiresAt: 5100 } } },
      { type: 'RunNews' },
      { type: 'FanOut', cause: 'run-closed' },
    ]);
    expect(stage.refusal(timeOutRun())).toMatch(/already completed/);
  });

  test('is none to a run without one', () => {
    expect(new Stage().accept(openRun()).at(1e12).refusal(timeOutRun())).toMatch(/has no timeout/);
    expect(new Stage().refusal(openRun({ timeoutMs: -1 as never }))).toMatch(/invalid-argument: timeoutMs must be/);
  });

  test('is not promised by an older log, which would not keep it', () => {
    const stage = new Stage();
    stage.rules = 3;
    expect(stage.refusal(openRun({ timeoutMs: millis(90) }))).toMatch(/^failed-precondition: .*rules version 4/);
  });
});
