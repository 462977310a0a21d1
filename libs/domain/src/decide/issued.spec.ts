import { rememberedIdsMax, repetitionMs, senderClockMs } from '../limits.ts';
import { byId, closeRun, inRun, openRun, signalRun, Stage, workflowRun } from '../stage.fixture.ts';
import { standaloneIn } from '../states.fixture.ts';
import { epochMillis, millis } from '../units.ts';

// What is signed with its time (a webhook) counts for the run that it was sent to, and is known when it comes again,
// however many came between. The log's clock is at `start` when the activity or run begins.

const start = 1_000_000_000;
const at = (ms: number) => epochMillis(start + ms);
const acknowledgement = { kind: 'accepted', change: [], effects: [], answer: { type: 'Acknowledged' } };

/** An activity that was completed by its id at `start`, and its next run, which began a minute later and runs. */
function nextRun(): Stage {
  const stage = new Stage().at(start);
  stage
    .accept(stage.schedule())
    .accept(stage.claim())
    .accept(stage.complete({ attempt: byId, reportId: 'first' }));
  stage.target = { ...stage.target, runId: 'run-2' };
  stage
    .at(start + 60_000)
    .accept(stage.schedule({ requestId: 'schedule-2' }))
    .accept(stage.claim({ claimId: 'c2' }));
  return stage;
}
const latest = (stage: Stage) => ({ ...stage.target, runId: '' });

describe('a report that was sent before the run began', () => {
  const tooOld = /^failed-precondition: it was sent \d+ ms before the run began that it would change$/;

  test.each(['complete', 'fail', 'reportCanceled'] as const)('does not change it: %s', (what) => {
    const stage = nextRun();
    const extra = { target: latest(stage), attempt: byId, reportId: 'caught', issuedAt: at(5_000) };
    expect(stage.refusal(what === 'fail' ? stage.fail(undefined, extra) : stage[what](extra))).toMatch(tooOld);
    expect(stage.activity).toMatchObject({ status: 'started', attempt: 1 });
  });

  test.each([
    [60_000, 'accepted'],
    [61_000, 'accepted'],
    // Clocks differ, by a second at most.
    [60_000 - senderClockMs, 'accepted'],
    [60_000 - senderClockMs - 1, 'it was sent 1001 ms before'],
    [-start, 'it was sent'],
  ])('counts from its begin on: sent at %i: %s', (sentAt, expected) => {
    const stage = nextRun();
    const extra = { target: latest(stage), attempt: byId, reportId: 'caught', issuedAt: at(sentAt) };
    expect(stage.refusal(stage.complete(extra))).toMatch(expected);
  });

  test('is meant for it where it names it: by a token, or by the run id', () => {
    const byToken = nextRun();
    expect(byToken.refusal(byToken.complete({ reportId: 'caught', issuedAt: at(0) }))).toBe('accepted');
    const byRun = nextRun();
    const named = { attempt: byId, reportId: 'caught', issuedAt: at(0) };
    expect(byRun.refusal(byRun.complete(named))).toBe('accepted');
  });

  test('of a workflow counts for no later activity of the same id', () => {
    const stage = new Stage(inRun).at(start);
    stage
      .accept(stage.schedule())
      .accept(stage.claim())
      .accept(stage.complete({ attempt: byId }));
    stage.at(start + 60_000).accept(stage.schedule({ requestId: 'schedule-2' }));
    const extra = { attempt: byId, reportId: 'caught', issuedAt: at(5_000) };
    expect(stage.refusal(stage.complete(extra))).toMatch(tooOld);
  });

  test('that has come before is acknowledged all the same', () => {
    const stage = nextRun();
    const again = { target: latest(stage), attempt: byId, reportId: 'first', issuedAt: at(0) };
    expect(stage.send(stage.complete(again))).toEqual(acknowledgement);
  });

  test('changed it under the former rules', () => {
    const stage = nextRun();
    stage.rules = 1;
    const extra = { target: latest(stage), attempt: byId, reportId: 'caught', issuedAt: at(5_000) };
    expect(stage.refusal(stage.complete(extra))).toBe('accepted');
  });
});

