import { connectBroker, startCluster, uniqueName } from '@ratchet/testing';
import {
  ActivityAlreadyStartedError,
  ActivityCancelledError,
  ActivityClient,
  ActivityFailedError,
  ActivityNotFoundError,
  ApplicationFailure,
  CancelledFailure,
  InvalidActivityOptionsError,
  RequestRefusedError,
  TaskTokenError,
  TerminatedFailure,
  TimeoutFailure,
  type AnyStartOptions,
} from './index.ts';
import { startHandWorker, type HandWorker } from './hand-worker.fixture.ts';

const taskQueue = uniqueName('client');
const nobody = uniqueName('nobody');
const addresses = connectBroker();

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let client: ActivityClient;
let worker: HandWorker;

beforeAll(async () => {
  ratchet = await startCluster();
  client = await ActivityClient.connect({
    brokers: addresses.brokers,
    registry: addresses.registryUrl,
    identity: 'the client',
  });
  worker = await startHandWorker(addresses, taskQueue);
});
afterAll(async () => {
  await worker.close();
  await client.close();
  await ratchet.stop();
});

const options: AnyStartOptions = { taskQueue, timeouts: { startToClose: '60s' } };
/** Of a queue that nobody works on. */
const idle: AnyStartOptions = { ...options, taskQueue: nobody };
const failed = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

describe('an activity that is asked for', () => {
  test('gives its result to execute', async () => {
    const result = client.execute('charge', { ...options, args: ['4242', new Uint8Array([0, 255])] });
    const task = await worker.next();
    expect(task).toMatchObject({
      activityType: 'charge',
      attempt: 1,
      options: { taskQueue, startToCloseTimeoutMs: 60_000 },
    });
    expect(task.input.map(({ data }) => [...data])).toEqual([[...Buffer.from('"4242"')], [0, 255]]);
    await worker.report(task, { type: 'Complete', result: task.input.slice(0, 1) });
    expect(await result).toBe('4242');
  });

  test('gives its result to every handle, as often as it is asked', async () => {
    const handle = await client.start('charge', options);
    const waiting = handle.result();
    const task = await worker.next();
    await worker.report(task, { type: 'Complete', result: [] });
    expect(await waiting).toBeUndefined();
    expect(await handle.result()).toBeUndefined();
    expect(await client.getHandle(handle.activityId).result()).toBeUndefined();
    expect(await client.getHandle(handle.activityId, handle.runId).result()).toBeUndefined();
  });

  test('that fails gives its chain of causes', async () => {
    const handle = await client.start('charge', { ...options, retry: { maximumAttempts: 1 } });
    await worker.next();
    const cause = ApplicationFailure.create({ message: 'inner', type: 'Inner', details: [{ code: 7 }] });
    await client.fail({ activityId: handle.activityId }, new Error('outer', { cause }));
    const error = await failed(handle.result());
    expect(error).toBeInstanceOf(ActivityFailedError);
    expect(error).toMatchObject({
      activityId: handle.activityId,
      status: 'failed',
      retryState: 'maximum-attempts-reached',
    });
    expect((error as ActivityFailedError).cause).toMatchObject({ message: 'outer', type: 'Error' });
    expect((error as ActivityFailedError).cause.cause).toMatchObject({
      message: 'inner',
      type: 'Inner',
      details: [{ code: 7 }],
    });
  });

  test('and that nobody runs times out', async () => {
    const error = await failed(
      client.execute('charge', { ...idle, timeouts: { scheduleToStart: 300, startToClose: 1 } }),
    );
    expect(error).toMatchObject({ status: 'timed-out', retryState: 'timeout' });
    expect((error as ActivityFailedError).cause).toBeInstanceOf(TimeoutFailure);
    expect((error as ActivityFailedError).cause).toMatchObject({ timeoutType: 'schedule-to-start' });
  });

  test('can be described while it waits, runs, backs off, and after its end', async () => {
    const handle = await client.start('charge', { ...options, retry: { initialInterval: '30s' } });
    const task = await worker.next();
    expect(await handle.describe()).toMatchObject({
      status: 'running',
      runState: 'started',
      attempt: 1,
      lastWorkerIdentity: 'hand-worker',
    });
    await client.heartbeat(task.taskToken, { position: 3 });
    expect(await handle.describe()).toMatchObject({ heartbeatDetails: { position: 3 }, heartbeatCount: 1 });
    await client.fail(task.taskToken, new Error('busy'));
    const described = await handle.describe();
    expect(described).toMatchObject({ runState: 'scheduled', attempt: 2, currentRetryIntervalMs: 30_000 });
    expect(described.lastFailure).toMatchObject({ message: 'busy' });
    expect(described.nextAttemptAt).toBeGreaterThan(Date.now());
    await handle.terminate('enough');
    expect(await handle.describe()).toMatchObject({ status: 'terminated', runState: 'unspecified', attempt: 2 });
  });
});

