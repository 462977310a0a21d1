import {
  blobBytesMax,
  currentRules,
  epochMillis,
  millis,
  partitionKey,
  type ActivityQuery,
  type Command,
  type Query,
} from '@ratchet/domain';
import { partitionFor, type OutputRecord } from '@ratchet/kafka';
import { attemptOf, decodeTaskToken } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { toldBytesMax } from './effects.ts';
import {
  charge,
  client,
  codec,
  partition,
  payments,
  repliesIn,
  schedule,
  Stage,
  tasksIn,
  topicsOf,
  worker,
} from './scheduler-logic.fixture.ts';

const sent = { requestId: 'request-2', identity: 'worker', replyTo: worker };
const result = [{ metadata: {}, data: Buffer.from('"paid"') }];

async function scheduled(stage: Stage) {
  const [task] = await tasksIn(await stage.command(schedule(), 1_000));
  if (task === undefined) throw new Error('no task was sent');
  return attemptOf(decodeTaskToken(task.taskToken));
}

const claim = (attempt: Awaited<ReturnType<typeof scheduled>>): Command => ({
  type: 'Claim',
  target: charge,
  attempt,
  claimId: 'claim-1',
  ...sent,
});

describe('a Schedule', () => {
  test('is answered, and its task goes to the topic of its queue', async () => {
    const stage = new Stage();

    const output = await stage.command(schedule({ awaitOutcome: false }), 1_000);

    expect(output.effects.map(({ topic }) => topic)).toEqual([topics.replies, payments]);
    expect(await repliesIn(output)).toMatchObject([
      {
        address: 'client',
        requestId: 'request-1',
        body: { type: 'Accepted', answer: { type: 'Scheduled', runId: 'run-1', started: true } },
      },
    ]);
    expect(await tasksIn(output)).toMatchObject([
      { id: charge, activityType: 'charge', attempt: 1, scheduledAt: 1_000 },
    ]);
  });

  test('whose sender waits for the outcome is answered by it alone, unless the activity was there before', async () => {
    const stage = new Stage();
    const target = { ...charge, runId: 'run-2' };
    const again = schedule({ target, requestId: 'request-9', idConflictPolicy: 'use-existing' });

    expect(await repliesIn(await stage.command(schedule(), 1_000))).toEqual([]);
    expect(await repliesIn(await stage.command(again, 1_001))).toMatchObject([
      { requestId: 'request-9', body: { type: 'Accepted', answer: { runId: 'run-1', started: false } } },
    ]);
  });

  test('that is refused asks for no topic', async () => {
    const taskTopics = topicsOf();
    const stage = new Stage(undefined, undefined, undefined, taskTopics);

    const output = await stage.command(schedule({ options: { taskQueue: 'payments' } }), 1_000);

    expect(taskTopics.wantedCount).toBe(0);
    expect(await repliesIn(output)).toMatchObject([
      { body: { type: 'Refused', refusal: { reason: 'invalid-argument' } } },
    ]);
  });

  test('in the wrong partition is answered and dead-lettered', async () => {
    const stage = new Stage((partition + 1) % 4);

    const output = await stage.command(schedule(), 1_000);

    expect(await repliesIn(output)).toMatchObject([{ body: { refusal: { reason: 'wrong-partition' } } }]);
    expect(output.effects.map(({ topic }) => topic)).toContain(`${topics.commands}.dlq`);
    expect(output.changedKeys).toEqual([]);
  });
});

test('whoever wants an answer and the outcome gets both', async () => {
  const stage = new Stage();

  const replies = await repliesIn(await stage.command(schedule({ acknowledge: true }), 1_000));
  const ended = await repliesIn(
    await stage.command({ type: 'Terminate', target: charge, reason: '', ...sent, requestId: 'request-3' }, 1_010),
  );

  expect(replies).toMatchObject([{ requestId: 'request-1', body: { answer: { type: 'Scheduled', started: true } } }]);
  expect(ended).toMatchObject([
    { requestId: 'request-3', body: { type: 'Accepted' } },
    { requestId: 'request-1', body: { type: 'OutcomeReached', status: 'terminated' } },
  ]);
});