describe('a report that was signed', () => {
  /** Fails the current attempt, and begins the activity anew, so that there is another. */
  function fail(stage: Stage, reportId: string, issuedAt?: number): void {
    const signed = issuedAt === undefined ? {} : { issuedAt: epochMillis(issuedAt) };
    stage.accept(stage.fail(undefined, { attempt: byId, reportId, ...signed }));
    stage.accept(stage.reset({ requestId: `reset ${reportId}` })).accept(stage.claim({ claimId: `claim ${reportId}` }));
  }
  const started = (): Stage => {
    const stage = new Stage().at(start);
    const options = { taskQueue: 'payments', startToCloseTimeoutMs: millis(1_000) };
    return stage.accept(stage.schedule({ options })).accept(stage.claim());
  };
  const isKnown = (stage: Stage, reportId: string): boolean =>
    stage.activity.reportIds?.some(({ id }) => id === reportId) === true;

  test('is known after a hundred others, for as long as it may come again', () => {
    const stage = started();
    fail(stage, 'signed', start);
    for (let n = 0; n < 100; n++) fail(stage, `other ${String(n)}`, start);
    const again = { attempt: byId, reportId: 'signed', issuedAt: epochMillis(start) };
    expect(stage.send(stage.fail(undefined, again))).toEqual(acknowledgement);
    stage.at(start + repetitionMs - 1);
    fail(stage, 'later', start + repetitionMs - 1);
    expect(isKnown(stage, 'signed')).toBe(true);
    stage.at(start + repetitionMs);
    fail(stage, 'still later', start + repetitionMs);
    expect(isKnown(stage, 'signed')).toBe(false);
  });

  test('is known in the next run, too', () => {
    const stage = started();
    stage.accept(stage.complete({ attempt: byId, reportId: 'signed', issuedAt: epochMillis(start) }));
    stage.target = { ...stage.target, runId: 'run-2' };
    stage.accept(stage.schedule({ requestId: 'schedule-2' })).accept(stage.claim({ claimId: 'c2' }));
    for (let n = 0; n < 30; n++) fail(stage, `other ${String(n)}`);
    const again = { target: latest(stage), attempt: byId, reportId: 'signed', issuedAt: epochMillis(start) };
    expect(stage.send(stage.complete(again))).toEqual(acknowledgement);
  });

  test('is refused where so many must be remembered that there is no room for it', () => {
    const stage = started();
    for (let n = 0; n < rememberedIdsMax; n++) fail(stage, `signed ${String(n)}`, start);
    const next = { attempt: byId, reportId: 'one more', issuedAt: epochMillis(start) };
    expect(stage.refusal(stage.fail(undefined, next))).toMatch('more than 1000 have come within minutes');
    expect(stage.limit(stage.fail(undefined, next))).toBe('rememberedIdsMax');
    // What is not signed takes the place of the oldest, as it always did.
    fail(stage, 'unsigned');
    expect(stage.activity.reportIds).toHaveLength(rememberedIdsMax);
    stage.at(start + repetitionMs);
    expect(stage.refusal(stage.fail(undefined, { ...next, issuedAt: epochMillis(start + 1) }))).toBe('accepted');
    expect(stage.activity.reportIds).toHaveLength(20);
  });

  test.each([-1, NaN, 0.5, 2 ** 60])('with no time at all is refused: %p', (issuedAt) => {
    const stage = started();
    const extra = { attempt: byId, reportId: 'odd', issuedAt: issuedAt as never };
    expect(stage.refusal(stage.complete(extra))).toMatch('invalid-argument: issuedAt must be an instant');
  });

  test.each([
    ['with a time far ahead', 'ahead', Number.MAX_SAFE_INTEGER],
    ['with a long id', 'x'.repeat(101), start],
  ])('%s is not remembered for ever', (_, reportId, issuedAt) => {
    const stage = started();
    fail(stage, reportId, issuedAt);
    stage.at(start + 2 * repetitionMs);
    for (let n = 0; n < 20; n++) fail(stage, `other ${String(n)}`);
    expect(isKnown(stage, reportId)).toBe(false);
  });

  test('is remembered by number under the former rules', () => {
    const stage = started();
    stage.rules = 1;
    for (let n = 0; n < 21; n++) fail(stage, `signed ${String(n)}`, start);
    expect([isKnown(stage, 'signed 0'), isKnown(stage, 'signed 1')]).toEqual([false, true]);
  });
});

describe('a signal that was signed', () => {
  const ofLatest = { ...workflowRun, runId: '' };

  test('before the run began is not for it', () => {
    const stage = new Stage().at(start).accept(openRun()).accept(closeRun());
    const second = { ...workflowRun, runId: 'wf-run-2' };
    stage.at(start + 60_000).accept(openRun({ run: second, requestId: 'open-2' }));
    const caught = { run: ofLatest, issuedAt: at(5_000) };
    expect(stage.refusal(signalRun('s1', caught))).toMatch('it was sent 55000 ms before the run began');
    expect(stage.refusal(signalRun('s1', { ...caught, run: second }))).toBe('accepted');
    expect(stage.refusal(signalRun('s2', { run: ofLatest, issuedAt: at(60_000) }))).toBe('accepted');
  });

  test('is known after hundreds of others', () => {
    const stage = new Stage().at(start).accept(openRun());
    stage.accept(signalRun('signed', { issuedAt: at(0) }));
    for (let n = 0; n < 300; n++) stage.accept(signalRun(`other ${String(n)}`));
    expect(stage.send(signalRun('signed', { issuedAt: at(0) }))).toEqual(acknowledgement);
    stage.at(start + repetitionMs).accept(signalRun('later'));
    expect(stage.state.run(workflowRun)?.recentSignalIds).toHaveLength(100);
  });

  test('is refused with a time that is none', () => {
    const stage = new Stage().at(start).accept(openRun());
    expect(stage.refusal(signalRun('s1', { issuedAt: -1 as never }))).toMatch('issuedAt must be an instant');
  });
});

test('standing in a state that came from a log without times, ids are remembered by number', () => {
  const stage = standaloneIn('started');
  expect(stage.refusal(stage.complete({ attempt: byId, reportId: 'r', issuedAt: epochMillis(0) }))).toBe('accepted');
});
