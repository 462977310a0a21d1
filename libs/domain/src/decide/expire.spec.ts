import {
  closeRun,
  expireBefore,
  inRun,
  openRun,
  signalRun,
  Stage,
  standalone,
  useRules,
  workflowRun,
} from '../stage.fixture.ts';
import { currentRules } from '../rules.ts';

// The retention, and the rules version.

const closedAt = (stage: Stage, now: number, activityId: string): void => {
  const target = { ...stage.target, activityId };
  stage
    .at(now)
    .accept(stage.schedule({ target, requestId: activityId }))
    .accept(stage.terminate({ target }));
};

const expired = (stage: Stage, before: number, countMax?: number): readonly string[] =>
  stage.consequences(expireBefore(before, countMax)).map((what) => {
    if (what.type === 'ActivityRemoved') return what.id.activityId;
    return what.type === 'RunRemoved' ? `run ${what.run.runId}` : what.type;
  });

test('what was closed goes when its retention is over, not a millisecond early', () => {
  const stage = new Stage();
  closedAt(stage, 10, 'a');
  expect(expired(stage.at(5009), 9999)).toEqual([]);
  expect(expired(stage.at(5010), 5009)).toEqual([]);
  expect(expired(stage, 5010)).toEqual(['a']);
  expect(stage.state.activity({ ...standalone, activityId: 'a' })).toBeUndefined();
  expect(stage.state.latestRunId('default', 'a')).toBeUndefined();
  expect(expired(stage, 5010)).toEqual([]);
});

test('an id that has expired is free, even with reject-duplicate', () => {
  const stage = new Stage();
  stage.accept(stage.schedule()).accept(stage.terminate()).at(5000).accept(expireBefore(5000));
  expect(stage.send(stage.schedule({ idReusePolicy: 'reject-duplicate' }))).toMatchObject({
    answer: { started: true },
  });
});

test('the oldest go first, a bounded number at a time', () => {
  const stage = new Stage();
  for (const [index, id] of ['a', 'b', 'c', 'd', 'e'].entries()) closedAt(stage, index, id);
  stage.at(6000);
  expect([expired(stage, 6000, 2), expired(stage, 6000, 2), expired(stage, 6000, 2)]).toEqual([
    ['a', 'b'],
    ['c', 'd'],
    ['e'],
  ]);
});

test('what is open stays, and so does the new life of an id', () => {
  const stage = new Stage(inRun);
  closedAt(stage, 0, 'a');
  stage.accept(stage.schedule({ target: { ...inRun, activityId: 'a' }, requestId: 'again' }));
  expect(expired(stage.at(9000), 9000)).toEqual([]);
  expect([...stage.state.openActivityIds(workflowRun)]).toEqual(['a']);
});

test('a closed run goes with its retention', () => {
  const stage = new Stage(inRun).at(10).accept(closeRun()).at(5010);
  expect(expired(stage, 5010)).toEqual(['run wf-run-1']);
  expect(stage.state.run(workflowRun)).toBeUndefined();
  expect(stage.state.latestWorkflowRunId('default', 'order')).toBeUndefined();
});

test('a closed run takes the signals with it that nobody acknowledged', () => {
  const stage = new Stage(inRun).accept(signalRun('s1')).accept(signalRun('s2')).accept(closeRun()).at(5000);
  expect(stage.consequences(expireBefore(5000))).toEqual([
    { type: 'SignalsRemoved', run: workflowRun, offsets: [1, 2] },
    { type: 'RunRemoved', run: workflowRun },
  ]);
  expect([...stage.state.signals(workflowRun)]).toEqual([]);
});

test('a run whose activities nobody closed closes them first, a bounded number at a time', () => {
  const stage = new Stage(inRun);
  for (const activityId of ['a', 'b', 'c']) {
    stage.accept(stage.schedule({ target: { ...inRun, activityId }, requestId: activityId }));
  }
  stage.accept(closeRun()).at(5000);
  expect(expired(stage, 5000, 2)).toEqual(['ActivityChanged', 'ActivityChanged', 'Outcome', 'Outcome']);
  expect(expired(stage, 5000, 2)).toEqual(['ActivityChanged', 'run wf-run-1', 'Outcome']);
  expect(stage.state.activity({ ...inRun, activityId: 'c' })).toMatchObject({
    status: 'terminated',
    outcome: { failure: { message: 'workflow run closed' } },
  });
});

test.each([0, -1, 1.5, 10_001])('a count of %p is refused', (countMax) => {
  expect(new Stage().refusal(expireBefore(0, countMax))).toBe(
    `invalid-argument: countMax must be a whole number from 1 to 10000, got ${String(countMax)}`,
  );
});

test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('an instant of %p is refused', (before) => {
  expect(new Stage().refusal(expireBefore(before))).toBe(
    `invalid-argument: before must be an instant in epoch milliseconds, got ${String(before)}`,
  );
});

test('what several runs have left counts together, and every command gets on', () => {
  const stage = new Stage(inRun);
  const runs = ['r1', 'r2', 'r3'].map((runId) => ({ ...workflowRun, runId, workflowId: runId }));
  for (const run of runs) {
    stage.accept(openRun({ run }));
    for (const activityId of ['a', 'b']) {
      stage.accept(stage.schedule({ target: { ...run, activityId }, requestId: activityId }));
    }
    for (const requestId of ['s1', 's2']) stage.accept(signalRun(requestId, { run }));
    stage.accept(closeRun({ run }));
  }
  stage.at(9_000);
  const rounds: string[][] = [];
  do {
    const changed = expired(stage, 9_000, 3).filter((what) => what !== 'Outcome');
    rounds.push(changed);
  } while ((rounds.at(-1)?.length ?? 0) > 0 && rounds.length < 20);
  expect(rounds).toEqual([
    ['ActivityChanged', 'ActivityChanged', 'SignalsRemoved'],
    ['SignalsRemoved', 'run r1', 'ActivityChanged'],
    ['ActivityChanged', 'SignalsRemoved', 'run r2'],
    ['ActivityChanged', 'ActivityChanged', 'SignalsRemoved'],
    ['SignalsRemoved', 'run r3'],
    [],
  ]);
});

test('an older log is replayed as it was decided: then each run had the whole count', () => {
  const stage = new Stage(inRun);
  stage.rules = 1;
  stage
    .accept(stage.schedule({ target: { ...inRun, activityId: 'a' } }))
    .accept(signalRun('s1'))
    .accept(closeRun());
  expect(expired(stage.at(5_000), 5_000, 1)).toEqual(['ActivityChanged', 'SignalsRemoved', 'run wf-run-1', 'Outcome']);
});

describe('use rules', () => {
  test.each([0, 1.5, currentRules + 1])('version %p is unknown', (version) => {
    expect(new Stage().refusal(useRules(version))).toBe(
      `invalid-argument: Expected to use rules version ${String(version)}, but this code knows versions 1 to ${String(currentRules)}`,
    );
  });

  test('the version in force again changes nothing', () => {
    expect(new Stage().consequences(useRules(currentRules))).toEqual([]);
  });

  test('never back', () => {
    const stage = new Stage();
    stage.rules = 2;
    expect(stage.refusal(useRules(1))).toBe(
      'failed-precondition: Expected to use rules version 1, but version 2 is in force and rules only go forward',
    );
  });

  test('forward takes effect', () => {
    const stage = new Stage();
    stage.rules = 0;
    expect(stage.consequences(useRules(1))).toEqual([{ type: 'RulesChanged', version: 1 }]);
    expect(stage.state.rules).toBe(1);
  });
});
