import { setTimeout as pause } from 'node:timers/promises';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { startAsker, type Asker } from './asker.fixture.ts';
import {
  ApplicationFailure,
  CompleteAsyncError,
  Context,
  Worker,
  type ActivityInfo,
  type PayloadCodec,
  type WorkerOptions,
} from './index.ts';

const addresses = connectBroker();
const oneMinute = { startToCloseTimeoutMs: 60_000 };
/** Fails at once and is tried again at once. */
const quick = { ...oneMinute, retryPolicy: { initialIntervalMs: 1, backoffCoefficient: 1 } };

let ratchet: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  ratchet = await startCluster();
});
afterAll(() => ratchet.stop());

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Runs a worker until the test ends; its queue is known to one asker. */
async function stage(
  activities: Readonly<Record<string, unknown>>,
  options: Partial<WorkerOptions> = {},
): Promise<{
  readonly asker: Asker;
  readonly taskQueue: string;
  readonly worker: Worker;
  readonly running: Promise<void>;
}> {
  const taskQueue = uniqueName('worker');
  const { worker, running } = await startWorker(taskQueue, activities, options);
  const asker = await startAsker(addresses, taskQueue, options.dataConverter);
  closing.push(() => asker.close());
  return { asker, taskQueue, worker, running };
}

async function startWorker(
  taskQueue: string,
  activities: Readonly<Record<string, unknown>>,
  options: Partial<WorkerOptions> = {},
): Promise<{ readonly worker: Worker; readonly running: Promise<void> }> {
  const { brokers, registryUrl: registry } = addresses;
  const worker = await Worker.create({
    brokers,
    registry,
    taskQueue,
    activities,
    shutdownForceTime: '2s',
    log: () => undefined,
    ...options,
  });
  const running = worker.run();
  closing.push(async () => {
    worker.shutdown();
    await running;
  });
  return { worker, running };
}

/** A door that the test opens. */
function gate(): { readonly passed: Promise<void>; readonly open: () => void } {
  const { promise, resolve }: PromiseWithResolvers<void> = Promise.withResolvers();
  return { passed: promise, open: resolve };
}

