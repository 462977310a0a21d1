import { PartitionState } from './partition-state.ts';
import { closeRun, inRun, openRun, payloads, signalRun, Stage, standalone, workflowRun } from './stage.fixture.ts';
import { standaloneIn } from './states.fixture.ts';
import { epochMillis } from './units.ts';

test('a snapshot can be loaded in any order, a later one of the same key replacing the earlier', () => {
  const first = standaloneIn('completed');
  const older = first.activity;
  first.accept(first.schedule({ requestId: 'schedule-2', target: { ...standalone, runId: 'run-2' } }));
  const newer = first.state.activity({ ...standalone, runId: 'run-2' });
  if (newer === undefined) throw new Error('no second run');

  const state = new PartitionState();
  state.restoreActivity(newer);
  state.restoreActivity(older);
  expect(state.latestRunId('default', 'charge')).toBe('run-2');
  state.restoreActivity({ ...newer, version: 99 });
  expect(state.latestRunId('default', 'charge')).toBe('run-2');
  expect(state.activity(newer.id)).toMatchObject({ version: 99 });
  expect(state.activityByKey('default//run-1/charge')).toBe(older);
  expect(state.activityCount).toBe(2);
});

test('open activities are listed as they were scheduled, whatever order they are loaded in', () => {
  const stage = new Stage(inRun);
  for (const activityId of ['b', 'c', 'a']) {
    stage.accept(stage.schedule({ requestId: activityId, target: { ...inRun, activityId } }));
  }
  const state = new PartitionState();
  for (const [, activity] of [...stage.state.activities()].toReversed()) state.restoreActivity(activity);
  expect([...state.openActivityIds(workflowRun)]).toEqual(['b', 'c', 'a']);
});

test('when the latest run expires before an earlier one, the earlier is the latest again', () => {
  const stage = standaloneIn('completed');
  const target = { ...standalone, runId: 'run-2' };
  stage.accept(stage.schedule({ requestId: 'schedule-2', target })).accept(stage.terminate({ target }));
  stage.state.apply([{ type: 'ActivityRemoved', id: target }]);
  expect(stage.state.latestRunId('default', 'charge')).toBe('run-1');
  stage.state.apply([{ type: 'ActivityRemoved', id: standalone }]);
  expect(stage.state.latestRunId('default', 'charge')).toBeUndefined();
});

test('what is open cannot be removed', () => {
  const { state } = standaloneIn('started');
  expect(() => {
    state.apply([{ type: 'ActivityRemoved', id: standalone }]);
  }).toThrow('removal of default//run-1/charge, which is not closed');
});

test('a restored record that was replaced does not expire', () => {
  const closed = standaloneIn('completed').activity;
  const state = new PartitionState();
  state.restoreActivity(closed);
  state.restoreActivity({ ...closed, version: closed.version + 1 });
  expect(state.expired(epochMillis(9000), 10).activities).toEqual([standalone]);
});

test('expired activities and runs share one order and one count', () => {
  const stage = new Stage(inRun);
  stage.accept(stage.schedule()).at(1).accept(closeRun()).at(2).accept(stage.closeWithRun(stage.offset));
  expect(stage.state.expired(epochMillis(9000), 1)).toEqual({ activities: [], runs: [workflowRun] });
  expect(stage.state.expired(epochMillis(9000), 2)).toEqual({ activities: [inRun], runs: [workflowRun] });
});

test('signals are kept in the order of the log, whatever order they are loaded in', () => {
  const signal = (offset: number, signalId = `s${String(offset)}`) =>
    ({ offset, signalId, name: 'approve', args: payloads(), sentAt: epochMillis(0) }) as const;
  const state = new PartitionState();
  for (const offset of [5, 3, 9, 4]) state.restoreSignal(workflowRun, signal(offset));
  state.restoreSignal(workflowRun, signal(4, 'again'));
  expect([...state.signals(workflowRun)].map(({ signalId }) => signalId)).toEqual(['s3', 'again', 's5', 's9']);
});

test('a run takes its signals with it', () => {
  const stage = new Stage(inRun).accept(signalRun('s1')).accept(closeRun());
  stage.state.apply([{ type: 'RunRemoved', run: workflowRun }]);
  expect([...stage.state.signals(workflowRun)]).toEqual([]);
  expect(stage.state.runCount).toBe(0);
});

test('everything is listed in the order of its keys', () => {
  const stage = new Stage(inRun);
  for (const activityId of ['b', 'a']) {
    stage.accept(stage.schedule({ requestId: activityId, target: { ...inRun, activityId } }));
  }
  stage.accept(openRun({ run: { ...workflowRun, workflowId: 'a', runId: 'r' } })).accept(signalRun('s1'));
  expect([...stage.state.activities()].map(([key]) => key)).toEqual([
    'default/order/wf-run-1/a',
    'default/order/wf-run-1/b',
  ]);
  expect([...stage.state.runs()].map(([key, , signals]) => [key, signals.length])).toEqual([
    ['default/a/r', 0],
    ['default/order/wf-run-1', 1],
  ]);
  expect(stage.state.runByKey('default/a/r')).toMatchObject({ status: 'open' });
});
