import { repetitionMs } from '../limits.ts';
import { applicationFailure, byId, closeRun, expireBefore, payloads, Stage } from '../stage.fixture.ts';
import { inRunIn, standaloneIn } from '../states.fixture.ts';
import { epochMillis, millis } from '../units.ts';

// A report with an id of its own: the second one changes nothing, and is no refusal.

const reportId = 'report-1';
const acknowledgement = { kind: 'accepted', change: [], effects: [], answer: { type: 'Acknowledged' } };

test('a repeated completion is acknowledged; another is refused', () => {
  const stage = standaloneIn('started');
  stage.accept(stage.complete({ reportId }));
  expect(stage.send(stage.complete({ reportId }))).toEqual(acknowledgement);
  expect(stage.refusal(stage.complete({ reportId: 'report-2' }))).toMatch('not-found');
  expect(stage.refusal(stage.complete())).toMatch('not-found');
});

test('a repeated failure does not fail the next attempt', () => {
  const stage = standaloneIn('started');
  const failure = applicationFailure('no');
  stage.accept(stage.fail(failure, { attempt: byId, reportId })).at(10);
  stage.accept(stage.dispatchDue()).accept(stage.claim({ claimId: 'claim-2' }));
  expect(stage.activity).toMatchObject({ status: 'started', attempt: 2 });
  expect(stage.send(stage.fail(failure, { attempt: byId, reportId }))).toEqual(acknowledgement);
  expect(stage.activity).toMatchObject({ status: 'started', attempt: 2 });
});

test('a repeated report of a cancellation is acknowledged', () => {
  const stage = standaloneIn('cancel-requested');
  stage.accept(stage.reportCanceled({ reportId }));
  expect(stage.send(stage.reportCanceled({ reportId }))).toEqual(acknowledgement);
});

test('what completed one run of an id does not complete the next', () => {
  const stage = standaloneIn('started');
  stage.accept(stage.complete({ attempt: byId, reportId }));
  const latest = { ...stage.target, runId: '' };
  stage.target = { ...stage.target, runId: 'run-2' };
  stage.accept(stage.schedule({ requestId: 'schedule-2' })).accept(stage.claim({ claimId: 'claim-2' }));
  expect(stage.send(stage.complete({ target: latest, attempt: byId, reportId }))).toEqual(acknowledgement);
  expect(stage.activity).toMatchObject({ status: 'started' });
  expect(stage.consequences(stage.complete({ target: latest, attempt: byId, reportId: 'report-2' }))).not.toEqual([]);
});

test.each([
  ['deleted', (stage: Stage) => stage.accept(stage.delete())],
  ['removed at the end of its retention', (stage: Stage) => stage.at(1_001).accept(expireBefore(1_001))],
])(
  'what completed a run that was %s since does not complete the next, for as long as it may be repeated',
  (_, remove) => {
    const stage = new Stage().at(1_000);
    stage.accept(stage.schedule({ retentionMs: millis(1) })).accept(stage.claim());
    const report = { attempt: byId, reportId, issuedAt: epochMillis(1_000) };
    stage.accept(stage.complete(report));
    remove(stage);
    expect(stage.refusal(stage.complete(report))).toMatch('not-found');
    const latest = { ...stage.target, runId: '' };
    stage.target = { ...stage.target, runId: 'run-2' };
    stage.accept(stage.schedule({ requestId: 'schedule-2' })).accept(stage.claim({ claimId: 'claim-2' }));
    expect(stage.send(stage.complete({ ...report, target: latest }))).toEqual(acknowledgement);
    expect(stage.activity).toMatchObject({ status: 'started' });
    stage.at(3 * repetitionMs).accept(expireBefore(3 * repetitionMs));
    expect(stage.state.activityCount).toBe(1);
  },
);

test('in a run that was closed meanwhile, a repetition is known', () => {
  const stage = inRunIn('started');
  stage.accept(stage.complete({ reportId })).accept(closeRun());
  expect(stage.send(stage.complete({ reportId }))).toEqual(acknowledgement);
  expect(stage.refusal(stage.complete({ reportId: 'report-2' }))).toMatch('not-found');
});

test('a refused report may be sent again', () => {
  const stage = standaloneIn('scheduled');
  expect(stage.refusal(stage.fail(undefined, { attempt: byId, reportId }))).toMatch('not-found');
  stage.accept(stage.claim()).accept(stage.fail(undefined, { attempt: byId, reportId }));
  expect(stage.activity).toMatchObject({ attempt: 2 });
});

test('the latest twenty are remembered', () => {
  const stage = standaloneIn('started');
  for (let n = 1; n <= 21; n++) {
    stage.accept(stage.fail(undefined, { attempt: byId, reportId: `report-${String(n)}` }));
    stage
      .accept(stage.reset({ requestId: `reset-${String(n)}` }))
      .accept(stage.claim({ claimId: `claim-${String(n)}` }));
  }
  const ids = stage.activity.reportIds?.map(({ id }) => id);
  expect(ids).toEqual(Array.from({ length: 20 }, (_, n) => `report-${String(n + 2)}`));
});

test('a report id that is too long is refused', () => {
  const stage = standaloneIn('started');
  expect(stage.refusal(stage.complete({ reportId: 'r'.repeat(1001) }))).toMatch('report ID exceeds length limit');
});

describe('whom to tell of the outcome', () => {
  const callbackUrls = ['https://example.com/a'];

  test('stays known until the end, through every state', () => {
    const stage = new Stage();
    stage.accept(stage.schedule({ callbackUrls })).accept(stage.claim()).accept(stage.pause()).accept(stage.unpause());
    stage
      .accept(stage.fail(undefined, { attempt: byId }))
      .at(10)
      .accept(stage.dispatchDue());
    stage.accept(stage.claim({ claimId: 'claim-2' })).accept(stage.complete({ result: payloads('done') }));
    expect(stage.activity).toMatchObject({ status: 'completed', callbackUrls });
  });

  test('grows with every start that is attached, each once', () => {
    const stage = new Stage();
    const attach = (requestId: string, url: string) =>
      stage.schedule({
        requestId,
        target: { ...stage.target, runId: requestId },
        callbackUrls: [url],
        idConflictPolicy: 'use-existing',
      });
    stage.accept(stage.schedule({ callbackUrls }));
    stage.accept(attach('s2', 'https://example.com/b')).accept(attach('s3', 'https://example.com/a'));
    expect(stage.activity.callbackUrls).toEqual(['https://example.com/a', 'https://example.com/b']);
    for (let n = 3; n <= 10; n++) stage.accept(attach(`s-${String(n)}`, `https://example.com/${String(n)}`));
    expect(stage.refusal(attach('s11', 'https://example.com/11'))).toBe(
      'failed-precondition: cannot attach more than 10 callbacks to an activity (10 callbacks already attached)',
    );
  });

  test('named twice by one start, is told once', () => {
    const stage = new Stage();
    stage.accept(stage.schedule({ callbackUrls: [...callbackUrls, ...callbackUrls] }));
    expect(stage.activity.callbackUrls).toEqual(callbackUrls);
  });

  test.each([
    ['too many', Array.from({ length: 11 }, (_, n) => `https://example.com/${String(n)}`)],
    ['a long one', [`https://example.com/${'a'.repeat(2000)}`]],
  ])('%s are refused', (_, urls) => {
    const stage = new Stage();
    expect(stage.refusal(stage.schedule({ callbackUrls: urls }))).toMatch('invalid-argument: callbackUrls exceeds');
  });
});
