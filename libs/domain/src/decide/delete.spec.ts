import { payloads, Stage, standalone } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';
import { PartitionState } from '../partition-state.ts';
import { epochMillis, millis } from '../units.ts';

const latest = { ...standalone, runId: 'run-2' };
const ofId = { ...standalone, runId: '' };

/** `run-1` has completed, and `run-2` of the same id has been started and ended. */
function twice(): Stage {
  const stage = standaloneIn('completed');
  const retentionMs = millis(100);
  stage.at(10).accept(stage.schedule({ requestId: 'schedule-2', target: latest, retentionMs }));
  return stage.at(20).accept(stage.terminate({ target: latest }));
}

const notFound = 'not-found: activity not found for ID: charge';

test('of a deleted activity nothing is found, and its id is free, whatever runs it had before', () => {
  const stage = twice().accept(new Stage().delete({ target: ofId }));
  expect(stage.refusal(stage.delete({ target: ofId }))).toBe(notFound);
  expect(stage.refusal(stage.delete({ target: latest }))).toBe(notFound);
  expect(stage.refusal(stage.terminate({ target: ofId }))).toBe(notFound);
  const next = { ...standalone, runId: 'run-3' };
  stage.accept(stage.schedule({ requestId: 'schedule-3', target: next, idReusePolicy: 'reject-duplicate' }));
  expect(stage.state.latestRunId('default', 'charge')).toBe('run-3');
});

test('a deleted run that is scheduled by its own id again is the latest, whatever came between', () => {
  const stage = twice().accept(new Stage().delete({ target: ofId }));
  const between = { ...standalone, runId: 'run-3' };
  stage.accept(stage.schedule({ requestId: 'schedule-3', target: between }));
  stage.accept(stage.terminate({ target: between }));
  stage.accept(stage.schedule({ requestId: 'schedule-2', target: latest }));
  expect(stage.state.latestRunId('default', 'charge')).toBe('run-2');
});

test('former runs are still there for whoever names them, until they are deleted, too', () => {
  const stage = twice().accept(new Stage().delete({ target: ofId }));
  expect(stage.state.activity(standalone)).toMatchObject({ status: 'completed' });
  stage.accept(stage.delete({ target: standalone }));
  expect(stage.state.activity(standalone)).toBeUndefined();
  expect(stage.refusal(stage.delete({ target: ofId }))).toBe(notFound);
});

test('a former run goes alone', () => {
  const stage = twice().accept(new Stage().delete({ target: standalone }));
  expect(stage.state.activity(standalone)).toBeUndefined();
  expect(stage.state.latestRunId('default', 'charge')).toBe('run-2');
});

test('what stands in for a deleted run says nothing, survives a restore, and goes when the last former run is gone', () => {
  const stage = twice().accept(new Stage().delete({ target: ofId }));
  const records = [...stage.state.activities()].map(([, activity]) => activity);
  expect(records).toHaveLength(2);
  expect(records.find(({ id }) => id.runId === 'run-2')).toMatchObject({ requestIds: [], outcome: { result: [] } });
  const restored = new PartitionState();
  for (const activity of records.toReversed()) restored.restoreActivity(activity);
  expect(restored.activity(latest)).toBeUndefined();
  expect(restored.latestRunId('default', 'charge')).toBe('run-2');

  const former = records.find(({ id }) => id.runId === 'run-1');
  const lastAt = former !== undefined && 'expiresAt' in former ? former.expiresAt : 0;
  expect(stage.state.expired(epochMillis(lastAt - 1), 9).activities).toEqual([]);
  expect(stage.state.expired(epochMillis(lastAt), 9).activities).toEqual([standalone, latest]);
});

test('an open one ends as terminated, once', () => {
  const stage = standaloneIn('completed');
  stage.accept(stage.schedule({ requestId: 'schedule-2', target: latest }));
  const types = stage.consequenceTypes(stage.delete({ target: ofId }));
  expect(types).toEqual(['ActivityChanged', 'ActivityChanged', 'Outcome']);
  expect(stage.refusal(stage.complete({ target: latest, result: payloads('late') }))).toMatch(
    /^stale-attempt|^not-found/,
  );
});

test('the only run of an id leaves nothing behind', () => {
  const stage = standaloneIn('completed');
  expect(stage.consequences(stage.delete({ target: ofId }))).toEqual([{ type: 'ActivityRemoved', id: standalone }]);
  expect(stage.state.activityCount).toBe(0);
});
