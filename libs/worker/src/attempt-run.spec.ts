import { jest } from '@jest/globals';
import { ApplicationFailure, CancelledFailure, type CommandDraft, type PayloadCodec } from '@ratchet/protocol';
import { AttemptStage, goOn, type AttemptOptions, type LogSays } from './attempt.fixture.ts';
import type { CancelReason } from './cancel-reason.ts';
import { CompleteAsyncError } from './complete-async-error.ts';
import { Context } from './context.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Heartbeats until it is told to stop. */
async function untilTold(): Promise<never> {
  for (;;) {
    Context.current().heartbeat({ at: 1 });
    await Context.current().sleep(50);
  }
}

const accept = untilTold;
const acceptWithDetails = (): Promise<never> =>
  untilTold().catch((error: unknown) => {
    throw new CancelledFailure('CANCELLED', ['half done'], error);
  });
const ignore = (): Promise<string> => untilTold().catch(() => 'done anyway');
const shielded = (): Promise<string> =>
  Context.current().shield(async () => {
    for (let step = 0; step < 10; step++) {
      Context.current().heartbeat({ step });
      await Context.current().sleep(50);
    }
    return 'finished';
  });
const shieldThenAccept = async (): Promise<string> => {
  const result = await shielded();
  Context.current().cancellationSignal.throwIfAborted();
  return result;
};
const behaviours = { accept, ignore, shieldThenAccept };

/** How each reason comes to an attempt. */
const cause: Readonly<Record<CancelReason, { readonly says?: LogSays; readonly options?: AttemptOptions }>> = {
  CANCELLED: { says: { ...goOn, cancelRequested: true } },
  PAUSED: { says: { ...goOn, paused: true } },
  RESET: { says: { ...goOn, reset: true } },
  NOT_FOUND: { says: { reason: 'not-found', message: 'activity not found for ID: a' } },
  TIMED_OUT: { says: { reason: 'stale-attempt', message: 'not found', attemptTimedOut: true } },
  WORKER_SHUTDOWN: {},
  HEARTBEAT_DETAILS_CONVERSION_FAILED: {},
};

/** Asymmetric matchers are `any`; this is one. */
const containing = (part: object): unknown => expect.objectContaining(part) as unknown;
const failed = (errorType: string, message: string): object => ({
  type: 'Fail',
  failure: containing({ message, info: containing({ errorType, nonRetryable: false }) }),
});
const completed = { type: 'Complete' };
const paused = failed('ActivityPause', 'Activity paused');
const reset = failed('ActivityReset', 'Activity reset');
const shutdown = failed('WorkerShutdown', 'Worker is shutting down and this activity did not complete in time');

describe.each<{ reason: CancelReason; accept: object | undefined; ignore: object | undefined }>([
  { reason: 'CANCELLED', accept: { type: 'ReportCanceled' }, ignore: completed },
  { reason: 'PAUSED', accept: paused, ignore: completed },
  { reason: 'RESET', accept: reset, ignore: completed },
  { reason: 'WORKER_SHUTDOWN', accept: shutdown, ignore: completed },
  { reason: 'NOT_FOUND', accept: undefined, ignore: undefined },
  { reason: 'TIMED_OUT', accept: undefined, ignore: undefined },
])('$reason', ({ reason, ...then }) => {
  test.each(['accept', 'ignore', 'shieldThenAccept'] as const)('%s', async (behaviour) => {
    let seen: unknown;
    const stage = new AttemptStage(async () => {
      const { cancellationSignal } = Context.current();
      cancellationSignal.addEventListener('abort', () => {
        seen = cancellationSignal.reason;
      });
      return behaviours[behaviour]();
    });
    const { says } = cause[reason];
    if (says === undefined) setTimeout(() => stage.run.cancel(reason), 10);
    else stage.answer = (command) => (command.type === 'RecordHeartbeat' ? says : { type: 'Acknowledged' });
    const report = stage.report();
    await jest.advanceTimersByTimeAsync(1_000);
    expect(seen).toBeInstanceOf(CancelledFailure);
    expect(seen).toMatchObject({ message: reason });
    const expected = behaviour === 'ignore' ? then.ignore : then.accept;
    if (expected === undefined) expect(await report).toBeUndefined();
    else expect(await report).toMatchObject(expected);
  });
});

test('a request that is accepted is reported with the details it was accepted with', async () => {
  const stage = new AttemptStage(acceptWithDetails);
  stage.answer = ({ type }) => (type === 'RecordHeartbeat' ? (cause.CANCELLED.says ?? goOn) : { type: 'Acknowledged' });
  const report = stage.report();
  await jest.advanceTimersByTimeAsync(100);
  expect(await report).toMatchObject({ type: 'ReportCanceled', details: [{ data: Buffer.from('"half done"') }] });
});

