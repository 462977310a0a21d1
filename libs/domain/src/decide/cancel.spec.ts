import type { Command } from '../command.ts';
import { reasonBytesMax } from '../limits.ts';
import { byId, closeRun, inRun, options, payloads, requestCancelRun, Stage } from '../stage.fixture.ts';
import { inRunIn, standaloneIn } from '../states.fixture.ts';

// Request cancel, terminate, close with run: semantics sections 2.1 and 2.4.

const longReason = 'r'.repeat(reasonBytesMax + 1);

describe('request cancel', () => {
  test('of what no worker runs closes it at once, with the reason as its details', () => {
    const stage = standaloneIn('backing off').at(4);
    stage.accept(stage.requestCancel());
    expect(stage.activity).toMatchObject({
      status: 'canceled',
      closedAt: 4,
      closeRequestId: 'cancel-1',
      outcome: {
        type: 'failure',
        retryState: 'unspecified',
        failure: { message: 'Activity canceled', info: { type: 'canceled', identity: 'operator' } },
      },
      lastFailure: { failure: { message: 'broken' } },
    });
    const info = stage.outcomeFailure.info;
    expect(info.type === 'canceled' && info.details).toEqual([
      {
        metadata: { encoding: new TextEncoder().encode('json/plain') },
        data: new TextEncoder().encode('"no longer needed"'),
      },
    ]);
  });

  test('of a running attempt tells its worker, once', () => {
    const stage = standaloneIn('started').at(4);
    const types = stage.consequenceTypes(stage.requestCancel());
    expect(types).toEqual(['ActivityChanged', 'Notice']);
    expect(stage.activity).toMatchObject({
      status: 'cancel-requested',
      stamp: 1,
      startedAt: 0,
      claimId: 'claim-1',
      cancel: { requestId: 'cancel-1', identity: 'operator', reason: 'no longer needed', requestedAt: 4 },
    });
    expect(stage.consequences(stage.requestCancel())).toEqual([]);
    expect(stage.refusal(stage.requestCancel({ requestId: 'cancel-2' }))).toBe(
      'failed-precondition: cancellation already requested with request ID cancel-1',
    );
  });

  test('forgets a reset that waited', () => {
    const stage = standaloneIn('reset-requested');
    stage.accept(stage.requestCancel());
    expect(stage.activity).not.toHaveProperty('deferredReset');
    expect(stage.accept(stage.fail()).activity).toMatchObject({ status: 'failed', attempt: 1 });
  });

  test('does not keep the worker from completing, failing or cancelling', () => {
    const ends = (['complete', 'fail', 'reportCanceled'] as const).map((report) => {
      const stage = standaloneIn('cancel-requested');
      return stage.accept(stage[report]()).activity.status;
    });
    expect(ends).toEqual(['completed', 'failed', 'canceled']);
  });

  test('repeated is accepted however it ended', () => {
    const answers = (['complete', 'fail', 'reportCanceled', 'terminate'] as const).map((end) => {
      const stage = standaloneIn('cancel-requested');
      return stage.accept(stage[end]()).refusal(stage.requestCancel());
    });
    expect(answers).toEqual(['accepted', 'accepted', 'accepted', 'accepted']);
  });

  test('repeated with the request that terminated it is another request', () => {
    const stage = standaloneIn('terminated');
    expect(stage.refusal(stage.requestCancel({ requestId: 'terminate-1' }))).toMatch(/^failed-precondition/);
  });

  test.each([
    ['completed', 'Completed'],
    ['failed', 'Failed'],
    ['canceled', 'Canceled'],
    ['timed-out', 'TimedOut'],
  ] as const)('of a closed activity is refused: %s', (state, name) => {
    const stage = standaloneIn(state);
    expect(stage.refusal(stage.requestCancel({ requestId: 'cancel-2' }))).toBe(
      `failed-precondition: activity is in terminal state ${name}`,
    );
  });
});