test('whoever scheduled and waits is told the outcome, once', async () => {
  const stage = new Stage();
  const attempt = await scheduled(stage);
  await stage.command(claim(attempt), 1_010);
  const complete: Command = { type: 'Complete', target: charge, attempt, result, ...sent, requestId: 'request-3' };

  const replies = await repliesIn(await stage.command(complete, 1_020));
  const again = await repliesIn(await stage.command({ ...complete, requestId: 'request-4' }, 1_030));

  expect(replies).toMatchObject([
    { address: 'worker', requestId: 'request-3', body: { type: 'Accepted' } },
    {
      address: 'client',
      requestId: 'request-1',
      body: { type: 'OutcomeReached', runId: 'run-1', status: 'completed', outcome: { type: 'success' } },
    },
  ]);
  expect(again).toMatchObject([
    { requestId: 'request-4', body: { type: 'Refused', refusal: { reason: 'not-found' } } },
  ]);
});

test('who waits for an activity that is deleted hears that it was terminated; nothing of it is left', async () => {
  const stage = new Stage();
  const callbackUrls = ['https://example.com/told'];
  await stage.command(schedule({ callbackUrls }), 1_000);
  stage.seal();

  const output = await stage.command({ type: 'Delete', target: charge, ...sent }, 1_010);

  expect(await repliesIn(output)).toMatchObject([
    { address: 'worker', body: { type: 'Accepted' } },
    { address: 'client', requestId: 'request-1', body: { type: 'OutcomeReached', status: 'terminated' } },
  ]);
  expect(output.effects.map(({ topic }) => topic)).toContain(topics.callbacks);
  expect(stage.seal().get('default//run-1/charge-1')).toBeNull();
});

test('an activity that opened and closed within a group costs one state record, and one for what it was given', async () => {
  const stage = new Stage();
  const attempt = await scheduled(stage);
  await stage.command(claim(attempt), 1_010);
  await stage.command({ type: 'Complete', target: charge, attempt, result, ...sent }, 1_020);

  expect([...stage.seal().keys()]).toEqual(['default//run-1/charge-1', 'default//run-1/charge-1/#input', '__progress']);
});

test('what was changed may wait to be committed until something of it is due, as it was or as it is', async () => {
  const stage = new Stage();
  const attempt = { by: 'id' } as const;
  const info = { type: 'application', errorType: 'E', nonRetryable: false, details: [] } as const;
  const given = await scheduled(stage);
  expect(stage.logic.mayWaitMs()).toBe(Infinity);
  await stage.command(claim(given), 1_100);
  expect(stage.logic.mayWaitMs()).toBe(10_000);
  stage.seal();
  expect(stage.logic.mayWaitMs()).toBe(Infinity);
  const failure = { message: 'no', stackTrace: '', source: '', info };
  await stage.command({ type: 'Fail', target: charge, attempt, failure, ...sent }, 2_000);
  expect(stage.logic.mayWaitMs()).toBe(1_000);
  stage.seal();
  await stage.command({ type: 'Terminate', target: charge, reason: '', ...sent, requestId: 'r3' }, 2_700);
  expect(stage.logic.mayWaitMs()).toBe(300);
  stage.seal();
  await stage.command(
    { type: 'ExpireBefore', before: epochMillis(9e12), countMax: 1, requestId: '', identity: '' },
    9e8,
  );
  expect(stage.logic.mayWaitMs()).toBeLessThanOrEqual(0);
});

test('an input that was written is not written again when the activity closes', async () => {
  const stage = new Stage();
  const attempt = await scheduled(stage);
  expect([...stage.seal().keys()]).toContain('default//run-1/charge-1/#input');
  await stage.command(claim(attempt), 1_010);
  await stage.command({ type: 'Complete', target: charge, attempt, result, ...sent }, 1_020);

  expect([...stage.seal().keys()]).toEqual(['default//run-1/charge-1', '__progress']);
});

