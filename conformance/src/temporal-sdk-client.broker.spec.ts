import {
  ActivityCancelledError,
  ActivityExecutionAlreadyStartedError,
  ActivityExecutionFailedError,
  ActivityNotFoundError,
  Client,
  Connection,
  isGrpcServiceError,
  type ActivityOptions,
  ServiceError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  ApplicationFailureCategory,
  CancelledFailure,
  TerminatedFailure,
} from '@temporalio/common';
import { uniqueName } from '@ratchet/testing';
import { causeOf } from './temporal/cause-of.fixture.ts';
import { serverUnderTest, type ServerUnderTest } from './temporal/server-under-test.ts';

// The SDK's client alone, unmodified: what it asks for is seen by what it throws and returns. Tasks are polled by its own
// service stub where a test needs one.

let server: ServerUnderTest;
let connection: Connection;
let client: Client;

const taskQueue = uniqueName('sdk-client');

beforeAll(async () => {
  server = await serverUnderTest();
  connection = await Connection.connect({ address: server.address });
  client = new Client({ connection });
});

afterAll(async () => {
  await connection.close();
  await server.stop();
});

const options = (more: Partial<ActivityOptions> = {}): ActivityOptions => ({
  id: uniqueName('activity'),
  taskQueue,
  startToCloseTimeout: '1 minute',
  ...more,
});

/** The task of an activity on a queue of its own. */
async function started(more: Partial<ActivityOptions> = {}) {
  const of = options({ taskQueue: uniqueName('sdk-client'), ...more });
  const handle = await client.activity.start('charge', of);
  const { taskToken } = await client.withDeadline(Date.now() + 60_000, () =>
    client.workflowService.pollActivityTaskQueue({
      namespace: 'default',
      taskQueue: { name: of.taskQueue },
      identity: 'conformance',
    }),
  );
  expect(taskToken.length).toBeGreaterThan(0);
  return { id: of.id, handle, taskToken };
}

describe('what is started', () => {
  test('is described as it was asked for', async () => {
    const of = options({
      scheduleToCloseTimeout: '5 minutes',
      heartbeatTimeout: '20 s',
      retry: { initialInterval: '2 s', maximumAttempts: 4 },
    });
    const handle = await client.activity.start('charge', of);
    expect(await handle.describe()).toMatchObject({
      activityId: of.id,
      activityRunId: handle.runId,
      activityType: 'charge',
      taskQueue,
      status: 'RUNNING',
      runState: 'SCHEDULED',
      attempt: 1,
      scheduleToCloseTimeoutMs: 300_000,
      startToCloseTimeoutMs: 60_000,
      heartbeatTimeoutMs: 20_000,
      retryPolicy: { initialInterval: 2000, maximumAttempts: 4, backoffCoefficient: 2 },
      hasResult: false,
    });
  });

  test('is found by its id alone', async () => {
    const of = options();
    const { runId } = await client.activity.start('charge', of);
    expect((await client.activity.getHandle(of.id).describe()).activityRunId).toBe(runId);
  });

  test('and its id is taken', async () => {
    const of = options();
    const { runId } = await client.activity.start('charge', of);
    const again = client.activity.start('charge', of);
    await expect(again).rejects.toBeInstanceOf(ActivityExecutionAlreadyStartedError);
    await expect(again).rejects.toMatchObject({ activityId: of.id, runId });
  });

  test('or used by who asks for that', async () => {
    const of = options();
    const { runId } = await client.activity.start('charge', of);
    const again = await client.activity.start('charge', { ...of, idConflictPolicy: 'USE_EXISTING' });
    expect(again.runId).toBe(runId);
  });
});

describe('what has ended', () => {
  test('leaves its id free', async () => {
    const { id, handle, taskToken } = await started();
    await client.activity.complete(taskToken, 'paid');
    const again = await client.activity.start('charge', options({ id }));
    expect(again.runId).not.toBe(handle.runId);
    expect(await handle.result()).toBe('paid');
  });

  test('unless duplicates are rejected', async () => {
    const { id, taskToken } = await started();
    await client.activity.complete(taskToken, 'paid');
    const again = client.activity.start('charge', options({ id, idReusePolicy: 'REJECT_DUPLICATE' }));
    await expect(again).rejects.toBeInstanceOf(ActivityExecutionAlreadyStartedError);
  });

  test('or are for what has failed', async () => {
    const of = options({ idReusePolicy: 'ALLOW_DUPLICATE_FAILED_ONLY' });
    const first = await client.activity.start('charge', of);
    await first.terminate('over');
    const second = await client.activity.start('charge', of);
    expect(second.runId).not.toBe(first.runId);
    await client.activity.complete({ activityId: of.id }, 'paid');
    await expect(client.activity.start('charge', of)).rejects.toBeInstanceOf(ActivityExecutionAlreadyStartedError);
  });

  test('cannot be cancelled', async () => {
    const handle = await client.activity.start('charge', options());
    await handle.terminate('over');
    await expect(handle.cancel('too late')).rejects.toMatchObject({
      cause: { details: 'activity is in terminal state Terminated' },
    });
  });
});

describe('who asks it to end', () => {
  test('has it cancelled at once when no worker has it', async () => {
    const handle = await client.activity.start('charge', options());
    await handle.cancel('no longer wanted');
    expect((await handle.describe()).status).toBe('CANCELED');
    const cause = await causeOf(handle.result());
    expect(cause).toBeInstanceOf(CancelledFailure);
    expect((cause as CancelledFailure).details).toEqual(['no longer wanted']);
  });

  test('has it terminated, with the reason', async () => {
    const { handle, taskToken } = await started();
    await handle.terminate('enough');
    const cause = await causeOf(handle.result());
    expect(cause).toBeInstanceOf(TerminatedFailure);
    expect(cause?.message).toBe('enough');
    await expect(client.activity.complete(taskToken, 'late')).rejects.toBeInstanceOf(ActivityNotFoundError);
  });
});

