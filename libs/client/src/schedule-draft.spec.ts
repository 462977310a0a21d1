import { loadDataConverter } from '@ratchet/protocol';
import { InvalidActivityOptionsError } from './errors.ts';
import { scheduleDraft } from './schedule-draft.ts';
import type { AnyStartOptions } from './start-activity-options.ts';

const asker = { namespace: 'default', identity: 'me', converter: loadDataConverter() };
const minimal: AnyStartOptions = { taskQueue: 'q', timeouts: { startToClose: '30s' } };
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const draftOf = (options: Partial<AnyStartOptions>, activityType = 'charge') =>
  scheduleDraft(activityType, { ...minimal, ...options }, asker);

describe('a Schedule', () => {
  test('has ids of its own making, and the defaults', async () => {
    const draft = await draftOf({});
    expect(draft).toMatchObject({
      type: 'Schedule',
      activityType: 'charge',
      identity: 'me',
      target: {
        namespace: 'default',
        workflowId: '',
        activityId: like(uuid),
        runId: like(uuid),
      },
      requestId: like(uuid),
      options: { taskQueue: 'q', startToCloseTimeoutMs: 30_000 },
      input: [],
      idReusePolicy: 'allow-duplicate',
      idConflictPolicy: 'fail',
      retentionMs: 86_400_000,
      shielded: false,
    });
  });

  test('says all that was asked for', async () => {
    const draft = await draftOf({
      id: 'charge-42',
      requestId: 'request-1',
      args: ['4242', 1999],
      timeouts: { scheduleToClose: '1h', scheduleToStart: 60_000, startToClose: '30s', heartbeat: '5s' },
      retry: {
        initialInterval: 100,
        backoffCoefficient: 1.5,
        maximumInterval: '10s',
        maximumAttempts: 3,
        nonRetryableErrorTypes: ['Declined'],
      },
      idReusePolicy: 'reject-duplicate',
      idConflictPolicy: 'use-existing',
      startDelay: '2s',
      retention: '1m',
    });
    expect(draft).toMatchObject({
      target: { activityId: 'charge-42' },
      requestId: 'request-1',
      options: {
        taskQueue: 'q',
        scheduleToCloseTimeoutMs: 3_600_000,
        scheduleToStartTimeoutMs: 60_000,
        startToCloseTimeoutMs: 30_000,
        heartbeatTimeoutMs: 5_000,
        startDelayMs: 2_000,
        retryPolicy: {
          initialIntervalMs: 100,
          backoffCoefficient: 1.5,
          intervalMsMax: 10_000,
          attemptsMax: 3,
          nonRetryableErrorTypes: ['Declined'],
        },
      },
      idReusePolicy: 'reject-duplicate',
      idConflictPolicy: 'use-existing',
      retentionMs: 60_000,
    });
    expect(draft.input.map(({ data }) => Buffer.from(data).toString())).toEqual(['"4242"', '1999']);
  });

  test('takes a hole in the arguments for what it is to a function: undefined', async () => {
    const args: unknown[] = [];
    args[1] = 1;
    const draft = await draftOf({ args });
    expect(draft.input).toHaveLength(2);
  });
});

const circle: Record<string, unknown> = {};
circle['me'] = circle;
const wrong = (value: unknown): never => value as never;

