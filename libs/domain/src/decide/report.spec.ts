import type { Command } from '../command.ts';
import type { Failure } from '../failure.ts';
import { failureBytes } from '../size.ts';
import { applicationFailure, byId, inRun, options, payloads, payloadsOf, Stage } from '../stage.fixture.ts';
import { inRunIn, standaloneIn } from '../states.fixture.ts';

// What a worker or an external system reports of an attempt: semantics sections 2.1 to 2.4.

const blob = 2 * 1024 * 1024;
const longIdentity = 'w'.repeat(1001);
const info = (value: Failure['info']): Failure => ({ message: 'm', source: '', stackTrace: '', info: value });

describe('complete', () => {
  test.each(['started', 'cancel-requested', 'pause-requested', 'reset-requested'] as const)(
    'from %s the result is the outcome',
    (state) => {
      const stage = standaloneIn(state);
      const types = stage.consequenceTypes(stage.complete());
      const informed = state === 'started' ? [] : ['NoticeSettled'];
      expect(types).toEqual(['ActivityChanged', 'Outcome', ...informed]);
      expect(stage.activity).toMatchObject({
        status: 'completed',
        outcome: { type: 'success', result: payloads('done') },
      });
    },
  );

  test.each(['delayed', 'scheduled', 'backing off', 'paused'] as const)(
    'by id it is forced though no attempt runs: %s',
    (state) => {
      const stage = standaloneIn(state).at(6);
      stage.accept(stage.complete({ attempt: byId }));
      expect(stage.activity).toMatchObject({ status: 'completed', startedAt: 6, closedAt: 6 });
    },
  );

  test('the start of an attempt that ran stays what it was', () => {
    const stage = standaloneIn('started').at(6);
    stage.accept(stage.complete());
    expect(stage.activity).toMatchObject({ startedAt: 0, closedAt: 6 });
  });

  test('keeps how the attempt before failed', () => {
    const stage = standaloneIn('backing off').at(6);
    stage.accept(stage.complete({ attempt: byId }));
    expect(stage.activity.lastFailure).toEqual({ failure: applicationFailure('broken'), failedAt: 0 });
  });

  test('twice: the second finds nothing', () => {
    const stage = standaloneIn('started').accept(standaloneIn('started').complete());
    expect(stage.refusal(stage.complete())).toBe('not-found: activity not found for ID: charge');
  });

  test('a result over the limit fails the activity', () => {
    const stage = standaloneIn('started');
    stage.accept(stage.complete({ result: payloadsOf(blob + 1) }));
    const failure = { message: 'Complete result exceeds size limit.', info: { type: 'server', nonRetryable: true } };
    expect(stage.activity).toMatchObject({
      status: 'failed',
      outcome: { retryState: 'non-retryable-failure', failure },
    });
  });

  test('a result at the limit is a result', () => {
    const stage = standaloneIn('started');
    expect(stage.accept(stage.complete({ result: payloadsOf(blob) })).activity.status).toBe('completed');
  });

  test('a result over the limit where no attempt runs finds nothing', () => {
    const stage = standaloneIn('scheduled');
    const complete = stage.complete({ result: payloadsOf(blob + 1), attempt: byId });
    expect(stage.refusal(complete)).toMatch(/^not-found/);
  });
});

