import {
  ActivityAlreadyStartedError,
  ApplicationFailure,
  CancelledFailure,
  InvalidActivityOptionsError,
  RequestRefusedError,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type ActivityClient,
} from '@ratchet/client';
import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { Worker } from '@ratchet/worker';
import * as activities from './activities.fixture.ts';
import { reasonsSeen } from './reasons-seen.fixture.ts';
import { failed, RunStage } from './run-stage.fixture.ts';
import {
  ActivityFailure,
  CancellationScope,
  WorkflowRun,
  WorkflowRunClosedError,
  type ActivityCancellationType,
  type RunActivityOptions,
} from './index.ts';

const { brokers, registryUrl: registry } = connectBroker();
const taskQueue = uniqueName('workflow');
const options: RunActivityOptions = { taskQueue, timeouts: { startToClose: '60s', heartbeat: '30s' } };
/** Of a queue that nobody works on. */
const idle: RunActivityOptions = { ...options, taskQueue: uniqueName('nobody') };

let stage: RunStage;
let client: ActivityClient;
let worker: Worker;
let working: Promise<void>;

beforeAll(async () => {
  stage = await RunStage.open({ identity: 'the workflow' });
  ({ client } = stage);
  worker = await Worker.create({ brokers, registry, taskQueue, activities, identity: 'the worker' });
  working = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await working;
  await stage.close();
});

/** Resolves once a worker runs it and it has heartbeated. */
const running = (handle: { describe(): Promise<{ heartbeatCount: number }> }): Promise<unknown> =>
  eventually(async () => (await handle.describe()).heartbeatCount > 0);

describe('a run', () => {
  test('is open once, and another process goes on with it and its activities', async () => {
    const run = await stage.openRun();
    const again = await failed(WorkflowRun.open(client, { workflowId: run.workflowId }));
    expect(again).toBeInstanceOf(WorkflowExecutionAlreadyStartedError);
    expect(again).toMatchObject({ workflowId: run.workflowId, runId: run.runId });
    await run.startActivity('obey', { ...options, id: 'long' });

    const attached = await stage.attachTo(run);
    expect(attached.runId).toBe(run.runId);
    const long = attached.getActivityHandle('long');
    await running(long);
    await long.cancel('enough');
    expect(await failed(long.result())).toMatchObject({ activityType: 'obey', activityId: 'long' });
    await attached.complete();
    expect(await failed(WorkflowRun.attach(client, { workflowId: run.workflowId }))).toBeInstanceOf(
      WorkflowNotFoundError,
    );
  });

  test('that nobody opened is not found', async () => {
    const error = await failed(WorkflowRun.attach(client, { workflowId: uniqueName('nobody') }));
    expect(error).toBeInstanceOf(WorkflowNotFoundError);
  });

  test('executes its code and is closed as the code ends', async () => {
    const completed = await stage.openRun();
    expect(
      await completed.execute(async () =>
        completed.executeActivity<typeof activities>('greet', { ...options, args: ['Ada'] }),
      ),
    ).toBe('Hello, Ada!');
    expect(completed).toMatchObject({ status: 'closed', closeStatus: 'completed' });

    const failing = await stage.openRun();
    expect(await failed(failing.execute(() => failing.executeActivity('refuseCard', options)))).toBeInstanceOf(
      ActivityFailure,
    );
    expect(failing).toMatchObject({ status: 'closed', closeStatus: 'failed' });

    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    // Nothing of these may be looked at by the test, either.
    for (const thrown of [
      Object.assign(new Error(), { message: 404 }),
      '\ud800',
      'x'.repeat(2_000_000),
      revoked.proxy,
    ]) {
      const odd = await stage.openRun();
      const throwIt = async (): Promise<never> => {
        await Promise.resolve();
        throw thrown as Error;
      };
      const isThrown = await odd.execute(throwIt).catch((error: unknown) => error === thrown);
      expect([isThrown, odd.status, odd.closeStatus]).toEqual([true, 'closed', 'failed']);
    }

    const cancelled = await stage.openRun();
    const ended = failed(cancelled.execute(() => cancelled.executeActivity('greet', { ...idle, args: ['Ada'] })));
    await cancelled.cancel('enough');
    expect(await ended).toMatchObject({ name: 'ActivityFailure', cause: { name: 'CancelledFailure' } });
    expect(cancelled).toMatchObject({ status: 'closed', closeStatus: 'canceled' });
  });

  test('that is closed takes no activities and no second close, and the next one may open', async () => {
    const run = await stage.openRun();
    await run.terminate('wrong order');
    expect(await failed(run.startActivity('greet', options))).toBeInstanceOf(WorkflowRunClosedError);
    const executed = await failed(run.executeActivity('greet', options));
    expect(executed).toBeInstanceOf(WorkflowRunClosedError);
    expect((executed as Error).message).toMatch(/is closed: no activity can be scheduled in it/);
    expect(await failed(run.complete())).toBeInstanceOf(WorkflowNotFoundError);
    const next = await stage.openRun(run.workflowId);
    expect(await next.executeActivity<typeof activities>('greet', { ...options, args: ['Bob'] })).toBe('Hello, Bob!');
    const third = stage.keep(await next.continueAsNew(client));
    expect(third.workflowId).toBe(run.workflowId);
    expect(third.runId).not.toBe(next.runId);
  });

  test('that completes ends what is open in it: its caller hears it was terminated, its worker NOT_FOUND', async () => {
    const run = await stage.openRun();
    const handle = await run.startActivity('finishAllTheSame', options);
    await running(handle);
    await run.complete();
    const error = await failed(handle.result());
    expect(error).toBeInstanceOf(ActivityFailure);
    expect((error as ActivityFailure).cause).toBeInstanceOf(TerminatedFailure);
    expect((error as ActivityFailure).cause.message).toBe('workflow run closed');
    await eventually(() => reasonsSeen.get(handle.activityId) === 'NOT_FOUND');
  });
});