describe('an activity', () => {
  test('gets its arguments, knows itself, and gives its result', async () => {
    const infos: ActivityInfo[] = [];
    const { asker, taskQueue } = await stage({
      add: (a: number, b: number) => {
        infos.push(Context.current().info);
        return Promise.resolve({ sum: a + b });
      },
    });
    const before = Date.now();
    const { id, ended } = await asker.ask('add', { ...oneMinute, heartbeatTimeoutMs: 30_000 }, 1, 2);
    expect(await ended).toEqual({ status: 'completed', result: { sum: 3 } });
    const [info] = infos;
    expect(info).toMatchObject({ ...id, activityType: 'add', taskQueue, attempt: 1, heartbeatDetails: undefined });
    expect(info?.timeouts).toEqual({
      scheduleToCloseMs: 0,
      scheduleToStartMs: 0,
      startToCloseMs: 60_000,
      heartbeatMs: 30_000,
    });
    expect(info?.scheduledAt).toBeGreaterThanOrEqual(before);
    expect(info?.startedAt).toBeGreaterThanOrEqual(info?.currentAttemptScheduledAt ?? Infinity);
    expect(info?.taskToken.byteLength).toBeGreaterThan(50);
  });

  test('that fails is tried again, and finds what its last heartbeat said', async () => {
    const found: unknown[] = [];
    const { asker } = await stage({
      walk: async () => {
        const { info } = Context.current();
        found.push(info.heartbeatDetails);
        Context.current().heartbeat({ position: info.attempt });
        Context.current().heartbeat({ position: info.attempt * 10 });
        if (info.attempt < 3) throw new Error(`attempt ${String(info.attempt)}`);
        return Promise.resolve('done');
      },
    });
    const { ended } = await asker.ask('walk', quick);
    expect(await ended).toEqual({ status: 'completed', result: 'done' });
    // The first is sent at once, the latest goes with the failure.
    expect(found).toEqual([undefined, { position: 10 }, { position: 20 }]);
  });

  test('may say that trying again is useless, or when', async () => {
    const { asker } = await stage({
      never: () => Promise.reject(ApplicationFailure.nonRetryable('no', 'Declined', { code: 7 })),
      later: () =>
        Context.current().info.attempt === 1
          ? Promise.reject(ApplicationFailure.create({ message: 'busy', nextRetryDelay: 20 }))
          : Promise.resolve('done'),
    });
    const [never, later] = await Promise.all([
      asker.ask('never', quick),
      asker.ask('later', { ...oneMinute, retryPolicy: { initialIntervalMs: 50_000 } }),
    ]);
    const { failure, status } = await never.ended;
    expect(status).toBe('failed');
    expect(failure).toMatchObject({ message: 'no', type: 'Declined', nonRetryable: true, details: [{ code: 7 }] });
    expect(failure?.stack).not.toContain('attempt-run');
    expect(await later.ended).toMatchObject({ result: 'done' });
  });

  test('that is not registered fails with a message that says which are', async () => {
    const { asker } = await stage({ add: () => 1, subtract: () => 1 });
    const { ended } = await asker.ask('multiply', {
      ...oneMinute,
      retryPolicy: { attemptsMax: 2, initialIntervalMs: 1 },
    });
    expect((await ended).failure).toMatchObject({
      type: 'NotFoundError',
      message: 'Activity function multiply is not registered on this Worker, available activities: ["add","subtract"]',
    });
  });

  test('that is completed from outside stays open until then', async () => {
    const { asker } = await stage({ wait: () => Promise.reject(new CompleteAsyncError()) });
    const { id, ended } = await asker.ask('wait', oneMinute);
    expect(await Promise.race([ended, pause(500, 'still open')])).toBe('still open');
    await asker.tell(id, { type: 'Complete', attempt: { by: 'id' }, result: [] });
    expect(await ended).toEqual({ status: 'completed', result: undefined });
  });

  test('whose result or heartbeat cannot be sent fails with the reason', async () => {
    const { asker } = await stage({
      result: () => Promise.resolve({ n: 1n }),
      large: () => Promise.resolve(new Uint8Array(3 * 1024 * 1024)),
      heartbeat: async () => {
        Context.current().heartbeat({ callback: () => 1 });
        await Context.current().sleep('30s');
      },
    });
    const once = { ...oneMinute, retryPolicy: { attemptsMax: 1 } };
    const asked = await Promise.all(['result', 'large', 'heartbeat'].map((type) => asker.ask(type, once)));
    const failures = await Promise.all(asked.map(async ({ ended }) => (await ended).failure));
    expect(failures.map((failure) => failure?.message)).toEqual([
      expect.stringContaining('value.n is a BigInt'),
      'Complete result exceeds size limit.',
      'HEARTBEAT_DETAILS_CONVERSION_FAILED',
    ]);
    expect((failures[2]?.cause as Error).message).toContain('value.callback is a function');
  });

  test('speaks through converter and codecs of its own', async () => {
    const flip: PayloadCodec['encode'] = (payloads) =>
      Promise.resolve(payloads.map(({ metadata, data }) => ({ metadata, data: data.map((byte) => byte ^ 0x55) })));
    const dataConverter = { payloadCodecs: [{ encode: flip, decode: flip }] };
    const { asker } = await stage(
      {
        echo: (value: unknown) => {
          Context.current().heartbeat('here');
          return Promise.resolve(value);
        },
      },
      { dataConverter },
    );
    const { ended } = await asker.ask('echo', oneMinute, { secret: true });
    expect(await ended).toEqual({ status: 'completed', result: { secret: true } });
  });
});

