import type { IdConflictPolicy, IdReusePolicy } from '../activity-options.ts';
import type { Schedule } from '../command.ts';
import { callbackUrlsMax, linkBytesMax, linksMax, requestLinksMax } from '../limits.ts';
import { currentRules } from '../rules.ts';
import { closeRun, inRun, openRun, options, Stage, standalone, workflowRun } from '../stage.fixture.ts';
import { standaloneIn, type StateName } from '../states.fixture.ts';

// Semantics sections 1.1, 1.5 and 2.1.

const another = { requestId: 'schedule-2', target: { ...standalone, runId: 'run-2' } };

describe('a new activity', () => {
  test('is dispatched at once, as attempt 1', () => {
    const stage = new Stage().at(70);
    expect(stage.send(stage.schedule())).toMatchObject({
      answer: { type: 'Scheduled', runId: 'run-1', started: true },
      change: [{ type: 'ActivityChanged', changed: { input: true, heartbeat: false, main: true } }],
      effects: [{ type: 'Task', activity: { status: 'scheduled', transitionCount: 1 } }],
    });
    expect(stage.activity).toMatchObject({
      status: 'scheduled',
      attempt: 1,
      scheduledAt: 70,
      dispatchAt: 70,
      dispatchedAt: 70,
      retryIntervalMs: 0,
      requestIds: ['schedule-1'],
      scheduleOffset: 0,
      version: 0,
    });
  });

  test('waits out its start delay', () => {
    const stage = new Stage().at(70);
    const delayed = stage.schedule({ options: { ...options, startDelayMs: 5 } });
    expect(stage.consequenceTypes(delayed)).toEqual(['ActivityChanged', 'TaskAhead']);
    expect(stage.activity).toMatchObject({ dispatchAt: 75 });
    expect(stage.activity).not.toHaveProperty('dispatchedAt');
  });

  test('has normalised options, now and as its original ones', () => {
    const stage = new Stage();
    stage.accept(stage.schedule({ options: { taskQueue: 'mail', scheduleToCloseTimeoutMs: 9 } }));
    const { options: normal, originalOptions } = stage.open;
    expect(normal).toMatchObject({ startToCloseTimeoutMs: 9, retryPolicy: { initialIntervalMs: 1000 } });
    expect(originalOptions).toBe(normal);
  });
});

describe('the id of another activity', () => {
  const asked = (state: StateName, reuse: IdReusePolicy, conflict: IdConflictPolicy): string => {
    const stage = standaloneIn(state);
    const decision = stage.send(stage.schedule({ ...another, idReusePolicy: reuse, idConflictPolicy: conflict }));
    if (decision.kind === 'refused') return decision.refusal.reason;
    return decision.answer.type === 'Scheduled' ? `${decision.answer.runId} ${String(decision.answer.started)}` : '';
  };

  test.each<{ state: StateName; reuse: IdReusePolicy; conflict: IdConflictPolicy; answer: string }>([
    { state: 'started', reuse: 'allow-duplicate', conflict: 'fail', answer: 'already-started' },
    { state: 'started', reuse: 'allow-duplicate', conflict: 'use-existing', answer: 'run-1 false' },
    { state: 'paused', reuse: 'reject-duplicate', conflict: 'use-existing', answer: 'run-1 false' },
    { state: 'completed', reuse: 'allow-duplicate', conflict: 'fail', answer: 'run-2 true' },
    { state: 'completed', reuse: 'allow-duplicate-failed-only', conflict: 'use-existing', answer: 'already-started' },
    { state: 'completed', reuse: 'reject-duplicate', conflict: 'use-existing', answer: 'already-started' },
    { state: 'failed', reuse: 'allow-duplicate-failed-only', conflict: 'fail', answer: 'run-2 true' },
    { state: 'canceled', reuse: 'allow-duplicate-failed-only', conflict: 'fail', answer: 'run-2 true' },
    { state: 'terminated', reuse: 'allow-duplicate-failed-only', conflict: 'fail', answer: 'run-2 true' },
    { state: 'timed-out', reuse: 'allow-duplicate-failed-only', conflict: 'fail', answer: 'run-2 true' },
    { state: 'failed', reuse: 'reject-duplicate', conflict: 'fail', answer: 'already-started' },
  ])('$state, $reuse, $conflict: $answer', ({ state, reuse, conflict, answer }) => {
    expect(asked(state, reuse, conflict)).toBe(answer);
  });

  test('is refused with the run that has it', () => {
    const stage = standaloneIn('started');
    expect(stage.send(stage.schedule(another))).toEqual({
      kind: 'refused',
      refusal: {
        reason: 'already-started',
        message: 'activity execution already started',
        existing: { runId: 'run-1', startRequestId: 'schedule-1' },
      },
    });
  });

  test('is judged by its latest run', () => {
    const stage = standaloneIn('completed');
    stage.accept(stage.schedule(another));
    const third = stage.schedule({ requestId: 'schedule-3', target: { ...standalone, runId: 'run-3' } });
    expect(stage.send(third)).toMatchObject({
      refusal: { existing: { runId: 'run-2', startRequestId: 'schedule-2' } },
    });
    expect(stage.state.latestRunId('default', 'charge')).toBe('run-2');
  });

  test('of a workflow run is another id', () => {
    const stage = new Stage(inRun).accept(new Stage().schedule());
    expect(stage.refusal(stage.schedule())).toBe('accepted');
  });
});