describe('an activity of a run', () => {
  test('has an id that is unique while it is open, and free again after', async () => {
    const run = await stage.openRun();
    const first = await run.startActivity('greet', { ...idle, id: 'same' });
    expect(await failed(run.startActivity('greet', { ...idle, id: 'same' }))).toBeInstanceOf(
      ActivityAlreadyStartedError,
    );
    await first.cancel();
    const second = await run.startActivity<typeof activities>('greet', { ...options, id: 'same', args: ['Eve'] });
    expect(await second.result()).toBe('Hello, Eve!');
    // The former life is gone: its handle must not get the result of another.
    expect(await failed(first.result())).toMatchObject({ name: 'ActivityNotFoundError' });
    await run.complete();
  });

  test('that fails says which it was, who ran it, and why there was no retry', async () => {
    const run = await stage.openRun();
    const error = await failed(run.executeActivity('refuseCard', { ...options, id: 'charge' }));
    expect(error).toBeInstanceOf(ActivityFailure);
    expect(error).toMatchObject({
      activityType: 'refuseCard',
      activityId: 'charge',
      identity: 'the worker',
      retryState: 'non-retryable-failure',
    });
    const { cause } = error as ActivityFailure;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause).toMatchObject({ message: 'card refused', type: 'CardRefused', details: [{ code: 7 }] });

    const late = await failed(
      run.executeActivity('greet', { ...idle, timeouts: { scheduleToStart: 200, startToClose: 1 } }),
    );
    expect(late).toMatchObject({ identity: '', retryState: 'timeout' });
    expect((late as ActivityFailure).cause).toBeInstanceOf(TimeoutFailure);
    await run.complete();
  });

  test('with wrong options is never sent', async () => {
    const run = await stage.openRun();
    const wrong = { ...options, cancellationType: 'PERHAPS' as ActivityCancellationType };
    expect(await failed(run.executeActivity('greet', wrong))).toBeInstanceOf(InvalidActivityOptionsError);
    const untimed = { ...options, timeouts: {} as RunActivityOptions['timeouts'] };
    expect(await failed(run.executeActivity('greet', untimed))).toBeInstanceOf(InvalidActivityOptionsError);
    await run.complete();
  });
});