describe('fail', () => {
  test('without details it says so, and may be retried', () => {
    const stage = standaloneIn('started');
    const { target, token: attempt } = stage;
    stage.accept({ type: 'Fail', target, attempt, requestId: 'request-1', identity: 'worker' });
    expect(stage.activity).toMatchObject({
      status: 'scheduled',
      lastFailure: { failure: { message: 'activity task failed without failure details' } },
    });
  });

  test.each<{ kind: Failure['info']['type']; failure: Failure }>([
    { kind: 'none', failure: info({ type: 'none' }) },
    { kind: 'server', failure: info({ type: 'server', nonRetryable: false }) },
    { kind: 'canceled', failure: info({ type: 'canceled', details: [], identity: '' }) },
  ])('by token a failure of kind $kind is refused, by id it counts', ({ failure }) => {
    const stage = standaloneIn('started');
    expect(stage.refusal(stage.fail(failure))).toBe('invalid-argument: Failure must have ApplicationFailureInfo.');
    expect(stage.refusal(stage.fail(failure, { attempt: byId }))).toBe('accepted');
  });

  test.each([-1, 1.5, Number.NaN])('a next retry delay of %p anywhere in the chain is refused', (nextRetryDelayMs) => {
    const stage = standaloneIn('started');
    const cause = applicationFailure('inner', { nextRetryDelayMs } as never);
    expect(stage.refusal(stage.fail({ ...applicationFailure('outer'), cause }))).toBe(
      `invalid-argument: NextRetryDelay is not a valid duration: expected a whole number of milliseconds, 0 or more, got ${String(nextRetryDelayMs)}`,
    );
  });

  test('heartbeat details that come with it count as a heartbeat', () => {
    const stage = standaloneIn('started').at(7);
    stage.accept(stage.heartbeat(payloads('page 1')));
    const events = stage.consequences(stage.fail(undefined, { lastHeartbeatDetails: payloads('page 2') }));
    expect(events[0]).toMatchObject({ changed: { heartbeat: true, main: true } });
    expect(stage.activity).toMatchObject({ heartbeat: { details: payloads('page 2'), recordedAt: 7, count: 2 } });
  });

  test('heartbeat details over the limit are dropped, and the failure counts', () => {
    const stage = standaloneIn('started');
    stage.accept(stage.fail(undefined, { lastHeartbeatDetails: payloadsOf(blob + 1) }));
    expect(stage.activity).toMatchObject({ status: 'scheduled', attempt: 2 });
    expect(stage.activity).not.toHaveProperty('heartbeat');
  });

  /** Of the source, the message, and the kind with its type, on the wire. */
  const framing = 4 + 4 + 16;

  test('a failure that will be retried is kept as it is up to 4 KiB', () => {
    const stage = standaloneIn('started');
    const failure = applicationFailure('x'.repeat(4096 - 'ErrorTypeScriptSDK'.length - framing));
    expect(failureBytes(failure)).toBe(4096 - framing);
    expect(stage.accept(stage.fail(failure)).activity.lastFailure?.failure).toBe(failure);
  });

  test('a larger one is cut, and kept as the cause of what says so', () => {
    const stage = standaloneIn('started');
    stage.accept(stage.fail(applicationFailure('x'.repeat(5000), { details: payloads('d') })));
    const kept = stage.activity.lastFailure?.failure;
    expect(kept).toMatchObject({
      message: 'Failure exceeds size limit.',
      info: { type: 'server', nonRetryable: false },
      cause: { info: { type: 'application', errorType: 'Error', details: [] } },
    });
    const texts = 'ErrorTypeScriptSDK'.length;
    expect(kept?.cause?.message).toHaveLength(4096 - texts - (8 + 4 + 4));
  });

  test('under older rules it is cut by its texts alone', () => {
    const stage = standaloneIn('started');
    stage.rules = 2;
    stage.accept(stage.fail(applicationFailure('x'.repeat(5000))));
    expect(stage.activity.lastFailure?.failure.cause?.message).toHaveLength(4096 - 'ErrorTypeScriptSDK'.length);
  });

  test('a final failure is kept whole', () => {
    const stage = standaloneIn('started');
    const failure = applicationFailure('x'.repeat(5000), { nonRetryable: true });
    expect(stage.accept(stage.fail(failure)).activity).toMatchObject({ outcome: { failure } });
  });

  test('a failure over the blob limit ends the activity', () => {
    const stage = standaloneIn('started');
    stage.accept(stage.fail(applicationFailure('x'.repeat(blob))));
    expect(stage.activity).toMatchObject({ status: 'failed', outcome: { retryState: 'non-retryable-failure' } });
    expect(stage.outcomeFailure).toMatchObject({
      message: 'Failure exceeds size limit.',
      info: { type: 'server', nonRetryable: true },
    });
    expect(stage.outcomeFailure.cause?.message).toHaveLength(512 * 1024 - 'ErrorTypeScriptSDK'.length - (8 + 4 + 4));
  });

  test.each(['schedule-to-start', 'schedule-to-close'] as const)(
    'a %s timeout that is reported by id fails a standalone activity and times a workflow activity out',
    (timeoutType) => {
      const failure = info({ type: 'timeout', timeoutType, lastHeartbeatDetails: [] });
      const alone = standaloneIn('started');
      alone.accept(alone.fail(failure, { attempt: byId }));
      expect(alone.activity).toMatchObject({ status: 'failed', outcome: { retryState: 'non-retryable-failure' } });
      const inWorkflow = inRunIn('started');
      inWorkflow.accept(inWorkflow.fail(failure, { attempt: byId }));
      expect(inWorkflow.activity).toMatchObject({ status: 'timed-out', lastFailure: { failure, failedAt: 0 } });
    },
  );

  test('a start-to-close timeout that is reported by id is retried', () => {
    const stage = inRunIn('started');
    const failure = info({ type: 'timeout', timeoutType: 'start-to-close', lastHeartbeatDetails: [] });
    expect(stage.accept(stage.fail(failure, { attempt: byId })).activity).toMatchObject({ status: 'scheduled' });
  });
});