test('a cancellation failure that nobody asked for is an ordinary failure', async () => {
  const stage = new AttemptStage(() => Promise.reject(new CancelledFailure('I give up')));
  expect(await stage.report()).toMatchObject(failed('CancelledFailure', 'I give up'));
});

test.each([
  { category: 'unspecified', logged: 'warn: the activity failed: closed on Sundays' },
  { category: 'benign', logged: 'debug: the activity failed: closed on Sundays' },
] as const)('a failure that is $category is logged as $logged, and reported', async ({ category, logged }) => {
  const failure = ApplicationFailure.create({ message: 'closed on Sundays', category });
  const stage = new AttemptStage(() => Promise.reject(failure));
  expect(await stage.report()).toMatchObject({ type: 'Fail', failure: { info: { type: 'application', category } } });
  expect(stage.logged).toEqual([logged]);
});

test('a request is delivered once, though answers and notices repeat it', async () => {
  const heard: unknown[] = [];
  const stage = new AttemptStage(
    async () => {
      const { cancellationSignal } = Context.current();
      cancellationSignal.addEventListener('abort', () => heard.push(cancellationSignal.reason));
      await Context.current().shield(shielded);
      return 'done';
    },
    { heartbeatMs: 100 },
  );
  stage.answer = ({ type }) => (type === 'RecordHeartbeat' ? (cause.CANCELLED.says ?? goOn) : { type: 'Acknowledged' });
  setTimeout(() => stage.run.cancel('CANCELLED'), 5);
  const report = stage.report();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(await report).toMatchObject(completed);
  expect(stage.sent.filter(({ type }) => type === 'RecordHeartbeat').length).toBeGreaterThan(3);
  expect(heard).toMatchObject([{ message: 'CANCELLED' }]);
});

describe('of its own deadline, when nothing comes from the log', () => {
  /** What it saw, and when. */
  async function cutOff(
    activity: () => Promise<unknown>,
    options: AttemptOptions,
    answer: (command: CommandDraft, count: number) => LogSays = () => 'silence',
    answerDelayMs = 0,
  ): Promise<{ readonly at: number; readonly message: unknown; readonly report: CommandDraft | undefined }> {
    let [at, message, count]: [number, unknown, number] = [NaN, undefined, 0];
    const beganAt = performance.now();
    const stage = new AttemptStage(async () => {
      const { cancellationSignal } = Context.current();
      cancellationSignal.addEventListener('abort', () => {
        at = performance.now() - beganAt;
        message = (cancellationSignal.reason as Error).message;
      });
      return activity();
    }, options);
    stage.answer = (command) => answer(command, ++count);
    stage.answerDelayMs = answerDelayMs;
    const report = stage.report();
    await jest.advanceTimersByTimeAsync(30_000);
    return { at, message, report: await report };
  }
  const deaf = (): Promise<string> => new Promise((resolve) => setTimeout(resolve, 29_000, 'late'));
  const soon = 150;

  test.each<{ given: string; activity: () => Promise<unknown>; options: AttemptOptions; after: number }>([
    { given: 'start-to-close', activity: deaf, options: { startToCloseMs: 1_000 }, after: 1_000 },
    { given: 'the heartbeat timeout', activity: deaf, options: { heartbeatMs: 700 }, after: 700 },
    {
      given: 'the sooner of them',
      activity: deaf,
      options: { startToCloseMs: 900, heartbeatMs: 2_000 },
      after: 900,
    },
    {
      given: 'the heartbeat timeout and the wait for an answer',
      activity: untilTold,
      options: { heartbeatMs: 1_000 },
      after: 2_000,
    },
    { given: 'that wait is bounded', activity: untilTold, options: { heartbeatMs: 10_000 }, after: 15_000 },
  ])('$given', async ({ activity, options, after }) => {
    const { at, message, report } = await cutOff(activity, options);
    expect(message).toBe('TIMED_OUT');
    expect(at).toBeGreaterThanOrEqual(after);
    expect(at).toBeLessThan(after + soon);
    // Completed or not: the log has given it up.
    expect(report).toBeUndefined();
  });

  test('counts from when the last heartbeat that was answered was sent', async () => {
    const upToThree = (_: CommandDraft, count: number): LogSays => (count <= 3 ? goOn : 'silence');
    const { at, message } = await cutOff(untilTold, { heartbeatMs: 1_000 }, upToThree, 400);
    expect(message).toBe('TIMED_OUT');
    // Sent at 0, 800, 1600 ms; the fourth is on its way.
    expect(at).toBeGreaterThanOrEqual(3_600);
    expect(at).toBeLessThan(3_600 + soon);
  });

  test('an answer that is late, but comes, keeps it alive', async () => {
    const stage = new AttemptStage(
      async () => {
        for (let step = 0; step < 6; step++) {
          Context.current().heartbeat();
          await Context.current().sleep(500);
        }
        return 'done';
      },
      { heartbeatMs: 1_000 },
    );
    stage.answerDelayMs = 600;
    const report = stage.report();
    await jest.advanceTimersByTimeAsync(4_000);
    expect(await report).toMatchObject(completed);
  });

  test('none, and it runs as long as it likes', async () => {
    const { report } = await cutOff(deaf, { startToCloseMs: 0 }, () => ({ type: 'Acknowledged' }));
    expect(report).toMatchObject(completed);
  });
});