describe('an id', () => {
  test('is made up when there is none, and is not used twice', async () => {
    const handle = await client.start('charge', idle);
    expect(handle.activityId).toHaveLength(36);
    const error = await failed(client.start('charge', { ...idle, id: handle.activityId }));
    expect(error).toBeInstanceOf(ActivityAlreadyStartedError);
    expect(error).toMatchObject({ activityId: handle.activityId, runId: handle.runId });
    await handle.terminate();
  });

  test('gives the open activity when asked to', async () => {
    const id = uniqueName('charge');
    const first = await client.start('charge', { ...idle, id });
    const second = await client.start('charge', { ...idle, id, idConflictPolicy: 'use-existing' });
    expect(second.runId).toBe(first.runId);
    const result = client.execute('charge', { ...idle, id, idConflictPolicy: 'use-existing' });
    await client.complete({ activityId: id }, 'from outside');
    expect(await Promise.all([first.result(), second.result(), result])).toEqual([
      'from outside',
      'from outside',
      'from outside',
    ]);
  });

  test('is free again after the end, unless the policy says no', async () => {
    const id = uniqueName('charge');
    const first = await client.start('charge', { ...idle, id });
    await first.terminate();
    const rejected = await failed(client.start('charge', { ...idle, id, idReusePolicy: 'reject-duplicate' }));
    expect(rejected).toBeInstanceOf(ActivityAlreadyStartedError);
    const second = await client.start('charge', { ...idle, id, idReusePolicy: 'allow-duplicate-failed-only' });
    expect(second.runId).not.toBe(first.runId);
    await second.terminate();
  });

  test('asked for again with the same request id is the same activity, even when closed and at the same time', async () => {
    const [id, requestId] = [uniqueName('charge'), uniqueName('request')];
    const same = { ...idle, id, requestId };
    const [one, two] = await Promise.all([client.start('charge', same), client.start('charge', same)]);
    expect(one.runId).toBe(two.runId);
    await client.complete({ activityId: id }, 7);
    expect(await client.execute('charge', same)).toBe(7);
  });

  test('of nobody is not found', async () => {
    const handle = client.getHandle('nobody');
    for (const asked of [handle.result(), handle.describe(), handle.cancel(), handle.terminate()]) {
      expect(await failed(asked)).toBeInstanceOf(ActivityNotFoundError);
    }
  });
});

