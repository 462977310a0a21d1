import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { createTokenSigner, decodeTaskToken } from '@ratchet/protocol';
import { startCluster, uniqueName } from '@ratchet/testing';
import type { temporal } from '@temporalio/proto';
import type { RequestOf } from './handler.ts';
import { numbersOf } from './wire/proto.ts';
import { errorOf, WireClient } from './wire-client.fixture.ts';

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let client: WireClient;
beforeAll(async () => {
  ratchet = await startCluster();
  client = new WireClient(ratchet.grpcAddress);
}, 120_000);
afterAll(async () => {
  client.close();
  await ratchet.stop();
});

const { 'use-existing': useExisting } = numbersOf<'use-existing', temporal.api.enums.v1.ActivityIdConflictPolicy>(
  'ActivityIdConflictPolicy',
  { 'use-existing': true },
);
const { 'reject-duplicate': rejectDuplicate, 'allow-duplicate-failed-only': failedOnly } = numbersOf<
  'reject-duplicate' | 'allow-duplicate-failed-only',
  temporal.api.enums.v1.ActivityIdReusePolicy
>('ActivityIdReusePolicy', { 'reject-duplicate': true, 'allow-duplicate-failed-only': true });

const namespace = 'default';
const taskQueue = { name: uniqueName('grpc') };
const seconds = (count: number) => ({ seconds: count as never });
const json = (value: unknown) => ({
  payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) }],
});
const big = { payloads: [{ metadata: {}, data: Buffer.alloc(2 * 1024 * 1024 + 1) }] };
const textOf = (payloads: { payloads?: { data?: Uint8Array | null }[] | null } | null | undefined) =>
  payloads?.payloads?.map(({ data }) => Buffer.from(data ?? []).toString());

type Start = RequestOf<'startActivityExecution'>;
const startRequest = (more: Start = {}): Start => ({
  namespace,
  activityId: uniqueName('activity'),
  activityType: { name: 'charge' },
  taskQueue,
  startToCloseTimeout: seconds(30),
  input: json('4242'),
  ...more,
});
const start = async (more: Start = {}) => {
  const request = startRequest(more);
  const { runId, started } = await client.call('startActivityExecution', request);
  return { namespace, activityId: request.activityId ?? '', runId, started };
};
const poll = (more: RequestOf<'pollActivityTaskQueue'> = {}) =>
  client.call('pollActivityTaskQueue', { namespace, taskQueue, identity: 'poller', ...more }, { timeoutMs: 30_000 });
const result = async (ids: { activityId: string; runId: string }) =>
  (await client.call('pollActivityExecution', { namespace, ...ids }, { timeoutMs: 30_000 })).outcome;

describe('what a client asks first', () => {
  test('the system says what it can do', async () => {
    const { serverVersion, capabilities } = await client.call('getSystemInfo', {});
    expect(serverVersion).toMatch(/^\d+\.\d+\.\d+$/);
    expect(capabilities).toMatchObject({ activityFailureIncludeHeartbeat: true, encodedFailureAttributes: true });
    expect(capabilities?.nexus).toBe(false);
  });

  test('the default namespace is there', async () => {
    const { namespaceInfo, config } = await client.call('describeNamespace', { namespace });
    expect(namespaceInfo).toMatchObject({ name: 'default', state: 1, capabilities: { standaloneActivities: true } });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(86_400);
  });

  test('another is not, and every call says so with the detail that SDKs look for', async () => {
    const unknown = { code: 'NOT_FOUND', message: 'Namespace nowhere is not found.' };
    const detail = { type: 'NamespaceNotFoundFailure', namespace: 'nowhere' };
    for (const call of [
      client.call('describeNamespace', { namespace: 'nowhere' }),
      client.call('startActivityExecution', startRequest({ namespace: 'nowhere' })),
      client.call('describeActivityExecution', { namespace: 'nowhere', activityId: 'x' }),
    ]) {
      expect(await errorOf(call)).toEqual({ ...unknown, detail });
    }
    expect(await errorOf(client.call('startActivityExecution', startRequest({ namespace: '' })))).toEqual({
      code: 'INVALID_ARGUMENT',
      message: 'Namespace is empty.',
    });
  });

  test('a new one can be registered once, is listed, and keeps its activities to itself', async () => {
    const name = uniqueName('space');
    await client.call('registerNamespace', { namespace: name, workflowExecutionRetentionPeriod: seconds(3600) });
    expect(await errorOf(client.call('registerNamespace', { namespace: name }))).toEqual({
      code: 'ALREADY_EXISTS',
      message: 'Namespace already exists.',
      detail: { type: 'NamespaceAlreadyExistsFailure' },
    });
    const { namespaces } = await client.call('listNamespaces', {});
    expect(namespaces.map(({ namespaceInfo }) => namespaceInfo?.name)).toEqual(
      expect.arrayContaining(['default', name]),
    );
    const { activityId } = await start({ namespace: name });
    expect(await errorOf(client.call('describeActivityExecution', { namespace, activityId }))).toEqual({
      code: 'NOT_FOUND',
      message: `activity not found for ID: ${activityId}`,
    });
  });

  test('what Ratchet does not know it says', async () => {
    const unknown = await errorOf(client.call('startWorkflowExecution', { namespace }));
    expect(unknown).toMatchObject({ code: 'UNIMPLEMENTED' });
    expect(unknown.message).toContain('unknown method StartWorkflowExecution');
    expect(await errorOf(client.call('listActivityExecutions', { namespace }))).toMatchObject({
      code: 'UNIMPLEMENTED',
      message: expect.stringContaining('Ratchet keeps no lists of activities') as string,
    });
  });
});

