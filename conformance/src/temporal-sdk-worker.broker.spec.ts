import { eventually, uniqueName } from '@ratchet/testing';
import {
  activityInfo,
  cancelled,
  cancellationSignal,
  CompleteAsyncError,
  Context,
  heartbeat,
  sleep,
} from '@temporalio/activity';
import { Client, Connection, type ActivityOptions } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, TimeoutFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { causeOf } from './temporal/cause-of.fixture.ts';
import { serverUnderTest, type ServerUnderTest } from './temporal/server-under-test.ts';

// The SDK's worker and client, unmodified.

let server: ServerUnderTest;
let connection: Connection;
let workerConnection: NativeConnection;
let client: Client;
let worker: RunningWorker;

const taskQueue = uniqueName('sdk-worker');

interface RunningWorker {
  shutdown(): Promise<void>;
}

/** What activities tell of themselves, by activity id. */
const told = new Map<string, unknown[]>();
const tell = (what: unknown): void => {
  const { activityId } = activityInfo();
  told.set(activityId, [...(told.get(activityId) ?? []), what]);
};
const toldBy = (id: string): readonly unknown[] => told.get(id) ?? [];

const untilCancelled = async (): Promise<void> => {
  tell('started');
  try {
    for (;;) {
      heartbeat(Date.now());
      await sleep(50);
    }
  } catch (error) {
    tell(Context.current().cancellationDetails);
    throw error;
  }
};

const activities = {
  greet: (name: string): Promise<string> => Promise.resolve(`Hello, ${name}!`),
  echo: (...args: unknown[]): Promise<unknown> => Promise.resolve(args),
  nothing: (): Promise<void> => Promise.resolve(),
  failsOnce: (): Promise<number> => {
    if (activityInfo().attempt === 1) throw new Error('not yet');
    return Promise.resolve(activityInfo().attempt);
  },
  declines: (): Promise<never> => {
    throw ApplicationFailure.nonRetryable('card declined', 'Declined', { code: 51 });
  },
  hangs: (): Promise<void> => sleep('1 minute'),
  resumes: async (): Promise<unknown> => {
    if (activityInfo().attempt > 1) return activityInfo().heartbeatDetails as unknown;
    heartbeat({ page: 1 });
    heartbeat({ page: 2 });
    await sleep(20);
    throw new Error('lost the place');
  },
  untilCancelled,
  ignoresCancel: async (): Promise<string> => {
    await untilCancelled().catch(() => undefined);
    return 'done all the same';
  },
  pausable: async (): Promise<string> => {
    if (activityInfo().attempt > 1) return 'after the pause';
    await untilCancelled();
    return 'never paused';
  },
  later: (): Promise<never> => {
    tell(activityInfo().taskToken);
    throw new CompleteAsyncError();
  },
  untilShutdown: async (): Promise<string> => {
    tell('started');
    if (activityInfo().attempt > 1) return 'by another worker';
    await cancelled();
    return String(cancellationSignal().aborted);
  },
};

async function startWorker(queue: string): Promise<RunningWorker> {
  const created = await Worker.create({
    connection: workerConnection,
    taskQueue: queue,
    activities,
    maxHeartbeatThrottleInterval: 100,
    defaultHeartbeatThrottleInterval: 100,
  });
  const running = created.run();
  return {
    shutdown: async () => {
      created.shutdown();
      await running;
    },
  };
}

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await serverUnderTest();
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
  workerConnection = await NativeConnection.connect({ address: server.address });
  worker = await startWorker(taskQueue);
});

afterAll(async () => {
  await worker.shutdown();
  await workerConnection.close();
  await connection.close();
  await server.stop();
});

const options = (more: Partial<ActivityOptions> = {}): ActivityOptions => ({
  id: uniqueName('activity'),
  taskQueue,
  startToCloseTimeout: '1 minute',
  retry: { initialInterval: 50, maximumAttempts: 3 },
  ...more,
});