describe('heartbeat details that cannot be converted', () => {
  const refusing: PayloadCodec = {
    encode: (payloads) =>
      payloads.some(({ data }) => String.fromCharCode(...data).includes('secret'))
        ? Promise.reject(new Error('no key'))
        : Promise.resolve([...payloads]),
    decode: (payloads) => Promise.resolve([...payloads]),
  };
  const dataConverter = { payloadCodecs: [refusing] };
  const saying =
    (details: unknown, then: () => unknown = () => Context.current().cancelled) =>
    async (): Promise<unknown> => {
      Context.current().heartbeat(details);
      await new Promise(setImmediate);
      await Promise.resolve();
      return then();
    };

  beforeEach(() => {
    jest.useRealTimers();
  });

  test.each<{ given: string; details: unknown; options?: AttemptOptions; why: string }>([
    { given: 'by the converter', details: { call: () => 1 }, why: 'value.call is a function' },
    { given: 'by a codec', details: 'secret', options: { dataConverter }, why: 'no key' },
  ])('$given cancel it, and fail it with an ApplicationFailure', async ({ details, options, why }) => {
    const stage = new AttemptStage(saying(details), options);
    const report = await stage.report();
    expect(report).toMatchObject(failed('CancelledFailure', 'HEARTBEAT_DETAILS_CONVERSION_FAILED'));
    expect(report).toMatchObject({ failure: { cause: { message: expect.stringContaining(why) as unknown } } });
    expect(stage.sent).toHaveLength(1);
  });

  test('whatever it throws', async () => {
    const stage = new AttemptStage(saying(1n, () => Promise.reject(new TypeError('x'))));
    expect(await stage.report()).toMatchObject({ failure: { message: 'HEARTBEAT_DETAILS_CONVERSION_FAILED' } });
  });

  test('are ignored by one that goes on to complete', async () => {
    const stage = new AttemptStage(saying(1n, () => 'done'));
    expect(await stage.report()).toMatchObject(completed);
  });

  test('that are too large fail it for good', async () => {
    const stage = new AttemptStage(saying(new Uint8Array(3 * 1024 * 1024)));
    expect(await stage.report()).toMatchObject({
      failure: { message: 'Heartbeat details exceed size limit.', info: { nonRetryable: true } },
    });
  });

  test('at the very end keep no end from being reported', async () => {
    const stage = new AttemptStage(
      () => {
        Context.current().heartbeat('here');
        Context.current().heartbeat('secret');
        throw new Error('broken');
      },
      { dataConverter },
    );
    const report = await stage.report();
    expect(report).toMatchObject(failed('Error', 'broken'));
    expect(report).not.toHaveProperty('lastHeartbeatDetails');
    expect(stage.logged).toContain('warn: the last heartbeat could not be converted: no key');
  });
});

test('one that will be completed from outside says last what it said last', async () => {
  const stage = new AttemptStage(() => {
    Context.current().heartbeat(1);
    Context.current().heartbeat(2);
    throw new CompleteAsyncError();
  });
  expect(await stage.report()).toBeUndefined();
  expect(stage.sent).toMatchObject([
    { type: 'RecordHeartbeat', details: [{ data: Buffer.from('1') }] },
    { type: 'RecordHeartbeat', details: [{ data: Buffer.from('2') }] },
  ]);
});

test('a failure that cannot be converted is logged, and the end reported without it', async () => {
  const failureConverter = {
    errorToFailure: () => {
      throw new Error('the converter is broken');
    },
    failureToError: () => new CancelledFailure('never'),
  };
  const stage = new AttemptStage(() => Promise.reject(new Error('broken')), { dataConverter: { failureConverter } });
  expect(await stage.report()).toMatchObject({ type: 'Fail', failure: { info: { errorType: 'UnreportableEnd' } } });
  expect(stage.logged.at(-1)).toContain('the converter is broken');
});

test('an activity that goes on when nobody waits for it any more sends no heartbeats', async () => {
  const stage = new AttemptStage(
    async () => {
      for (let step = 0; step < 1_800; step++) {
        Context.current().heartbeat({ step });
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    { heartbeatMs: 1_000, startToCloseMs: 600_000 },
  );
  stage.answer = () => 'silence';
  const report = stage.report();
  await jest.advanceTimersByTimeAsync(180_000);
  expect(await report).toBeUndefined();
  // One every 800 ms, until the heartbeat timeout has passed and a little more.
  expect(stage.sent.length).toBeLessThanOrEqual(4);
});