describe('is refused before anything is sent', () => {
  test.each<{ given: string; options: Partial<AnyStartOptions>; field: string; message: string }>([
    {
      given: 'no timeout',
      options: { timeouts: wrong({}) },
      field: '',
      message: 'a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set',
    },
    {
      given: 'an unreadable duration',
      options: { timeouts: { startToClose: wrong('soon') } },
      field: 'timeouts.startToClose',
      message: "'soon'",
    },
    {
      given: 'a negative duration',
      options: { timeouts: { startToClose: -1 } },
      field: 'timeouts.startToClose',
      message: '-1',
    },
    {
      given: 'a duration of another type',
      options: { startDelay: wrong({}) },
      field: 'startDelay',
      message: 'of type object',
    },
    {
      given: 'an unreadable heartbeat timeout',
      options: { timeouts: { startToClose: 1, heartbeat: Number.NaN } },
      field: 'timeouts.heartbeat',
      message: 'NaN',
    },
    {
      given: 'an unreadable interval',
      options: { retry: { initialInterval: wrong('x') } },
      field: 'retry.initialInterval',
      message: "'x'",
    },
    {
      given: 'a coefficient below 1',
      options: { retry: { backoffCoefficient: 0.5 } },
      field: '',
      message: 'BackoffCoefficient cannot be less than 1',
    },
    {
      given: 'a coefficient of another type',
      options: { retry: { backoffCoefficient: wrong('2') } },
      field: 'retry.backoffCoefficient',
      message: "a number, but it is '2'",
    },
    {
      given: 'negative attempts',
      options: { retry: { maximumAttempts: -1 } },
      field: '',
      message: 'MaximumAttempts cannot be negative',
    },
    {
      given: 'intervals the wrong way round',
      options: { retry: { initialInterval: '2s', maximumInterval: '1s' } },
      field: '',
      message: 'MaximumInterval cannot be less than InitialInterval',
    },
    {
      given: 'an error type of another type',
      options: { retry: { nonRetryableErrorTypes: [wrong(7)] } },
      field: 'retry.nonRetryableErrorTypes[0]',
      message: '7',
    },
    {
      given: 'no timeouts',
      options: { timeouts: wrong(undefined) },
      field: 'timeouts',
      message: 'Expected to get timeouts as an object, but it is undefined',
    },
    {
      given: 'a timeout with a slip of the pen',
      options: { timeouts: { startToClose: 1, ...{ hearbeat: '1s' } } },
      field: 'timeouts.hearbeat',
      message: 'none with the name timeouts.hearbeat',
    },
    {
      given: 'an option of another library',
      options: wrong({ startToCloseTimeout: '1s' }),
      field: 'startToCloseTimeout',
      message: 'none with the name startToCloseTimeout',
    },
    { given: 'a retry that is null', options: { retry: wrong(null) }, field: 'retry', message: 'but it is null' },
    {
      given: 'arguments that are no list',
      options: { args: wrong('Ada') },
      field: 'args',
      message: "a list, but it is 'Ada'",
    },
    { given: 'no task queue', options: { taskQueue: '' }, field: '', message: 'taskQueue is not set' },
    {
      given: 'a task queue of another type',
      options: { taskQueue: wrong(undefined) },
      field: 'taskQueue',
      message: 'undefined',
    },
    { given: 'an empty id', options: { id: '' }, field: '', message: 'activityId is not set' },
    {
      given: 'a long id',
      options: { id: 'x'.repeat(1001) },
      field: '',
      message: 'activityId exceeds length limit. Length=1001 Limit=1000',
    },
    { given: 'an id of another type', options: { id: wrong(42) }, field: 'id', message: 'a string, but it is 42' },
    {
      given: 'a long request id',
      options: { requestId: 'x'.repeat(1001) },
      field: '',
      message: 'request ID exceeds length limit',
    },
    {
      given: 'an unknown policy',
      options: { idReusePolicy: wrong('never') },
      field: '',
      message: 'unsupported ID reuse policy: never',
    },
    {
      given: 'a BigInt',
      options: { args: [1, { cents: 5n }] },
      field: 'args[1].cents',
      message: 'args[1].cents as a payload, but it is a BigInt',
    },
    { given: 'a circle', options: { args: [circle] }, field: 'args[0].me', message: 'contains itself' },
    {
      given: 'a function',
      options: { args: [{ onDone: () => 1 }] },
      field: 'args[0].onDone',
      message: 'is a function',
    },
    {
      given: 'too much',
      options: { args: [new Uint8Array(2 ** 21), 1] },
      field: 'args',
      message: 'at most 2097152 bytes',
    },
  ])('$given', async ({ options, field, message }) => {
    const error: unknown = await draftOf(options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidActivityOptionsError);
    expect(error).toMatchObject({ field });
    expect((error as Error).message).toContain(message);
  });

  test('no options at all', async () => {
    await expect(scheduleDraft('charge', wrong(undefined), asker)).rejects.toThrow(
      'Expected to get the options as an object, but it is undefined',
    );
  });

  test('an empty activity type', async () => {
    await expect(draftOf({}, '')).rejects.toThrow('activityType is not set');
  });
});

test('the same request without an id starts the same activity, another request another', async () => {
  const idOf = async (options: Partial<AnyStartOptions>, activityType?: string): Promise<string> =>
    (await draftOf(options, activityType)).target.activityId;
  expect(await idOf({ requestId: 'order-1' })).toBe(await idOf({ requestId: 'order-1' }));
  expect(await idOf({ requestId: 'order-1', id: 'mine' })).toBe('mine');
  const ids = [
    await idOf({ requestId: 'order-1' }),
    await idOf({ requestId: 'order-2' }),
    await idOf({ requestId: 'order-1' }, 'ship'),
    await idOf({}),
    await idOf({}),
  ];
  expect(new Set(ids).size).toBe(ids.length);
});