test('who waits for what is deleted is told, and then it is not there', async () => {
  const { id, handle } = await started();
  const waiting = handle.result().catch((error: unknown) => error);
  await client.workflowService.deleteActivityExecution({ namespace: 'default', activityId: id });
  // The wait may come after: then there is nothing to wait for.
  const told: unknown = await waiting;
  const reason: unknown = told instanceof ActivityExecutionFailedError ? told.cause : told;
  expect([TerminatedFailure, ActivityNotFoundError]).toContain((reason as Error).constructor);
  await expect(handle.describe()).rejects.toBeInstanceOf(ActivityNotFoundError);
});

describe('who completes it from outside', () => {
  test('does so by token', async () => {
    const { handle, taskToken } = await started();
    await client.activity.complete(taskToken, { amount: 7 });
    expect(await handle.result()).toEqual({ amount: 7 });
  });

  test('or by id', async () => {
    const { id, handle } = await started();
    await client.activity.complete({ activityId: id }, 'by id');
    expect(await handle.result()).toBe('by id');
  });

  test('once', async () => {
    const { taskToken } = await started();
    await client.activity.complete(taskToken, 1);
    await expect(client.activity.complete(taskToken, 2)).rejects.toBeInstanceOf(ActivityNotFoundError);
  });

  test.each(['token', 'id'] as const)('or fails it, by %s', async (by) => {
    const { id, handle, taskToken } = await started();
    const said = { message: 'card declined', type: 'Declined', nonRetryable: true };
    const failure = ApplicationFailure.create({
      ...said,
      details: [{ code: 51 }],
      category: ApplicationFailureCategory.BENIGN,
    });
    if (by === 'token') await client.activity.fail(taskToken, failure);
    else await client.activity.fail({ activityId: id }, failure);
    expect(await causeOf(handle.result())).toMatchObject({
      ...said,
      details: [{ code: 51 }],
      category: ApplicationFailureCategory.BENIGN,
    });
  });

  test.each(['token', 'id'] as const)(
    'learns of a cancellation by its heartbeat, and accepts it, by %s',
    async (by) => {
      const { id, handle, taskToken } = await started();
      await client.activity.heartbeat(taskToken, 'half');
      await handle.cancel('enough');
      if (by === 'token') {
        await expect(client.activity.heartbeat(taskToken, 'more')).rejects.toBeInstanceOf(ActivityCancelledError);
        await client.activity.reportCancellation(taskToken, 'stopped');
      } else {
        await expect(client.activity.heartbeat({ activityId: id })).rejects.toBeInstanceOf(ActivityCancelledError);
        await client.activity.reportCancellation({ activityId: id }, 'stopped');
      }
      const cause = await causeOf(handle.result());
      expect(cause).toBeInstanceOf(CancelledFailure);
      expect((cause as CancelledFailure).details).toEqual(['stopped']);
    },
  );

  test('and finds nothing that was never started', async () => {
    const nothing = client.activity.getHandle(uniqueName('nothing'));
    await expect(nothing.describe()).rejects.toBeInstanceOf(ActivityNotFoundError);
    await expect(nothing.result()).rejects.toBeInstanceOf(ActivityNotFoundError);
    await expect(nothing.cancel('x')).rejects.toBeInstanceOf(ActivityNotFoundError);
    await expect(nothing.terminate('x')).rejects.toBeInstanceOf(ActivityNotFoundError);
  });
});

describe('an operator', () => {
  test('pauses it and lets it go on', async () => {
    const handle = await client.activity.start('charge', options());
    await handle.pause({ reason: 'maintenance' });
    expect(await handle.describe()).toMatchObject({ status: 'PAUSED', runState: 'PAUSED' });
    await handle.unpause();
    expect(await handle.describe()).toMatchObject({ status: 'RUNNING', runState: 'SCHEDULED' });
  });

  test('changes its options and brings them back', async () => {
    const handle = await client.activity.start('charge', options());
    expect(await handle.updateOptions({ startToCloseTimeout: '10 s', heartbeatTimeout: '2 s' })).toMatchObject({
      startToCloseTimeout: 10_000,
      heartbeatTimeout: 2000,
    });
    expect(await handle.restoreOriginalOptions()).toMatchObject({ startToCloseTimeout: 60_000 });
    expect(await handle.describe()).toMatchObject({ startToCloseTimeoutMs: 60_000, heartbeatTimeoutMs: 0 });
  });
});

describe('what is not there', () => {
  test('is a namespace that nobody made', async () => {
    const elsewhere = new Client({ connection, namespace: uniqueName('elsewhere') });
    const error: unknown = await elsewhere.activity.start('charge', options()).catch((reason: unknown) => reason);
    expect((error as Error).name).toBe('NamespaceNotFoundError');
  });

  test('is a call that Temporal has and the server has not', async () => {
    const calling = client.workflowService.pollWorkflowTaskQueue({ namespace: 'default' });
    const error: unknown = await calling.catch((reason: unknown) => reason);
    expect(isGrpcServiceError(error) ? error.code : error).toBe(12);
    expect(error).not.toBeInstanceOf(ServiceError);
  });
});
