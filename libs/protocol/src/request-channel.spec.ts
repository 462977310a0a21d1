import type { ExecutionId, Reply } from '@ratchet/domain';
import { OperationalError, partitionFor } from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import { jest } from '@jest/globals';
import {
  acknowledged,
  cancel,
  Desk,
  notFound,
  pending,
  reached,
  replyTo,
  schedule,
  scheduled,
  settled,
  target,
  unheard,
} from './request-channel.fixture.ts';
import { repetitions } from './repetition.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  // Who asks again does so at the first moment it may.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('a request', () => {
  test('is a command in the partition of its key, with an address for the answer, and begins no trace that nobody collects', () => {
    const desk = new Desk();
    unheard(desk.channel.request(cancel));
    const [record] = desk.sent;
    expect(record).toMatchObject({
      topic: topics.commands,
      key: 'default//charge-42',
      partition: partitionFor('default//charge-42', 4),
    });
    expect(record).not.toHaveProperty('headers');
    expect(record).not.toHaveProperty('span');
    expect(desk.command(0)).toEqual({ ...cancel, replyTo });
    desk.channel.close();
  });

  test('goes on with the trace it is given', () => {
    const desk = new Desk();
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const trace = { traceparent, tracestate: 'vendor=1', baggage: 'tenant=a' };
    unheard(desk.channel.request(cancel, { trace }));
    unheard(desk.channel.describe(target, 'question-1', { trace }));
    unheard(desk.channel.awaitOutcome(target, { trace }));
    expect(desk.sent.map(({ headers }) => headers)).toEqual([trace, trace, trace]);
    desk.channel.close();
  });

  test.each<{ given: string; body: Reply['body'] }>([
    { given: 'accepted', body: acknowledged },
    { given: 'refused', body: notFound },
  ])('resolves with its answer: $given', async ({ body }) => {
    const desk = new Desk();
    const reply = desk.channel.request(cancel);
    desk.answer(0, body);
    expect((await reply).body).toEqual(body);
  });

  test('does not hear the answer to another', async () => {
    const desk = new Desk();
    const reply = desk.channel.request(cancel);
    desk.channel.receive({ address: 'here', requestId: 'another', offset: 1, body: acknowledged });
    expect(await settled(reply)).toBe('not yet');
    desk.channel.close();
  });

  test('fails when no answer comes in time', async () => {
    const desk = new Desk();
    const reply = desk.channel.request(cancel).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(9_900);
    expect(await settled(reply)).toBe('not yet');
    await jest.advanceTimersByTimeAsync(300);
    expect(await reply).toMatchObject({ code: 'RKT1201', retryable: true });
    expect(desk.sent).toHaveLength(1);
  });

  test('is sent again, ever more rarely, when it may be', async () => {
    const desk = new Desk();
    const repetition = { firstMs: 1_000, pauseMsMax: 4_000 };
    const reply = desk.channel.request(cancel, { repetition, timeoutMs: Infinity });
    await jest.advanceTimersByTimeAsync(12_000);
    // After 1, 3, 7 and 11 s.
    expect(desk.sent).toHaveLength(5);
    expect(desk.sent[4]).toBe(desk.sent[0]);
    desk.answer(4, acknowledged);
    await reply;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(desk.sent).toHaveLength(5);
  });

  test('is not sent again before the broker has it', async () => {
    const desk = new Desk();
    const written = desk.hold();
    unheard(desk.channel.request(cancel, { repetition: repetitions.claim, timeoutMs: Infinity }));
    await jest.advanceTimersByTimeAsync(180_000);
    expect(desk.sent).toHaveLength(1);
    written();
    await jest.advanceTimersByTimeAsync(20_000);
    expect(desk.sent.length).toBeGreaterThan(1);
    desk.channel.close();
  });

  test('fails when it cannot be written', async () => {
    const desk = new Desk();
    desk.failWith = new OperationalError('too large', 'RKT1006', false);
    await expect(desk.channel.request(cancel)).rejects.toMatchObject({ code: 'RKT1006' });
  });

  test('fails when the channel is closed, and so does every later one', async () => {
    const desk = new Desk();
    const reply = desk.channel.request(cancel);
    desk.channel.close();
    await expect(reply).rejects.toMatchObject({ code: 'RKT1201' });
    await expect(desk.channel.request(cancel)).rejects.toMatchObject({ code: 'RKT1201' });
  });

  test('apart from others with the same request id gets its own answer', async () => {
    const desk = new Desk();
    const one = desk.channel.requestApart(schedule);
    const other = desk.channel.requestApart({ ...schedule, target: { ...target, activityId: 'ship-42' } });
    desk.answer(1, notFound);
    desk.answer(0, scheduled(true));
    expect((await one).body).toEqual(scheduled(true));
    expect((await other).body).toEqual(notFound);
  });
});