describe('an activity', () => {
  test('runs: started, polled, completed, told', async () => {
    const ids = await start({ heartbeatTimeout: seconds(10) });
    expect(ids.started).toBe(true);
    const task = await poll();
    expect(task).toMatchObject({
      activityId: ids.activityId,
      activityRunId: ids.runId,
      workflowNamespace: namespace,
      attempt: 1,
    });
    expect(textOf(task.input)).toEqual(['"4242"']);
    // The SDK fails a task that misses one of these.
    const { scheduledTime, currentAttemptScheduledTime, startToCloseTimeout, scheduleToCloseTimeout } = task;
    for (const set of [scheduledTime, currentAttemptScheduledTime, startToCloseTimeout, scheduleToCloseTimeout]) {
      expect(set).not.toBeNull();
    }
    const done = { taskToken: task.taskToken, result: json('done'), identity: 'poller' };
    await client.call('respondActivityTaskCompleted', done);
    const outcome = await result(ids);
    expect(textOf(outcome?.result)).toEqual(['"done"']);
    const { info } = await client.call('describeActivityExecution', { namespace, activityId: ids.activityId });
    const searchAttributes = { indexedFields: {} };
    expect(info).toMatchObject({ status: 2, runState: 0, attempt: 1, lastWorkerIdentity: 'poller', searchAttributes });
  });

  test('that gives nothing has a result all the same', async () => {
    const ids = await start();
    const { taskToken } = await poll();
    await client.call('respondActivityTaskCompleted', { taskToken });
    const outcome = await result(ids);
    expect(outcome?.result).not.toBeNull();
    expect(outcome?.failure ?? undefined).toBeUndefined();
  });

  test('that is there already is told to whom it is in the way', async () => {
    const ids = await start({ requestId: 'first' });
    const again = (more: Start) =>
      client.call('startActivityExecution', startRequest({ activityId: ids.activityId, ...more }));
    expect(await errorOf(again({}))).toEqual({
      code: 'ALREADY_EXISTS',
      message: 'activity execution already started',
      detail: { type: 'ActivityExecutionAlreadyStartedFailure', runId: ids.runId, startRequestId: 'first' },
    });
    expect(await again({ requestId: 'first' })).toMatchObject({ runId: ids.runId, started: false });
    expect(await again({ idConflictPolicy: useExisting })).toMatchObject({ runId: ids.runId, started: false });
    await client.call('terminateActivityExecution', { ...ids, reason: 'enough' });
    expect(await errorOf(again({ idReusePolicy: rejectDuplicate }))).toMatchObject({ code: 'ALREADY_EXISTS' });
    expect(await again({ idReusePolicy: failedOnly, taskQueue: { name: uniqueName('nobody') } })).toMatchObject({
      started: true,
    });
  });

  test('fails, is tried again with what it last said, and its first token is stale then', async () => {
    const ids = await start({ retryPolicy: { initialInterval: { nanos: 50_000_000 } } });
    const first = await poll();
    await client.call('recordActivityTaskHeartbeat', { taskToken: first.taskToken, details: json(7) });
    const failure = { message: 'busy', applicationFailureInfo: { type: 'Busy' } };
    await client.call('respondActivityTaskFailed', { taskToken: first.taskToken, failure });
    const second = await poll();
    expect(second.attempt).toBe(2);
    expect(textOf(second.heartbeatDetails)).toEqual(['7']);
    const stale = { code: 'NOT_FOUND', message: `activity not found for ID: ${ids.activityId}` };
    expect(await errorOf(client.call('respondActivityTaskCompleted', { taskToken: first.taskToken }))).toEqual(stale);
    const { info } = await client.call('describeActivityExecution', { ...ids, includeLastFailure: true });
    expect(info?.lastFailure).toMatchObject({ message: 'busy', applicationFailureInfo: { type: 'Busy' } });
    await client.call('respondActivityTaskCompletedById', { ...ids, workflowId: '', result: json('by id') });
    expect(textOf((await result(ids))?.result)).toEqual(['"by id"']);
    expect(await errorOf(client.call('respondActivityTaskCompleted', { taskToken: second.taskToken }))).toEqual(stale);
  });

  test('learns by its heartbeats that it is to pause, to begin anew, and to stop', async () => {
    const ids = await start();
    const { taskToken } = await poll();
    const beat = () => client.call('recordActivityTaskHeartbeat', { taskToken });
    expect(await beat()).toMatchObject({ cancelRequested: false, activityPaused: false, activityReset: false });
    await client.call('pauseActivityExecution', { ...ids, requestId: randomUUID() });
    expect(await beat()).toMatchObject({ activityPaused: true });
    await client.call('unpauseActivityExecution', { ...ids, requestId: randomUUID() });
    await client.call('resetActivityExecution', { ...ids, requestId: randomUUID() });
    expect(await beat()).toMatchObject({ activityReset: true, activityPaused: false });
    const requestId = randomUUID();
    await client.call('requestCancelActivityExecution', { ...ids, requestId, reason: 'why' });
    await client.call('requestCancelActivityExecution', { ...ids, requestId, reason: 'why' });
    expect(await errorOf(client.call('requestCancelActivityExecution', { ...ids, requestId: 'other' }))).toEqual({
      code: 'FAILED_PRECONDITION',
      message: `cancellation already requested with request ID ${requestId}`,
    });
    expect(await beat()).toMatchObject({ cancelRequested: true, activityReset: false });
    await client.call('respondActivityTaskCanceled', { taskToken, details: json('half') });
    const outcome = await result(ids);
    expect(outcome?.failure).toMatchObject({ message: 'Activity canceled' });
    expect(textOf(outcome?.failure?.canceledFailureInfo?.details)).toEqual(['"half"']);
  });

  test('gets other options while it runs', async () => {
    const ids = await start({ taskQueue: { name: uniqueName('nobody') } });
    const { activityOptions } = await client.call('updateActivityExecutionOptions', {
      ...ids,
      activityOptions: { heartbeatTimeout: seconds(7), startToCloseTimeout: seconds(99) },
      updateMask: { paths: ['heartbeat_timeout'] },
    });
    expect(Number(activityOptions?.heartbeatTimeout?.seconds)).toBe(7);
    expect(Number(activityOptions?.startToCloseTimeout?.seconds)).toBe(30);
  });

  test('that is deleted is gone, and its id is free', async () => {
    const ids = await start({ taskQueue: { name: uniqueName('nobody') } });
    await client.call('deleteActivityExecution', ids);
    const gone = { code: 'NOT_FOUND', message: `activity not found for ID: ${ids.activityId}` };
    expect(await errorOf(client.call('deleteActivityExecution', ids))).toEqual(gone);
    expect(await errorOf(client.call('describeActivityExecution', ids))).toEqual(gone);
    const again = await start({
      activityId: ids.activityId,
      idReusePolicy: rejectDuplicate,
      taskQueue: { name: uniqueName('x') },
    });
    expect(again.started).toBe(true);
  });
});