describe('a cancelled scope', () => {
  const cases: readonly {
    readonly type: ActivityCancellationType;
    readonly activity: 'obey' | 'finishAllTheSame';
    /** What whoever waits in the scope gets. */
    readonly caller: object | string;
    /** How the activity ends, be it later. */
    readonly ends: string;
  }[] = [
    { type: 'TRY_CANCEL', activity: 'obey', caller: { cause: { name: 'CancelledFailure' } }, ends: 'canceled' },
    {
      type: 'TRY_CANCEL',
      activity: 'finishAllTheSame',
      caller: { cause: { name: 'CancelledFailure' } },
      ends: 'completed',
    },
    {
      type: 'WAIT_CANCELLATION_COMPLETED',
      activity: 'obey',
      caller: { cause: { name: 'CancelledFailure' }, identity: 'the worker' },
      ends: 'canceled',
    },
    {
      type: 'WAIT_CANCELLATION_COMPLETED',
      activity: 'finishAllTheSame',
      caller: 'finished after CANCELLED',
      ends: 'completed',
    },
    { type: 'ABANDON', activity: 'obey', caller: { cause: { name: 'CancelledFailure' } }, ends: 'running' },
  ];
  test.each(cases)('$type of one that would $activity', async ({ type, activity, caller, ends }) => {
    const run = await stage.openRun();
    const scope = new CancellationScope();
    const handle = await scope.run(() => run.startActivity(activity, { ...options, cancellationType: type }));
    // The handle belongs to the scope even when that has run out.
    const again = await new CancellationScope().run(() =>
      run.startActivity(activity, { ...options, cancellationType: type }),
    );
    await Promise.all([running(handle), running(again)]);
    const inScope = new CancellationScope();
    const waiting = inScope.run(() =>
      run.executeActivity(activity, { ...options, id: 'executed', cancellationType: type }),
    );
    const executed = run.getActivityHandle('executed');
    await eventually(() => running(executed));
    scope.cancel('enough');
    inScope.cancel('enough');
    const outcome = await waiting.catch((error: unknown) => error);
    if (typeof caller === 'string') expect(outcome).toBe(caller);
    else
      expect(outcome).toMatchObject({
        name: 'ActivityFailure',
        activityType: activity,
        activityId: 'executed',
        ...caller,
      });
    if (typeof caller === 'string') expect(await handle.result()).toBe(caller);
    else expect(await failed(handle.result())).toMatchObject(caller);
    await eventually(async () => {
      expect((await executed.describe()).status).toBe(ends);
    });
    expect((await again.describe()).runState).toBe('started');
    await run.complete();
  });

  test('starts nothing more, but behind a shield', async () => {
    const run = await stage.openRun();
    await CancellationScope.cancellable(async () => {
      CancellationScope.current()?.cancel('enough');
      expect(await failed(run.executeActivity('greet', options))).toBeInstanceOf(CancelledFailure);
      const cleanup = CancellationScope.nonCancellable(() =>
        run.executeActivity<typeof activities>('greet', { ...options, args: ['shield'] }),
      );
      expect(await cleanup).toBe('Hello, shield!');
    });
    await run.complete();
  });
});

describe('the cancel of a run', () => {
  test('reaches its activities and its scope in every process, but not what is behind a shield or abandoned', async () => {
    const run = await stage.openRun();
    const open = await run.startActivity('obey', options);
    const shielded = await CancellationScope.nonCancellable(() => run.startActivity('obey', options));
    const abandoned = await run.startActivity('obey', { ...options, cancellationType: 'ABANDON' });
    await Promise.all([open, shielded, abandoned].map(running));

    const elsewhere = await stage.attachTo(run, { takeOver: false });
    await elsewhere.cancel('order withdrawn');
    await expect(run.scope.cancelRequested).rejects.toThrow('order withdrawn');
    expect(run.cancelRequest).toEqual(expect.objectContaining({ reason: 'order withdrawn', identity: 'the workflow' }));
    expect(run.status).toBe('cancel-requested');
    expect(await failed(elsewhere.cancel('again'))).toBeInstanceOf(RequestRefusedError);

    expect(await failed(open.result())).toMatchObject({ cause: { name: 'CancelledFailure' }, identity: 'the worker' });
    for (const spared of [shielded, abandoned]) expect((await spared.describe()).runState).toBe('started');
    expect(
      await CancellationScope.nonCancellable(() => run.executeActivity('greet', { ...options, args: ['cleanup'] })),
    ).toBe('Hello, cleanup!');
    await run.reportCancellation();
    expect(run.closeStatus).toBe('canceled');
    await eventually(() => elsewhere.closeStatus === 'canceled');
  });
});