describe('where topics have a prefix', () => {
  const prefixLength = 40;
  // Kafka takes 249, and the dead-letter topic is longer.
  const longest = 'q'.repeat(249 - prefixLength - 'ratchet.activity.tasks.default..dlq'.length);
  const { taskQueue: _, ...others } = schedule.options;
  const scheduleTo = (taskQueue: string): typeof schedule => ({ ...schedule, options: { ...others, taskQueue } });

  test('a task queue that has room beside it is sent', () => {
    const desk = new Desk(prefixLength);
    unheard(desk.channel.requestApart(scheduleTo(longest)));
    expect(desk.sent).toHaveLength(1);
    desk.channel.close();
  });

  test.each<{ what: string; ask: (desk: Desk, taskQueue: string) => Promise<Reply> }>([
    { what: 'a Schedule', ask: ({ channel }, queue) => channel.requestApart(scheduleTo(queue)) },
    { what: 'a start', ask: ({ channel }, queue) => channel.requestStart(scheduleTo(queue)) },
    { what: 'who waits for the outcome', ask: ({ channel }, queue) => channel.requestOutcome(scheduleTo(queue)) },
    {
      what: 'an update',
      ask: ({ channel }, taskQueue) =>
        channel.request({ ...cancel, type: 'UpdateOptions', options: { taskQueue }, restoreOriginal: false }),
    },
  ])('$what of one that has not is refused before anything is written', async ({ ask }) => {
    const desk = new Desk(prefixLength);
    const { body } = await ask(desk, `${longest}q`);
    expect(body).toMatchObject({
      type: 'Refused',
      refusal: {
        reason: 'invalid-argument',
        message: expect.stringMatching(/^taskQueue exceeds .* with the prefix, .* Length=246 Limit=245$/) as string,
      },
    });
    expect(desk.sent).toEqual([]);
  });

  test('a priority takes of the room, too', async () => {
    const desk = new Desk(prefixLength);
    const urgent = { ...schedule, options: { ...others, taskQueue: longest, priorityKey: 1 } };
    expect((await desk.channel.requestApart(urgent)).body).toMatchObject({ type: 'Refused' });
  });
});