describe('waiting', () => {
  test('for a task needs a deadline, and ends before it', async () => {
    const request = { namespace, taskQueue: { name: uniqueName('nobody') } };
    const call = (timeoutMs: number | null) => client.call('pollActivityTaskQueue', request, { timeoutMs });
    expect(await errorOf(call(null))).toEqual({ code: 'INVALID_ARGUMENT', message: 'Context timeout is not set.' });
    expect(await errorOf(call(1_500))).toEqual({
      code: 'FAILED_PRECONDITION',
      message: 'Context timeout is too short.',
    });
    expect((await call(4_000)).taskToken).toHaveLength(0);
  });

  test('for an outcome ends before the deadline, empty', async () => {
    const ids = await start({ taskQueue: { name: uniqueName('nobody') } });
    const { outcome } = await client.call('pollActivityExecution', ids, { timeoutMs: 2_000 });
    expect(outcome ?? undefined).toBeUndefined();
  });

  test('for a change ends with it', async () => {
    const ids = await start({ taskQueue: { name: uniqueName('nobody') } });
    const { longPollToken } = await client.call('describeActivityExecution', ids);
    const waiting = client.call('describeActivityExecution', { ...ids, longPollToken });
    await client.call('pauseActivityExecution', ids);
    expect((await waiting).info).toMatchObject({ status: 7 });
    expect(await errorOf(client.call('describeActivityExecution', { ...ids, runId: '', longPollToken }))).toEqual({
      code: 'INVALID_ARGUMENT',
      message: 'run id is required when long poll token is provided',
    });
  });

  test('of a worker that shuts down ends at once, and its task goes to another', async () => {
    const queue = { name: uniqueName('shutdown') };
    const waiting = poll({ taskQueue: queue, workerInstanceKey: 'worker-1' });
    await client.call('shutdownWorker', { namespace, workerInstanceKey: 'worker-1' });
    expect((await waiting).taskToken).toHaveLength(0);
    const ids = await start({ taskQueue: queue });
    expect((await poll({ taskQueue: queue, workerInstanceKey: 'worker-2' })).activityId).toBe(ids.activityId);
  });

  test('of a poller that goes loses no task', async () => {
    const queue = { name: uniqueName('gone') };
    const first = await start({ taskQueue: queue });
    expect(await poll({ taskQueue: queue })).toMatchObject({ activityId: first.activityId });
    const gone = new AbortController();
    const request = { namespace, taskQueue: queue };
    const lost = client.call('pollActivityTaskQueue', request, { timeoutMs: 30_000, signal: gone.signal });
    // It goes when its call has gone out, and before there is a task: an answer under way would be lost with it.
    await pause(200);
    gone.abort();
    expect(await errorOf(lost)).toMatchObject({ code: 'CANCELLED' });
    const { activityId } = await start({ taskQueue: queue });
    expect(await poll({ taskQueue: queue })).toMatchObject({ activityId, attempt: 1 });
  });
});