describe('an activity that is to stop', () => {
  const untilStopped = async (): Promise<void> => {
    for (;;) {
      Context.current().heartbeat();
      await Context.current().sleep(20);
    }
  };

  test('learns of a cancellation by its heartbeats, and agrees', async () => {
    const { asker } = await stage({ untilStopped });
    const { id, ended } = await asker.ask('untilStopped', { ...oneMinute, heartbeatTimeoutMs: 500 });
    await eventually(
      async () =>
        (await asker.tell(id, { type: 'RequestCancel', reason: 'no', cascaded: false })).body.type === 'Accepted',
    );
    expect(await ended).toMatchObject({ status: 'canceled' });
  });

  test.each([
    { command: { type: 'Pause', reason: '' }, attempts: 'one' },
    {
      command: { type: 'Reset', keepPaused: false, resetHeartbeat: false, restoreOriginalOptions: false },
      attempts: 'two',
    },
  ] as const)('stops for $command.type, and its attempt counts as failed', async ({ command }) => {
    const reasons: unknown[] = [];
    const begun = gate();
    const { asker } = await stage({
      work: async () => {
        const context = Context.current();
        begun.open();
        if (reasons.length > 0) return 'done';
        await untilStopped().catch((error: unknown) => {
          reasons.push(context.cancellationSignal.reason);
          throw error;
        });
        return 'never';
      },
    });
    const { id, ended } = await asker.ask('work', { ...quick, heartbeatTimeoutMs: 500 });
    await begun.passed;
    expect((await asker.tell(id, command)).body.type).toBe('Accepted');
    await eventually(() => reasons.length === 1);
    expect(reasons).toMatchObject([{ message: command.type === 'Pause' ? 'PAUSED' : 'RESET' }]);
    if (command.type === 'Pause') await asker.tell(id, { type: 'Terminate', reason: '' });
    expect((await ended).status).toBe(command.type === 'Pause' ? 'terminated' : 'completed');
  });

  test('is given up when its time is over, and what it does then is not reported', async () => {
    const reasons: unknown[] = [];
    const { asker } = await stage({
      stubborn: async () => {
        const context = Context.current();
        await context.cancelled.catch((error: unknown) => reasons.push(error));
        return `attempt ${String(context.info.attempt)}`;
      },
    });
    const { ended } = await asker.ask('stubborn', { startToCloseTimeoutMs: 400, retryPolicy: { attemptsMax: 1 } });
    expect(await ended).toMatchObject({ status: 'timed-out', failure: { timeoutType: 'start-to-close' } });
    await eventually(() => reasons.length === 1);
    expect(reasons).toMatchObject([{ message: 'TIMED_OUT' }]);
  });

  test('hears of its end when it was terminated', async () => {
    const reasons: unknown[] = [];
    const begun = gate();
    const { asker } = await stage({
      work: async () => {
        begun.open();
        await untilStopped().catch((error: unknown) => reasons.push(error));
      },
    });
    const { id, ended } = await asker.ask('work', { ...oneMinute, heartbeatTimeoutMs: 500 });
    await begun.passed;
    await asker.tell(id, { type: 'Terminate', reason: 'enough' });
    expect(await ended).toMatchObject({ status: 'terminated' });
    await eventually(() => reasons.length === 1);
    expect(reasons).toMatchObject([{ message: 'NOT_FOUND' }]);
  });
});

describe('two workers of a queue', () => {
  /** Both read a part of the queue, and each says who it is when it is asked. */
  async function two(
    first: Readonly<Record<string, unknown>>,
    second: Readonly<Record<string, unknown>>,
  ): Promise<Asker> {
    const heard = new Set<string>();
    const named = (name: string, activities: Readonly<Record<string, unknown>>) => ({
      ...activities,
      hear: () => void heard.add(name),
    });
    const { asker, taskQueue } = await stage(named('first', first));
    await startWorker(taskQueue, named('second', second));
    await eventually(async () => {
      await (
        await asker.ask('hear', oneMinute)
      ).ended;
      return heard.size === 2;
    });
    return asker;
  }

  test('of which one fails whatever it runs: a retry goes to the other', async () => {
    const attempts: number[] = [];
    const fails = () => Promise.reject(new Error('this host is broken'));
    const runs = () => void attempts.push(Context.current().info.attempt);
    const asker = await two({ work: fails }, { work: runs });
    const asked = await Promise.all(Array.from({ length: 24 }, () => asker.ask('work', quick)));
    const ended = await Promise.all(asked.map((one) => one.ended));
    expect(ended.every(({ status }) => status === 'completed')).toBe(true);
    expect(attempts).toHaveLength(24);
    // Partitions are shared out by halves or so, and the key turns to the other one but seldom to the same.
    expect(Math.max(...attempts)).toBeLessThanOrEqual(4);
  });

  test('of which one lacks the function: it gives the task back, and no attempt is lost', async () => {
    const attempts: number[] = [];
    const asker = await two({}, { work: () => void attempts.push(Context.current().info.attempt) });
    const asked = await Promise.all(Array.from({ length: 24 }, () => asker.ask('work', quick)));
    const ended = await Promise.all(asked.map((one) => one.ended));
    expect(ended.every(({ status }) => status === 'completed')).toBe(true);
    expect(attempts).toEqual(Array.from({ length: 24 }, () => 1));
  });

  test('of which neither has the function: the attempt fails with the names of those there are', async () => {
    const asker = await two({ add: () => 1 }, { add: () => 1 });
    const { ended } = await asker.ask('multiply', { ...quick, retryPolicy: { attemptsMax: 1 } });
    expect((await ended).failure).toMatchObject({
      type: 'NotFoundError',
      message: 'Activity function multiply is not registered on this Worker, available activities: ["add","hear"]',
    });
  });
});