describe('a repeated request', () => {
  test('is answered as before, with the same run, even when closed and with reject-duplicate', () => {
    const stage = standaloneIn('completed');
    const before = stage.activity;
    const again = stage.schedule({ target: { ...standalone, runId: 'run-2' }, idReusePolicy: 'reject-duplicate' });
    expect(stage.send(again)).toEqual({
      kind: 'accepted',
      change: [],
      effects: [],
      answer: { type: 'Scheduled', runId: 'run-1', started: false },
    });
    expect(stage.activity).toBe(before);
  });

  test('of a former run still names that run', () => {
    const stage = standaloneIn('completed').accept(new Stage().schedule(another));
    expect(stage.send(stage.schedule())).toMatchObject({
      change: [],
      effects: [],
      answer: { runId: 'run-1', started: false },
    });
  });

  test('that used the existing run starts no other after it has closed', () => {
    const stage = standaloneIn('started');
    const useExisting = stage.schedule({ ...another, idConflictPolicy: 'use-existing' });
    stage.accept(useExisting).accept(stage.complete());
    expect(stage.send(useExisting)).toMatchObject({
      change: [],
      effects: [],
      answer: { runId: 'run-1', started: false },
    });
  });

  test('is remembered for the first request and the latest hundred', () => {
    const stage = standaloneIn('started');
    for (let request = 2; request <= 150; request++) {
      const requestId = `schedule-${String(request)}`;
      stage.accept(stage.schedule({ ...another, requestId, idConflictPolicy: 'use-existing' }));
    }
    const { requestIds } = stage.activity;
    expect(requestIds).toHaveLength(100);
    expect([requestIds[0], requestIds[1], requestIds[99]]).toEqual(['schedule-1', 'schedule-52', 'schedule-150']);
  });

  test('with a run id that another request has taken is refused', () => {
    const stage = standaloneIn('completed');
    expect(stage.send(stage.schedule({ requestId: 'schedule-2' }))).toMatchObject({
      refusal: { reason: 'already-started' },
    });
  });
});

describe('in a workflow run', () => {
  test('an unknown run is not found', () => {
    const stage = new Stage().accept(openRun());
    const unknown = stage.schedule({ target: { ...inRun, workflowId: 'invoice' } });
    expect(stage.refusal(unknown)).toBe('not-found: workflow not found for ID: invoice');
  });

  test('a closed run takes no more', () => {
    const stage = new Stage(inRun).accept(closeRun());
    expect(stage.refusal(stage.schedule())).toBe(
      'failed-precondition: workflow run wf-run-1 is closed: no activity can be scheduled in it',
    );
  });

  test('an empty run id means the latest run', () => {
    const stage = new Stage(inRun).accept(closeRun());
    stage.accept(openRun({ run: { ...workflowRun, runId: 'wf-run-2' }, requestId: 'request-2' }));
    const schedule = stage.schedule({ target: { ...inRun, runId: '' } });
    expect(stage.send(schedule)).toMatchObject({ answer: { runId: 'wf-run-2', started: true } });
    expect(stage.state.activity({ ...inRun, runId: 'wf-run-2' })).toMatchObject({ status: 'scheduled' });
  });

  test('the life of a reused id is another: it has another offset', () => {
    const stage = new Stage(inRun);
    stage.accept(stage.schedule()).accept(stage.claim());
    const { token } = stage;
    stage
      .accept(stage.complete())
      .accept(stage.schedule({ requestId: 'schedule-2' }))
      .accept(stage.claim());
    expect(stage.refusal(stage.complete({ attempt: token }))).toBe('stale-attempt: activity not found for ID: charge');
  });
});