describe('a worker', () => {
  test('runs an activity, and its client gets the result', async () => {
    expect(await client.activity.execute('greet', options({ args: ['Ada'] }))).toBe('Hello, Ada!');
  });

  test('gets what was sent, to the byte', async () => {
    const args = [null, 7, 'ü €', { deep: [true, { er: 1.5 }] }, 'x'.repeat(500_000)];
    expect(await client.activity.execute('echo', options({ args }))).toEqual(args);
  });

  test('may return nothing', async () => {
    expect(await client.activity.execute('nothing', options())).toBeUndefined();
  });

  test('runs many at a time', async () => {
    const names = Array.from({ length: 200 }, (_, index) => String(index));
    const greetings = await Promise.all(
      names.map((name) => client.activity.execute<string>('greet', options({ args: [name] }))),
    );
    expect(greetings).toEqual(names.map((name) => `Hello, ${name}!`));
  });

  test('is given another attempt when one fails', async () => {
    expect(await client.activity.execute('failsOnce', options())).toBe(2);
  });

  test('ends it with a failure for good, as it was thrown', async () => {
    expect(await causeOf(client.activity.execute('declines', options()))).toMatchObject({
      message: 'card declined',
      type: 'Declined',
      nonRetryable: true,
      details: [{ code: 51 }],
    });
  });

  test('is not waited for longer than its start-to-close', async () => {
    const of = options({ startToCloseTimeout: '500ms', retry: { maximumAttempts: 1 } });
    const cause = await causeOf(client.activity.execute('hangs', of));
    expect(cause).toBeInstanceOf(TimeoutFailure);
    expect((cause as TimeoutFailure).timeoutType).toBe('START_TO_CLOSE');
  });

  test('resumes from the last heartbeat', async () => {
    expect(await client.activity.execute('resumes', options({ heartbeatTimeout: '10 s' }))).toEqual({ page: 2 });
  });
});

describe('a cancellation', () => {
  const of = (): ActivityOptions => options({ heartbeatTimeout: '10 s' });

  test('reaches the worker, which may accept it', async () => {
    const { id, ...rest } = of();
    const handle = await client.activity.start('untilCancelled', { id, ...rest });
    await eventually(() => toldBy(id).length === 1);
    await handle.cancel('enough');
    expect(await causeOf(handle.result())).toBeInstanceOf(CancelledFailure);
    expect(toldBy(id)[1]).toMatchObject({ cancelRequested: true });
    expect((await handle.describe()).status).toBe('CANCELED');
  });

  test('or ignore it', async () => {
    const { id, ...rest } = of();
    const handle = await client.activity.start('ignoresCancel', { id, ...rest });
    await eventually(() => toldBy(id).length === 1);
    await handle.cancel('enough');
    expect(await handle.result()).toBe('done all the same');
    expect((await handle.describe()).status).toBe('COMPLETED');
  });

  test('a termination reaches it as what is not found', async () => {
    const { id, ...rest } = of();
    const handle = await client.activity.start('untilCancelled', { id, ...rest });
    await eventually(() => toldBy(id).length === 1);
    await handle.terminate('at once');
    expect(await causeOf(handle.result())).toBeInstanceOf(TerminatedFailure);
    await eventually(() => toldBy(id).length === 2);
    expect(toldBy(id)[1]).toMatchObject({ notFound: true });
  });

  test('a pause interrupts the attempt, and after it there is another', async () => {
    const { id, ...rest } = of();
    const handle = await client.activity.start('pausable', { id, ...rest });
    await eventually(() => toldBy(id).length === 1);
    await handle.pause();
    await eventually(async () => (await handle.describe()).status === 'PAUSED');
    expect(toldBy(id)[1]).toMatchObject({ paused: true });
    await handle.unpause();
    expect(await handle.result()).toBe('after the pause');
  });
});

describe('an activity that is completed later', () => {
  test('is completed by its token', async () => {
    const { id, ...rest } = options();
    const handle = await client.activity.start('later', { id, ...rest });
    await eventually(() => toldBy(id).length === 1);
    await client.activity.complete(toldBy(id)[0] as Uint8Array, 'by token');
    expect(await handle.result()).toBe('by token');
  });

  test('or by its id', async () => {
    const { id, ...rest } = options();
    const handle = await client.activity.start('later', { id, ...rest });
    await eventually(() => toldBy(id).length === 1);
    await client.activity.heartbeat({ activityId: id }, 'waiting for the bank');
    await client.activity.complete({ activityId: id }, 'by id');
    expect(await handle.result()).toBe('by id');
  });
});

test('a worker that is shut down hands what it runs to another', async () => {
  const own = uniqueName('sdk-shutdown');
  const { id, ...rest } = options({ taskQueue: own });
  const first = await startWorker(own);
  const handle = await client.activity.start('untilShutdown', { id, ...rest });
  await eventually(() => toldBy(id).length === 1);
  await first.shutdown();
  const second = await startWorker(own);
  expect(await handle.result()).toBe('by another worker');
  await second.shutdown();
});

test('a worker of a namespace that nobody made is told so', async () => {
  const creating = Worker.create({
    connection: workerConnection,
    namespace: uniqueName('elsewhere'),
    taskQueue,
    activities,
  });
  await expect(creating).rejects.toThrow(/not found/i);
});