describe('a worker', () => {
  test('runs no more at once than it may, and all in the end', async () => {
    let [now, most] = [0, 0];
    const { asker } = await stage(
      {
        work: async () => {
          most = Math.max(most, ++now);
          await pause(20);
          now--;
        },
      },
      { maxConcurrentActivities: 3 },
    );
    const asked = await Promise.all(Array.from({ length: 30 }, () => asker.ask('work', oneMinute)));
    const ended = await Promise.all(asked.map((one) => one.ended));
    expect(ended.every(({ status }) => status === 'completed')).toBe(true);
    expect(most).toBe(3);
  });

  test('is not held up by a slow activity', async () => {
    const door = gate();
    const { asker } = await stage({ slow: () => door.passed, fast: () => Promise.resolve('fast') });
    const slow = await asker.ask('slow', oneMinute);
    const asked = await Promise.all(Array.from({ length: 40 }, () => asker.ask('fast', oneMinute)));
    await Promise.all(asked.map(({ ended }) => ended));
    door.open();
    expect(await slow.ended).toMatchObject({ status: 'completed' });
  });

  test('that is full gives tasks to one that is idle', async () => {
    const door = gate();
    const ranBy: string[] = [];
    const activitiesOf = (name: string): Readonly<Record<string, unknown>> => ({
      work: async (isLong: boolean) => {
        ranBy.push(name);
        if (isLong) await door.passed;
      },
    });
    const { asker, taskQueue } = await stage(activitiesOf('full'), { maxConcurrentActivities: 2 });
    const long = await Promise.all([asker.ask('work', oneMinute, true), asker.ask('work', oneMinute, true)]);
    await eventually(() => ranBy.length === 2);
    await startWorker(taskQueue, activitiesOf('idle'));
    const short = await Promise.all(Array.from({ length: 20 }, () => asker.ask('work', oneMinute, false)));
    await Promise.all(short.map(({ ended }) => ended));
    expect(ranBy.slice(2)).toEqual(Array.from({ length: 20 }, () => 'idle'));
    door.open();
    await Promise.all(long.map(({ ended }) => ended));
  });

  test('lets running activities end while it shuts down, and leaves what waits to others', async () => {
    const ranBy: string[] = [];
    const activitiesOf = (name: string): Readonly<Record<string, unknown>> => ({
      work: async () => {
        ranBy.push(name);
        await pause(500);
        return name;
      },
    });
    const { asker, taskQueue, worker, running } = await stage(activitiesOf('first'), {
      maxConcurrentActivities: 1,
      shutdownGraceTime: '10s',
    });
    const first = await asker.ask('work', oneMinute);
    await eventually(() => ranBy.length === 1);
    const second = await asker.ask('work', oneMinute);
    worker.shutdown();
    expect(worker.state).toBe('stopping');
    await running;
    expect(worker.state).toBe('stopped');
    expect(await first.ended).toMatchObject({ result: 'first' });
    await startWorker(taskQueue, activitiesOf('second'));
    expect(await second.ended).toMatchObject({ result: 'second' });
  });

  test('cancels what still runs after the grace time, and the next attempt goes to another', async () => {
    const attempts: number[] = [];
    const work = async (): Promise<string> => {
      attempts.push(Context.current().info.attempt);
      if (Context.current().info.attempt === 1) await Context.current().cancelled;
      return 'done';
    };
    const { asker, taskQueue, worker, running } = await stage({ work }, { shutdownGraceTime: 100 });
    const { ended } = await asker.ask('work', quick);
    await eventually(() => attempts.length === 1);
    worker.shutdown();
    await running;
    await startWorker(taskQueue, { work });
    expect(await ended).toMatchObject({ status: 'completed', result: 'done' });
    expect(attempts).toEqual([1, 2]);
  });

  test('does not wait for ever for an activity that does not listen', async () => {
    const begun = gate();
    const deaf = (): Promise<never> => {
      begun.open();
      return new Promise(() => undefined);
    };
    const { asker, worker, running } = await stage({ deaf }, { shutdownForceTime: 300 });
    const { id } = await asker.ask('deaf', oneMinute);
    await begun.passed;
    worker.shutdown();
    await running;
    await asker.tell(id, { type: 'Terminate', reason: 'cleaning up' });
  });
});