describe('waiting for the outcome of a Schedule', () => {
  test('needs no question while all goes well', async () => {
    const desk = new Desk();
    const outcome = desk.channel.requestOutcome(schedule);
    expect(desk.command(0)).toMatchObject({ awaitOutcome: true });
    desk.answer(0, reached);
    expect((await outcome).body).toEqual(reached);
    expect(desk.queries()).toHaveLength(0);
  });

  test('asks for the outcome when nothing comes, and not before the Schedule is in the log', async () => {
    const desk = new Desk();
    unheard(desk.channel.requestOutcome(schedule));
    await jest.advanceTimersByTimeAsync(2_900);
    expect(desk.queries()).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(300);
    expect(desk.queries()).toMatchObject([{ type: 'AwaitOutcome', target, seenOffset: 0 }]);
    desk.answer(1, pending);
    await jest.advanceTimersByTimeAsync(11_000);
    expect(desk.queries().length).toBeGreaterThan(1);
    desk.channel.close();
  });

  test('asks again, ever more rarely, from what it has seen decided', async () => {
    const desk = new Desk();
    unheard(desk.channel.requestOutcome(schedule));
    desk.answer(0, scheduled(true), 41);
    await jest.advanceTimersByTimeAsync(2_900);
    expect(desk.queries()).toHaveLength(0);
    await jest.advanceTimersByTimeAsync(300);
    expect(desk.queries()).toMatchObject([{ type: 'AwaitOutcome', target, seenOffset: 41 }]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(desk.queries().length).toBeGreaterThan(4);
    expect(desk.queries().length).toBeLessThan(8);
    desk.channel.close();
  });

  test('asks at once when the activity was there before: it may be closed', async () => {
    const desk = new Desk();
    unheard(desk.channel.requestOutcome(schedule));
    desk.answer(0, scheduled(false));
    await Promise.resolve();
    expect(desk.queries()).toHaveLength(1);
    desk.channel.close();
  });

  test('ends with the refusal of the Schedule', async () => {
    const desk = new Desk();
    const outcome = desk.channel.requestOutcome(schedule);
    desk.answer(0, notFound);
    expect((await outcome).body).toEqual(notFound);
  });

  test('outlives a restart of the scheduler, but not two minutes of silence', async () => {
    const desk = new Desk();
    const outcome = desk.channel.requestOutcome(schedule).catch((error: unknown) => error);
    desk.answer(0, scheduled(true));
    await jest.advanceTimersByTimeAsync(119_000);
    expect(await settled(outcome)).toBe('not yet');
    desk.answer(desk.sent.length - 1, pending);
    await jest.advanceTimersByTimeAsync(119_000);
    expect(await settled(outcome)).toBe('not yet');
    await jest.advanceTimersByTimeAsync(2_000);
    expect(await outcome).toMatchObject({ code: 'RKT1201' });
  });
});

describe('a start', () => {
  test('asks for an answer and for the outcome beside it', async () => {
    const desk = new Desk();
    const reply = desk.channel.requestStart(schedule);
    expect(desk.command(0)).toMatchObject({ awaitOutcome: true, acknowledge: true });
    desk.answer(0, scheduled(true));
    expect((await reply).body).toEqual(scheduled(true));
  });

  test.each([{ asked: 'before it comes' }, { asked: 'after it came' }])(
    'needs no question for its outcome, asked for $asked',
    async ({ asked }) => {
      const desk = new Desk();
      unheard(desk.channel.requestStart(schedule));
      desk.answer(0, scheduled(true));
      if (asked === 'after it came') desk.answer(0, reached);
      const outcome = desk.channel.awaitOutcome(target);
      if (asked === 'before it comes') desk.answer(0, reached);
      expect((await outcome).body).toEqual(reached);
      expect(desk.queries()).toHaveLength(0);
    },
  );

  test.each<{ given: string; of: ExecutionId; body: Reply['body']; afterMs: number }>([
    { given: 'another activity', of: { ...target, activityId: 'ship-42' }, body: reached, afterMs: 0 },
    { given: 'another run', of: { ...target, runId: 'run-2' }, body: reached, afterMs: 0 },
    { given: 'the latest run, whichever it is', of: { ...target, runId: '' }, body: reached, afterMs: 0 },
    {
      given: 'a result too large to be kept',
      of: target,
      body: { ...reached, outcome: { type: 'success', result: [{ metadata: {}, data: new Uint8Array(5_000) }] } },
      afterMs: 0,
    },
    { given: 'a start long ago', of: target, body: reached, afterMs: 2_001 },
  ])('leaves it to a question: $given', async ({ of, body, afterMs }) => {
    const desk = new Desk();
    unheard(desk.channel.requestStart(schedule));
    desk.answer(0, scheduled(true));
    desk.answer(0, body);
    await jest.advanceTimersByTimeAsync(afterMs);
    unheard(desk.channel.awaitOutcome(of));
    expect(desk.queries()).toMatchObject([{ type: 'AwaitOutcome', target: of, replyTo: { partition: 3 } }]);
    desk.channel.close();
  });

  test('is not told of from memory once it may be deleted', () => {
    const desk = new Desk();
    unheard(desk.channel.requestStart(schedule));
    desk.answer(0, scheduled(true));
    desk.answer(0, reached);
    unheard(desk.channel.request({ type: 'Delete', target, requestId: 'delete-1', identity: 'me' }));
    unheard(desk.channel.awaitOutcome(target));
    expect(desk.queries()).toHaveLength(1);
    desk.channel.close();
  });

  test('is told of to all who wait for it here', async () => {
    const desk = new Desk();
    unheard(desk.channel.requestStart(schedule));
    desk.answer(0, scheduled(true));
    const first = desk.channel.awaitOutcome(target);
    const second = desk.channel.awaitOutcome(target);
    desk.answer(0, reached);
    expect((await first).body).toEqual(reached);
    expect((await second).body).toEqual(reached);
    expect(desk.queries()).toEqual([]);
  });

  test('whose outcome does not come is asked for it', async () => {
    const desk = new Desk();
    unheard(desk.channel.requestStart(schedule));
    desk.answer(0, scheduled(true));
    const outcome = desk.channel.awaitOutcome(target);
    await jest.advanceTimersByTimeAsync(3_200);
    expect(desk.queries()).toMatchObject([{ type: 'AwaitOutcome', target }]);
    desk.answer(1, reached);
    expect((await outcome).body).toEqual(reached);
  });
});

describe('a question', () => {
  test('is asked from the latest offset seen in its partition, and again until answered', async () => {
    const desk = new Desk();
    unheard(desk.channel.request(cancel));
    desk.answer(0, acknowledged, 99);
    const described = desk.channel.describe(target, 'question-1');
    await jest.advanceTimersByTimeAsync(3_200);
    expect(desk.queries()).toMatchObject([
      { type: 'Describe', seenOffset: 99 },
      { type: 'Describe', seenOffset: 99 },
    ]);
    desk.answer(1, notFound);
    expect((await described).body).toEqual(notFound);
  });

  test('about the outcome resolves when it is told', async () => {
    const desk = new Desk();
    const outcome = desk.channel.awaitOutcome(target);
    desk.answer(0, pending);
    expect(await settled(outcome)).toBe('not yet');
    desk.answer(0, reached);
    expect((await outcome).body).toEqual(reached);
  });
});

test('a cancel notice reaches who listens for it', () => {
  const desk = new Desk();
  const heard: unknown[] = [];
  const stop = desk.channel.onCancelNotice((notice) => heard.push(notice));
  const body = { type: 'CancelNotice', id: target, scheduleOffset: 5, attempt: 1, stamp: 1, reason: 'paused' } as const;
  desk.channel.receive({ address: 'here', requestId: '', offset: 9, body });
  stop();
  desk.channel.receive({ address: 'here', requestId: '', offset: 10, body });
  expect(heard).toEqual([body]);
});