describe('a task token', () => {
  const complete = (taskToken: Uint8Array, more: { namespace?: string } = {}) =>
    errorOf(client.call('respondActivityTaskCompleted', { taskToken, ...more }));

  test('that is none of ours is refused before anything is asked', async () => {
    const ids = await start();
    const { taskToken } = await poll();
    const invalid = (message: string) => ({ code: 'INVALID_ARGUMENT', message });
    const forged = createTokenSigner('a secret of someone else').sign(decodeTaskToken(taskToken));
    expect(await complete(new Uint8Array())).toEqual(invalid('Task token not set on request.'));
    expect(await complete(Buffer.from('nonsense'))).toEqual(invalid('Error deserializing task token.'));
    expect(await complete(taskToken.subarray(0, -1))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await complete(forged)).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await complete(taskToken, { namespace: 'other' })).toEqual(
      invalid('Operation requested with a token from a different namespace.'),
    );
    await client.call('respondActivityTaskCompleted', { taskToken, namespace: 'default' });
    expect(await complete(taskToken)).toEqual({
      code: 'NOT_FOUND',
      message: `activity not found for ID: ${ids.activityId}`,
    });
  });
});

describe('what is too large', () => {
  test.each<{ what: string; send: (taskToken: Uint8Array) => Promise<unknown>; failure: string }>([
    {
      what: 'a result',
      send: (taskToken) => client.call('respondActivityTaskCompleted', { taskToken, result: big }),
      failure: 'Complete result exceeds size limit.',
    },
    {
      what: 'the details of a heartbeat',
      send: async (taskToken) => {
        const answer = await client.call('recordActivityTaskHeartbeat', { taskToken, details: big });
        expect(answer.cancelRequested).toBe(true);
      },
      failure: 'Heartbeat details exceed size limit.',
    },
    {
      what: 'the details of a cancellation',
      send: (taskToken) => client.call('respondActivityTaskCanceled', { taskToken, details: big }),
      failure: 'Cancel details exceed size limit.',
    },
    {
      what: 'a failure',
      send: async (taskToken) => {
        const failure = { message: 'big', applicationFailureInfo: { details: big } };
        const { failures } = await client.call('respondActivityTaskFailed', { taskToken, failure });
        expect(failures.map(({ message }) => message)).toEqual(['Failure exceeds size limit.']);
      },
      failure: 'Failure exceeds size limit.',
    },
  ])('$what fails the activity, and the call is answered', async ({ send, failure }) => {
    const ids = await start();
    const { taskToken } = await poll();
    await send(taskToken);
    const outcome = await result(ids);
    expect(outcome?.failure).toMatchObject({ message: failure, serverFailureInfo: { nonRetryable: true } });
  });

  test('an input is refused', async () => {
    expect(await errorOf(client.call('startActivityExecution', startRequest({ input: big })))).toEqual({
      code: 'INVALID_ARGUMENT',
      message: 'input exceeds length limit',
    });
  });
});