describe('an activity that is to end', () => {
  test('and that nobody runs is cancelled at once', async () => {
    const handle = await client.start('charge', idle);
    await handle.cancel('not needed');
    const error = await failed(handle.result());
    expect(error).toMatchObject({ status: 'canceled' });
    expect((error as ActivityFailedError).cause).toBeInstanceOf(CancelledFailure);
    expect((error as ActivityFailedError).cause).toMatchObject({ details: ['not needed'] });
    expect(await failed(handle.cancel())).toBeInstanceOf(RequestRefusedError);
  });

  test('and that runs learns of it, and agrees', async () => {
    const handle = await client.start('charge', options);
    const task = await worker.next();
    await handle.cancel('not needed');
    expect(await handle.describe()).toMatchObject({ runState: 'cancel-requested', cancelReason: 'not needed' });
    expect(await failed(client.heartbeat(task.taskToken))).toBeInstanceOf(ActivityCancelledError);
    await client.reportCancellation(task.taskToken, 'half done');
    const error = await failed(handle.result());
    expect((error as ActivityFailedError).cause).toMatchObject({ name: 'CancelledFailure', details: ['half done'] });
  });

  test('is terminated with a reason, and then takes no reports', async () => {
    const handle = await client.start('charge', options);
    const task = await worker.next();
    await handle.terminate('enough');
    const error = await failed(handle.result());
    expect((error as ActivityFailedError).cause).toBeInstanceOf(TerminatedFailure);
    expect((error as ActivityFailedError).cause).toMatchObject({ message: 'enough', identity: 'the client' });
    expect(await failed(client.complete(task.taskToken))).toBeInstanceOf(ActivityNotFoundError);
    expect(await failed(client.heartbeat(task.taskToken))).toBeInstanceOf(ActivityNotFoundError);
  });
});

describe('from outside its worker an activity', () => {
  test.each<{
    by: string;
    of: (task: {
      taskToken: Uint8Array;
      id: { activityId: string; runId: string };
    }) => Parameters<ActivityClient['complete']>[0];
  }>([
    { by: 'its task token', of: ({ taskToken }) => taskToken },
    { by: 'its task token in base64', of: ({ taskToken }) => Buffer.from(taskToken).toString('base64') },
    { by: 'its id', of: ({ id }) => ({ activityId: id.activityId }) },
    { by: 'id and run id', of: ({ id }) => ({ activityId: id.activityId, runId: id.runId }) },
  ])('is completed by $by, once', async ({ of }) => {
    const handle = await client.start('charge', options);
    const task = await worker.next();
    await client.complete(of(task), { receipt: 1 });
    expect(await handle.result()).toEqual({ receipt: 1 });
    expect(await failed(client.complete(of(task), 2))).toBeInstanceOf(ActivityNotFoundError);
  });

  test('takes no token of an attempt that is over', async () => {
    const handle = await client.start('charge', { ...options, retry: { initialInterval: 1 } });
    const first = await worker.next();
    await client.fail(first.taskToken, new Error('again'));
    const second = await worker.next();
    expect(second.attempt).toBe(2);
    expect(await failed(client.complete(first.taskToken))).toBeInstanceOf(ActivityNotFoundError);
    await client.complete(second.taskToken, 'second');
    expect(await handle.result()).toBe('second');
  });

  test('takes nothing that cannot be read or sent', async () => {
    expect(await failed(client.complete(Buffer.from('no token')))).toBeInstanceOf(TaskTokenError);
    expect(await failed(client.complete({ activityId: 'a' }, { n: 1n }))).toMatchObject({ field: 'result.n' });
    expect(await failed(client.complete({ activityId: 'a' }, new Uint8Array(3e6)))).toBeInstanceOf(
      InvalidActivityOptionsError,
    );
  });
});

test('a client that is closed fails whoever still waits; the activity goes on', async () => {
  const other = await ActivityClient.connect({ brokers: addresses.brokers.join(','), registry: addresses.registryUrl });
  const { activityId } = await other.start('charge', idle);
  const waiting = failed(other.getHandle(activityId).result());
  await other.close();
  expect(await waiting).toMatchObject({ code: 'RKT1201' });
  const handle = client.getHandle(activityId);
  expect(await handle.describe()).toMatchObject({ status: 'running' });
  await handle.terminate();
});

test('a client that reaches no broker says which', async () => {
  const nowhere = ActivityClient.connect({ brokers: 'localhost:1', registry: addresses.registryUrl });
  expect(await failed(nowhere)).toMatchObject({
    code: 'RKT1001',
    message: expect.stringContaining('localhost:1') as unknown,
  });
});