describe('the cancel of a workflow run', () => {
  const cascaded = { cascaded: true };

  test('reaches its activities', () => {
    const stage = inRunIn('started').accept(requestCancelRun());
    stage.accept(stage.requestCancel(cascaded));
    expect(stage.activity.status).toBe('cancel-requested');
  });

  test('does not reach a shielded one; a request of its own does', () => {
    const stage = new Stage(inRun);
    stage
      .accept(stage.schedule({ shielded: true }))
      .accept(stage.claim())
      .accept(requestCancelRun());
    expect(stage.consequences(stage.requestCancel(cascaded))).toEqual([]);
    expect(stage.accept(stage.requestCancel()).activity.status).toBe('cancel-requested');
  });

  test('does not reach one that was scheduled after it', () => {
    const stage = inRunIn('completed').at(5).accept(requestCancelRun()).at(6);
    stage.accept(stage.schedule({ requestId: 'schedule-2' }));
    expect(stage.consequences(stage.requestCancel(cascaded))).toEqual([]);
    expect(stage.activity.status).toBe('scheduled');
  });

  test('reaches one that was scheduled in the same millisecond', () => {
    const stage = new Stage(inRun).at(5);
    stage.accept(stage.schedule()).accept(requestCancelRun());
    expect(stage.accept(stage.requestCancel(cascaded)).activity.status).toBe('canceled');
  });
});

describe('terminate', () => {
  test('ends it at once with the reason as the message', () => {
    const stage = standaloneIn('started').at(4);
    const types = stage.consequenceTypes(stage.terminate());
    expect(types).toEqual(['ActivityChanged', 'Outcome', 'Notice']);
    expect(stage.activity).toMatchObject({
      status: 'terminated',
      closeRequestId: 'terminate-1',
      outcome: {
        retryState: 'unspecified',
        failure: { message: 'enough', info: { type: 'terminated', identity: 'operator' } },
      },
    });
  });

  test('repeated is accepted, another is told which came first', () => {
    const stage = standaloneIn('terminated');
    expect(stage.refusal(stage.terminate())).toBe('accepted');
    expect(stage.refusal(stage.terminate({ requestId: 'terminate-2' }))).toBe(
      'failed-precondition: already terminated with request ID terminate-1',
    );
  });

  test('of what ended otherwise is refused', () => {
    const stage = standaloneIn('canceled');
    expect(stage.refusal(stage.terminate({ requestId: 'cancel-1' }))).toBe('failed-precondition: invalid transition');
  });
});

describe('close with run', () => {
  test('terminates what is open in a closed run, shielded or not', () => {
    const stage = new Stage(inRun);
    stage.accept(stage.schedule({ shielded: true })).accept(stage.claim());
    const closedOffset = stage.offset;
    stage.accept(closeRun()).accept(stage.closeWithRun(closedOffset));
    expect(stage.activity).toMatchObject({
      status: 'terminated',
      outcome: { failure: { message: 'workflow run closed', info: { type: 'terminated', identity: 'cancellation' } } },
    });
    expect(stage.refusal(stage.closeWithRun(closedOffset))).toBe('not-found: activity not found for ID: charge');
  });

  test('is refused while the run is open', () => {
    const stage = inRunIn('started');
    expect(stage.refusal(stage.closeWithRun(stage.offset))).toBe(
      'failed-precondition: workflow run wf-run-1 was not closed at offset 3',
    );
  });

  test('is refused with an offset before the activity', () => {
    const stage = inRunIn('started').accept(closeRun());
    const { scheduleOffset } = stage.activity;
    expect(stage.refusal(stage.closeWithRun(scheduleOffset))).toMatch(/^failed-precondition/);
  });
});

describe('every request', () => {
  const requests = {
    requestCancel: (stage: Stage, extra: object) => stage.requestCancel(extra),
    terminate: (stage: Stage, extra: object) => stage.terminate(extra),
    pause: (stage: Stage, extra: object) => stage.pause(extra),
    unpause: (stage: Stage, extra: object) => stage.unpause(extra),
    reset: (stage: Stage, extra: object) => stage.reset(extra),
    updateOptions: (stage: Stage, extra: object) => stage.updateOptions({ taskQueue: 'parcels' }, extra),
  };

  test.each(Object.entries(requests))('%s: what is wrong with its fields is named', (_, request) => {
    const stage = standaloneIn('started');
    const { target } = stage;
    const id = 'i'.repeat(1001);
    const refusals = [
      { target: { ...target, activityId: '' } },
      { target: { ...target, activityId: id } },
      { target: { ...target, namespace: '' } },
      { requestId: '' },
      { requestId: id },
      { identity: id },
    ].map((extra) => stage.refusal(request(stage, extra)));
    expect(refusals).toEqual([
      'invalid-argument: activity ID is required',
      'invalid-argument: activity ID exceeds length limit. Length=1001 Limit=1000',
      'invalid-argument: Namespace is empty.',
      'invalid-argument: request ID is not set',
      'invalid-argument: request ID exceeds length limit. Length=1001 Limit=1000',
      'invalid-argument: identity exceeds length limit. Length=1001 Limit=1000',
    ]);
  });

  test.each(Object.entries(requests))('%s: an unknown id or run is not found', (_, request) => {
    const stage = standaloneIn('started');
    const notFound = 'not-found: activity not found for ID: charge';
    expect(stage.refusal(request(stage, { target: { ...stage.target, runId: 'run-9' } }))).toBe(notFound);
    expect(stage.refusal(request(stage, { target: { ...stage.target, namespace: 'other', runId: '' } }))).toBe(
      notFound,
    );
    expect(stage.refusal(request(stage, { target: { ...stage.target, workflowId: 'order' } }))).toBe(notFound);
  });

  test.each(['requestCancel', 'terminate', 'pause'] as const)('%s: a reason over the limit is refused', (name) => {
    const stage = standaloneIn('started');
    expect(stage.refusal(requests[name](stage, { reason: longReason }))).toBe(
      'invalid-argument: reason exceeds length limit',
    );
  });
});