describe('a task queue', () => {
  const polled = async (more: RequestOf<'pollActivityTaskQueue'>) => (await poll(more)).priority?.priorityKey;

  test('hands out no more tasks a second than it was asked to, to all pollers together', async () => {
    const limited = { taskQueue: { name: uniqueName('limited') } };
    const nine = Array.from({ length: 9 }, () => start(limited));
    await Promise.all(nine);
    const begun = performance.now();
    const taskQueueMetadata = { maxTasksPerSecond: { value: 4 } };
    await Promise.all(nine.map(() => poll({ ...limited, taskQueueMetadata })));
    // A second's worth may come at once; the other five are a quarter of a second apart.
    expect(performance.now() - begun).toBeGreaterThan(1200);
  });

  test('hands out what is urgent first', async () => {
    const ordered = { taskQueue: { name: uniqueName('ordered') } };
    const ask = (priorityKey: number) => start({ ...ordered, priority: { priorityKey } });
    // Each level is in use, and known to the gateway, before it counts.
    for (const level of [1, 3, 5]) expect([await ask(level), await polled(ordered)]).toMatchObject([{}, level]);
    for (const level of [5, 3, 1, 3]) await ask(level);
    // What has not reached the gateway yet cannot be in its order.
    await pause(2_000);
    for (const level of [1, 3, 3, 5]) expect(await polled(ordered)).toBe(level);
  });
});