test('the task of each further attempt turns to another partition than the one before', async () => {
  const stage = new Stage();
  const turns: (number | undefined)[] = [];
  const take = (effects: readonly OutputRecord[]): void => {
    for (const record of effects) if (record.topic === payments) turns.push(record.turns);
  };
  take((await stage.command(schedule({ awaitOutcome: false }), 1_000)).effects);
  for (const attempt of [1, 2]) {
    const atMs = attempt * 10_000;
    const reference = { by: 'token', scheduleOffset: 0, attempt, stamp: attempt } as const;
    await stage.command({ ...claim(reference), requestId: `claim-${String(attempt)}` }, atMs);
    const failed = { type: 'Fail', target: charge, attempt: reference, ...sent, requestId: `fail-${String(attempt)}` };
    take((await stage.command(failed as Command, atMs + 1)).effects);
    const timer = { scheduleOffset: 0, attempt: attempt + 1, stamp: attempt + 1 };
    take((await stage.command({ type: 'DispatchDue', target: charge, timer, ...sent }, atMs + 9_000)).effects);
  }
  expect(turns).toEqual([0, 1, 2]);
});

describe('a restore', () => {
  test('gives the state that was sealed, and goes on where it ended', async () => {
    const stage = new Stage();
    const attempt = await scheduled(stage);
    const opened = stage.seal();
    await stage.command(claim(attempt), 1_010);
    const details = [{ metadata: {}, data: Buffer.from('7') }];
    await stage.command({ type: 'RecordHeartbeat', target: charge, attempt, details, ...sent }, 1_011);
    const sealed = new Map([...opened, ...stage.seal()]);

    const heir = new Stage();
    await heir.restoreFrom(sealed);

    expect(heir.logic.stateHash()).toBe(stage.logic.stateHash());
    const replies = await repliesIn(await heir.command(claim(attempt), 1_020));
    expect(replies).toMatchObject([{ body: { type: 'Accepted', answer: { type: 'Granted', startedAt: 1_010 } } }]);
  });

  test('that misses the tail decides it again and comes to the same state', async () => {
    const stage = new Stage();
    const attempt = await scheduled(stage);
    const sealed = stage.seal();
    await stage.command(claim(attempt), 1_010);

    const heir = new Stage();
    await heir.restoreFrom(sealed);
    await heir.command(claim(attempt), 1_010);

    expect(heir.logic.stateHash()).toBe(stage.logic.stateHash());
  });
});