describe('an id in use, and a start that uses what is there', () => {
  const another = {
    target: { ...standalone, runId: 'run-2' },
    requestId: 'schedule-2',
    idConflictPolicy: 'use-existing',
  } as const;
  const link = (bytes = 3) => new Uint8Array(bytes).fill(7);

  test.each<[what: string, rules: number, extra: Partial<Schedule>, known: readonly string[]]>([
    ['nothing', currentRules, { onConflict: { attachRequestId: false, attachLinks: false } }, ['schedule-1']],
    [
      'its request id',
      currentRules,
      { onConflict: { attachRequestId: true, attachLinks: false } },
      ['schedule-1', 'schedule-2'],
    ],
    [
      'its links',
      currentRules,
      { links: [link()], onConflict: { attachRequestId: false, attachLinks: true } },
      ['schedule-1', 'schedule-2'],
    ],
    [
      'its links, where it has none',
      currentRules,
      { onConflict: { attachRequestId: false, attachLinks: true } },
      ['schedule-1'],
    ],
    ['what it does not say', currentRules, {}, ['schedule-1', 'schedule-2']],
    [
      'nothing, under older rules',
      2,
      { onConflict: { attachRequestId: false, attachLinks: false } },
      ['schedule-1', 'schedule-2'],
    ],
  ])('attaches %s', (_, rules, extra, known) => {
    const stage = standaloneIn('started');
    stage.rules = rules;
    const decision = stage.send(stage.schedule({ ...another, ...extra }));
    expect(decision).toMatchObject({ answer: { type: 'Scheduled', runId: 'run-1', started: false } });
    expect(stage.activity.requestIds).toEqual(known);
  });

  test('what did not attach its request id starts another one when it comes again after the end', () => {
    const stage = standaloneIn('started');
    const request = stage.schedule({ ...another, onConflict: { attachRequestId: false, attachLinks: false } });
    stage.accept(request).accept(stage.complete());
    expect(stage.send(request)).toMatchObject({ answer: { type: 'Scheduled', runId: 'run-2', started: true } });
  });

  test('links come after those that were there, and no more than one activity may have', () => {
    const stage = new Stage();
    stage.accept(stage.schedule({ links: [link(1)] }));
    const onConflict = { attachRequestId: true, attachLinks: true };
    const [changed] = stage.consequences(stage.schedule({ ...another, links: [link(2), link(2)], onConflict }));
    expect(changed).toMatchObject({ changed: { input: true } });
    expect(stage.activity.links).toEqual([link(1), link(2), link(2)]);
    const large = Array.from({ length: requestLinksMax }, () => link(linkBytesMax));
    const answers = Array.from({ length: 10 }, (_, index) =>
      stage.refusal(stage.schedule({ ...another, requestId: `large-${String(index)}`, links: large, onConflict })),
    );
    expect(new Set(answers)).toEqual(
      new Set([
        'accepted',
        'failed-precondition: cannot attach more than 2000 links to an activity (63 links already attached)',
      ]),
    );
    const more = { ...another, requestId: 'more', onConflict };
    expect(stage.limit(stage.schedule({ ...more, links: large }))).toBe('linksBytesMax');
    const many = new Stage();
    many.accept(many.schedule({ links: [] }));
    const small = Array.from({ length: requestLinksMax }, () => link(1));
    for (let count = 0; count < linksMax; count += requestLinksMax)
      many.accept(many.schedule({ ...more, requestId: String(count), links: small }));
    expect(many.limit(many.schedule({ ...more, links: [link(1)] }))).toBe('linksMax');
  });

  test('callbacks are as many as one activity may have', () => {
    const stage = new Stage();
    stage.accept(stage.schedule());
    const urls = Array.from({ length: callbackUrlsMax }, (_, index) => `https://shop.example/${String(index)}`);
    stage.accept(stage.schedule({ ...another, callbackUrls: urls }));
    const more = stage.schedule({ ...another, requestId: 'more', callbackUrls: ['https://shop.example/more'] });
    expect(stage.refusal(more)).toMatch('cannot attach more than 10 callbacks to an activity (10 callbacks already');
    expect(stage.limit(more)).toBe('callbackUrlsMax');
  });
});