test('bytes that are no message are refused as such', async () => {
  const method = 'temporal.api.workflowservice.v1.WorkflowService/StartActivityExecution';
  expect(await errorOf(client.callRaw(method, Buffer.from('ffffffff', 'hex')))).toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('health says that it serves', async () => {
  const name = Buffer.from(`\n\x2ftemporal.api.workflowservice.v1.WorkflowService`);
  expect(await client.callRaw('grpc.health.v1.Health/Check', name)).toEqual(Buffer.from([8, 1]));
});

describe('what a closed activity shows', () => {
  const summary = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"a charge"') };
  const link = { activity: { namespace, activityId: 'parent', runId: randomUUID() } };

  test('is what it showed when it was open: what it was given, its limits, its last heartbeat, its worker', async () => {
    const ids = await start({
      scheduleToCloseTimeout: seconds(60),
      heartbeatTimeout: seconds(20),
      priority: { fairnessKey: 'tenant' },
      header: { fields: { trace: summary } },
      userMetadata: { summary },
      links: [link],
    });
    const client = new WireClient(ratchet.grpcAddress);
    const headers = { 'client-name': 'temporal-go', 'client-version': '1.51.0' };
    const { taskToken } = await client.call(
      'pollActivityTaskQueue',
      { namespace, taskQueue },
      { timeoutMs: 30_000, headers },
    );
    await client.call('recordActivityTaskHeartbeat', { namespace, taskToken, details: json('page 3') });
    const all = { includeInput: true, includeOutcome: true, includeHeartbeatDetails: true, includeLastFailure: true };
    const described = () =>
      client.call('describeActivityExecution', { namespace, activityId: ids.activityId, runId: ids.runId, ...all });
    const open = await described();
    await client.call('respondActivityTaskCompleted', {
      namespace,
      taskToken,
      result: json('paid'),
      identity: 'someone',
    });
    const closed = await described();
    client.close();

    expect(textOf(closed.input)).toEqual(['"4242"']);
    expect(textOf(closed.outcome?.result)).toEqual(['"paid"']);
    const kept = [
      'scheduleToCloseTimeout',
      'scheduleToStartTimeout',
      'startToCloseTimeout',
      'heartbeatTimeout',
      'retryPolicy',
      'priority',
      'header',
      'heartbeatDetails',
      'lastHeartbeatTime',
      'lastStartedTime',
      'expirationTime',
      'executionTime',
      'userMetadata',
      'links',
      'sdkName',
      'sdkVersion',
      'totalHeartbeatCount',
    ] as const;
    for (const field of kept) expect([field, closed.info?.[field]]).toEqual([field, open.info?.[field]]);
    expect(closed.info).toMatchObject({
      sdkName: 'temporal-go',
      sdkVersion: '1.51.0',
      lastWorkerIdentity: 'someone',
      priority: { fairnessKey: 'tenant', priorityKey: 0 },
      links: [{ activity: { activityId: 'parent' } }],
    });
    expect(Number(closed.info?.stateTransitionCount)).toBeGreaterThan(Number(open.info?.stateTransitionCount));
    expect(Number(closed.info?.stateSizeBytes)).toBeGreaterThan(100);
    expect(closed.info?.startDelay ?? null).toBeNull();
    expect(closed.info?.lastAttemptCompleteTime).toEqual(closed.info?.closeTime);
  });

  test('operators repeat what they asked for, and it is known', async () => {
    const ids = { namespace, activityId: (await start()).activityId };
    const requestId = randomUUID();
    await client.call('pauseActivityExecution', { ...ids, requestId });
    await client.call('terminateActivityExecution', { ...ids, reason: 'enough' });
    await client.call('pauseActivityExecution', { ...ids, requestId });
    expect((await errorOf(client.call('pauseActivityExecution', ids))).code).toBe('FAILED_PRECONDITION');
  });

  test('a long poll token of another activity says nothing of one that is not there', async () => {
    const ids = await start();
    const named = { namespace, activityId: ids.activityId, runId: ids.runId };
    const { longPollToken } = await client.call('describeActivityExecution', named);
    const another = await start();
    const asked = { namespace, runId: randomUUID(), longPollToken };
    expect(await errorOf(client.call('describeActivityExecution', { ...asked, activityId: 'nobody' }))).toEqual({
      code: 'NOT_FOUND',
      message: 'activity not found for ID: nobody',
    });
    const other = { namespace, activityId: another.activityId, runId: another.runId, longPollToken };
    expect((await errorOf(client.call('describeActivityExecution', other))).message).toBe(
      'long poll token does not match execution',
    );
  });

  test('a start that finds its id in use leaves its request id only if it asks for that', async () => {
    const { activityId } = await start();
    const again = startRequest({ activityId, requestId: randomUUID(), idConflictPolicy: useExisting });
    expect((await client.call('startActivityExecution', again)).started).toBe(false);
    await client.call('terminateActivityExecution', { namespace, activityId });
    expect((await client.call('startActivityExecution', again)).started).toBe(true);
  });

  test('search attributes are those of the system', async () => {
    const { systemAttributes } = await client.call('listSearchAttributes', { namespace });
    expect(systemAttributes).toMatchObject({ ExecutionStatus: 2, ActivityType: 2 });
    const refused = await errorOf(
      client.call('addSearchAttributes', { namespace, searchAttributes: { City: 2 as never } }),
    );
    expect(refused.code).toBe('INVALID_ARGUMENT');
    expect(refused.message).toContain('cannot have more than 0 search attribute of type Keyword');
  });

  test('has room for input, heartbeat details and result of 2 MiB each, asked for apart', async () => {
    const large = { payloads: [{ metadata: {}, data: Buffer.alloc(2 * 1024 * 1024 - 100, 7) }] };
    const ids = await start({ input: large, heartbeatTimeout: seconds(20) });
    const named = { namespace, activityId: ids.activityId, runId: ids.runId };
    await client.call('respondActivityTaskCompletedById', { ...named, result: large });
    const { info } = await client.call('describeActivityExecution', named);
    expect(info).toMatchObject({ status: 2 });
    expect(Number(info?.stateSizeBytes)).toBeGreaterThan(4 * 1024 * 1024 - 1000);
    const { input } = await client.call('describeActivityExecution', { ...named, includeInput: true });
    expect(input?.payloads?.[0]?.data?.length).toBe(2 * 1024 * 1024 - 100);
    const { outcome } = await client.call('describeActivityExecution', { ...named, includeOutcome: true });
    expect(outcome?.result?.payloads?.[0]?.data?.length).toBe(2 * 1024 * 1024 - 100);
    const url = `${ratchet.httpUrl}/api/v1/namespaces/${namespace}/activities/${ids.activityId}`;
    expect((await fetch(url)).status).toBe(200);
  });
});