describe('a query', () => {
  const query = (change: Partial<ActivityQuery> = {}): ActivityQuery => ({
    type: 'Describe',
    target: { ...charge, runId: '' },
    requestId: 'query-1',
    replyTo: client,
    seenOffset: -1,
    ...change,
  });

  test.each<{ asked: string; given: boolean; query: Query; then: object }>([
    {
      asked: 'of what is not there',
      given: false,
      query: query(),
      then: { type: 'Refused', refusal: { reason: 'not-found' } },
    },
    { asked: 'by id', given: true, query: query(), then: { type: 'Described', description: { status: 'scheduled' } } },
    {
      asked: 'for an outcome to come',
      given: true,
      query: query({ type: 'AwaitOutcome' }),
      then: { type: 'OutcomePending' },
    },
  ])('$asked', async ({ given, query: asked, then }) => {
    const stage = new Stage();
    if (given) await stage.command(schedule({ awaitOutcome: false }), 1_000);

    expect(await repliesIn(await stage.query(asked, 1_001))).toMatchObject([{ requestId: 'query-1', body: then }]);
  });

  test('for an outcome that is asked again and again is told of once', async () => {
    const stage = new Stage();
    await stage.command(schedule({ awaitOutcome: false }), 1_000);
    for (let index = 0; index < 100; index++) {
      await stage.query(query({ type: 'AwaitOutcome', requestId: `query-${String(index)}` }), 1_001);
    }
    expect(stage.logic.waiterCount).toBe(1);

    const terminate: Command = { type: 'Terminate', target: charge, reason: '', ...sent };
    const replies = await repliesIn(await stage.command(terminate, 1_010));
    expect(replies.filter(({ address }) => address === 'client')).toMatchObject([{ requestId: 'query-99' }]);
    expect(stage.logic.waiterCount).toBe(0);
  });

  test('for one outcome by many fill no memory: whoever is not told asks again, and is', async () => {
    const stage = new Stage();
    await stage.command(schedule({ awaitOutcome: false }), 1_000);
    const asked = Array.from({ length: 50 }, (_, index) =>
      query({ type: 'AwaitOutcome', replyTo: { partition: 1, address: `client ${String(index)}` } }),
    );
    for (const each of asked) await stage.query(each, 1_001);

    const result = [{ metadata: {}, data: Buffer.alloc(blobBytesMax - 1_000) }];
    const told = await stage.command(
      { type: 'Complete', target: charge, attempt: { by: 'id' }, result, ...sent },
      1_010,
    );
    const bytes = told.effects.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
    expect(bytes).toBeGreaterThan(toldBytesMax);
    expect(bytes).toBeLessThan(toldBytesMax + 2 * blobBytesMax);

    expect(stage.logic.waiterCount).toBe(0);
    const [last] = asked.slice(-1);
    if (last === undefined) throw new Error('nobody asks');
    expect(await repliesIn(await stage.query(last, 1_020))).toMatchObject([{ body: { type: 'OutcomeReached' } }]);
  });

  test('that must have seen a command is answered after that command', async () => {
    const stage = new Stage();

    const early = await stage.query(query({ seenOffset: 0 }), 999);
    const later = await repliesIn(await stage.command(schedule({ awaitOutcome: false }), 1_000));

    expect(early.effects).toEqual([]);
    expect(later.map(({ body }) => body.type)).toEqual(['Accepted', 'Described']);
  });
});

test("a broker's clock that was ahead and is right again is told once, and how long deadlines wait for it", async () => {
  const stage = new Stage();
  const dayMs = 86_400_000;
  await stage.command(schedule(), 1_000 + dayMs);
  expect([stage.logic.clockAheadMs, stage.logged]).toEqual([0, []]);
  await stage.command(schedule(), 11_000);
  await stage.command(schedule(), 12_000);
  expect(stage.logic.clockAheadMs).toBe(dayMs - 11_000);
  expect(stage.logged).toEqual([
    expect.stringMatching(/^error: the clock of .* was set back: its deadlines wait for 86390 s/),
  ]);
  await stage.command(schedule(), 500 + dayMs);
  expect(stage.logged[1]).toMatch(/^info: .* deadlines are met again$/);
});

test('a command that is refused moves the clock of the log, too', async () => {
  const stage = new Stage();
  await stage.command({ type: 'Terminate', target: charge, reason: '', ...sent }, 5_000);
  expect(await tasksIn(await stage.command(schedule(), 1_000))).toMatchObject([{ scheduledAt: 5_000 }]);
});

test('a run that times out tells the activities that are open in it', async () => {
  const run = { namespace: 'default', workflowId: 'order', runId: 'wf-1' };
  const ofRun = { ...run, activityId: 'charge-1' };
  const stage = new Stage(partitionFor(partitionKey(ofRun), 4));
  await stage.useRules(currentRules);
  await stage.command({ type: 'OpenRun', run, retentionMs: millis(1_000), timeoutMs: millis(500), ...sent }, 1_000);
  await stage.command(schedule({ target: ofRun }), 1_001);

  const output = await stage.command({ type: 'TimeOutRun', run, requestId: '', identity: 'timeout-tracker' }, 1_500);

  const [page] = output.effects.filter(({ topic }) => topic === topics.cancellations);
  expect(await codec.decodeCancellation(page?.value ?? Buffer.alloc(0))).toMatchObject({
    type: 'FanOut',
    cause: 'run-closed',
    activityIds: ['charge-1'],
  });
});