test('heartbeat details survive a cancel request', () => {
  const stage = new Stage();
  stage
    .accept(stage.schedule({ options }))
    .accept(stage.claim())
    .accept(stage.heartbeat(payloads('page 3')));
  expect(stage.accept(stage.requestCancel()).activity).toMatchObject({ heartbeat: { details: payloads('page 3') } });
});

describe('the worker of a running attempt', () => {
  const requests = {
    cancel: (stage: Stage) => stage.requestCancel(),
    pause: (stage: Stage) => stage.pause(),
    reset: (stage: Stage) => stage.reset(),
    terminate: (stage: Stage) => stage.terminate(),
    'complete by id': (stage: Stage) => stage.complete({ attempt: byId }),
    'fail by id': (stage: Stage) => stage.fail(undefined, { attempt: byId }),
    'start-to-close': (stage: Stage) => stage.timeOut('start-to-close'),
    'schedule-to-close': (stage: Stage) => stage.timeOut('schedule-to-close'),
  };
  const newsOf = (stage: Stage, command: Command) =>
    stage.consequences(command).flatMap((what) => {
      if (what.type === 'NoticeSettled') return ['settled'];
      return what.type === 'Notice' ? [what.reason] : [];
    });

  test.each([
    ['cancel', 'started', ['cancel-requested']],
    ['cancel', 'pause-requested', ['cancel-requested']],
    ['pause', 'started', ['paused']],
    ['reset', 'started', ['reset']],
    ['reset', 'pause-requested', ['reset']],
    ['terminate', 'cancel-requested', ['not-found']],
    ['complete by id', 'started', ['not-found']],
    ['fail by id', 'started', ['not-found']],
    ['start-to-close', 'started', ['timed-out']],
    ['start-to-close', 'cancel-requested', ['timed-out']],
    ['schedule-to-close', 'pause-requested', ['timed-out']],
    ['cancel', 'scheduled', []],
    ['terminate', 'paused', []],
  ] as const)('%s while %s: %j', (request, state, news) => {
    const stage = standaloneIn(state).at(100_000);
    expect(newsOf(stage, requests[request](stage))).toEqual(news);
  });

  test.each(['complete', 'fail', 'reportCanceled'] as const)('knows best what it says itself: %s', (report) => {
    const stage = standaloneIn('cancel-requested');
    expect(newsOf(stage, stage[report]())).toEqual(['settled']);
  });

  test('learns by its next heartbeat, once, and not by that of someone else', () => {
    const stage = standaloneIn('started').at(4);
    stage.accept(stage.requestCancel()).at(5);
    expect(newsOf(stage, stage.heartbeat(undefined, { attempt: byId }))).toEqual([]);
    const other = standaloneIn('started').at(4);
    other.accept(other.requestCancel()).at(5);
    expect(newsOf(other, other.heartbeat())).toEqual(['settled']);
    expect(newsOf(other.at(6), other.heartbeat())).toEqual([]);
  });

  test('may go on after an unpause', () => {
    const stage = standaloneIn('pause-requested');
    expect(newsOf(stage, stage.unpause())).toEqual(['settled']);
  });
});

describe('a cascaded cancel that says what it is of', () => {
  test('reaches what was scheduled before the run was cancelled, and nothing after it', () => {
    const stage = new Stage(inRun).at(5);
    stage.accept(stage.schedule());
    const openBefore = stage.offset;
    stage.accept(requestCancelRun());
    const command = stage.requestCancel({ cascaded: true, openBefore });
    stage.accept(command).accept(stage.schedule({ requestId: 'schedule-2' }));
    expect(stage.consequences(command)).toEqual([]);
    expect(stage.activity.status).toBe('scheduled');
  });
});