describe('report canceled', () => {
  test('closes with the details of the worker and the identity of the canceller', () => {
    const stage = standaloneIn('cancel-requested').at(8);
    stage.accept(stage.reportCanceled());
    expect(stage.activity).toMatchObject({
      status: 'canceled',
      closeRequestId: 'cancel-1',
      outcome: {
        type: 'failure',
        retryState: 'unspecified',
        failure: {
          message: 'Activity canceled',
          info: { type: 'canceled', details: payloads('stopped'), identity: 'operator' },
        },
      },
    });
  });

  test('is refused when no cancel was requested', () => {
    const stage = standaloneIn('started');
    expect(stage.refusal(stage.reportCanceled())).toBe(
      'invalid-argument: unable to mark activity as canceled without activity being request canceled first',
    );
  });

  test.each(['started', 'cancel-requested'] as const)('details over the limit fail the activity: %s', (state) => {
    const stage = standaloneIn(state);
    stage.accept(stage.reportCanceled({ details: payloadsOf(blob + 1) }));
    expect(stage.activity).toMatchObject({
      status: 'failed',
      outcome: { failure: { message: 'Cancel details exceed size limit.' } },
    });
  });
});

describe('every report', () => {
  const reports = {
    complete: (stage: Stage, extra: object) => stage.complete(extra),
    fail: (stage: Stage, extra: object) => stage.fail(undefined, extra),
    heartbeat: (stage: Stage, extra: object) => stage.heartbeat([], extra),
    'report canceled': (stage: Stage, extra: object) => stage.reportCanceled(extra),
    claim: (stage: Stage, extra: object) => stage.claim(extra),
  };

  test.each(Object.entries(reports))('%s: an identity over the limit is refused', (_, report) => {
    const stage = standaloneIn('started');
    expect(stage.refusal(report(stage, { identity: longIdentity }))).toBe(
      'invalid-argument: Identity length exceeds limit.',
    );
  });

  test.each(Object.entries(reports))('%s: no activity id is refused', (_, report) => {
    const stage = standaloneIn('started');
    const target = { ...stage.target, activityId: '' };
    expect(stage.refusal(report(stage, { target, attempt: byId }))).toBe(
      'invalid-argument: ActivityId is not set on request.',
    );
  });

  test('of a run that was closed finds nothing', () => {
    const stage = new Stage(inRun);
    stage.accept(stage.schedule({ options })).accept(stage.claim());
    stage.accept({ type: 'CloseRun', run: inRun, status: 'completed', reason: '', requestId: 'r', identity: '' });
    for (const report of Object.values(reports)) expect(stage.refusal(report(stage, {}))).toMatch(/^not-found/);
  });
});

describe('the last worker of a closed activity', () => {
  test.each<[how: string, end: (stage: Stage) => Command]>([
    ['completes', (stage) => stage.complete({ identity: 'someone' })],
    ['completes by id', (stage) => stage.complete({ attempt: byId, identity: 'someone' })],
    ['completes too much', (stage) => stage.complete({ result: payloadsOf(blob + 1), identity: 'someone' })],
    ['fails for good', (stage) => stage.fail(applicationFailure('x', { nonRetryable: true }), { identity: 'someone' })],
    ['heartbeats too much', (stage) => stage.heartbeat(payloadsOf(blob + 1), { identity: 'someone' })],
  ])('is who %s, be it nobody', (_, end) => {
    const stage = standaloneIn('started');
    expect(stage.accept(end(stage)).activity.lastWorkerIdentity).toBe('someone');
    const other = standaloneIn('started');
    expect(other.accept({ ...end(other), identity: '' }).activity.lastWorkerIdentity).toBe('');
  });

  test('is who claimed it, where the attempt is retried, timed out or was cancelled, and under older rules', () => {
    const identityAfter = (stage: Stage, command: (of: Stage) => Command): string =>
      stage.accept(command(stage)).activity.lastWorkerIdentity;
    const old = standaloneIn('started');
    old.rules = 2;
    expect([
      identityAfter(standaloneIn('started'), (stage) => stage.fail(undefined, { identity: 'someone' })),
      identityAfter(standaloneIn('started').at(1000), (stage) => stage.timeOut('schedule-to-close')),
      identityAfter(standaloneIn('cancel-requested'), (stage) => stage.reportCanceled({ identity: 'someone' })),
      identityAfter(old, (stage) => stage.complete({ identity: 'someone' })),
    ]).toEqual(['worker', 'worker', 'worker', 'worker']);
  });
});
