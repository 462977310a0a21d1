import type { Activity, Payloads } from '@ratchet/domain';
import { createTokenSigner, defaultPayloadConverter } from '@ratchet/protocol';
import type { ServiceLog } from '@ratchet/service-kit';
import SwaggerParser from '@apidevtools/swagger-parser';
import { apiKeyHash } from '../auth/api-keys.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import type { Caller, FrontDoor } from '../front-door/index.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { httpClient, type CallHttp } from './http-client.fixture.ts';
import { openHttpDoor, type HttpDoor } from './http-door.ts';
import { payloadOf } from './payload-json.ts';
import { reportIdOf } from './report-id.ts';

// The way in and out, without a log behind it: a front door that remembers what it was asked, and answers as told.

const runId = '0189c0de-0000-4000-8000-000000000001';
const signer = createTokenSigner('a secret of the test, long enough for anyone');
const token = signer.sign({
  id: { namespace: 'orders', workflowId: '', runId, activityId: 'charge-1' },
  scheduleOffset: 7,
  attempt: 1,
  stamp: 1,
});
const taskToken = Buffer.from(token).toString('base64');
const json = (...values: readonly unknown[]): Payloads =>
  values.map((value) => defaultPayloadConverter.toPayload(value));

let asked: readonly unknown[] = [];
let answer: () => unknown = () => undefined;
let described: () => unknown = () => undefined;

/** Remembers the caller's namespace and identity, and what was asked. */
const ask =
  (what: string) =>
  async ({ namespace, identity, principal }: Caller, ...rest: readonly unknown[]): Promise<never> => {
    await Promise.resolve();
    if (!principal.may('writer', namespace)) throw new FrontDoorError('PERMISSION_DENIED', 'not permitted');
    asked = [what, namespace, identity, ...rest.filter((each) => !(each instanceof AbortSignal))];
    return (what === 'describe' ? { activity: described(), stateBytes: 300 } : answer()) as never;
  };
const fake = (...names: readonly string[]): never =>
  Object.fromEntries(names.map((name) => [name, ask(name)])) as never;
const frontDoor: FrontDoor = {
  activities: fake('start', 'describe', 'awaitOutcome', 'requestCancel', 'terminate', 'pause', 'unpause', 'reset'),
  attempts: fake('complete', 'fail', 'heartbeat', 'reportCanceled'),
  runs: fake('signal'),
  tasks: fake(),
  namespaces: fake(),
};
const quiet = { warn: () => undefined } as unknown as ServiceLog;

const refusals: unknown[] = [];

let door: HttpDoor;
let call: CallHttp;
const key = 'rk_0123456789abcdef0123456789abcdef';
const grants = [
  { namespace: 'orders', role: 'writer' },
  { namespace: 'parcels', role: 'reader' },
] as const;

beforeAll(async () => {
  door = await openHttpDoor({
    settings: { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts: [], environment: 'development' },
    frontDoor,
    limits: limitsFor(),
    authenticator: createAuthenticator({ apiKeys: [{ name: 'billing', hash: apiKeyHash(key), grants }] }),
    log: quiet,
    audit: { refused: ({ error, ...call }) => refusals.push(call) },
  });
  call = httpClient(door.url, { authorization: `Bearer ${key}` });
});
afterAll(() => door.close());
beforeEach(() => {
  asked = [];
  answer = () => undefined;
  described = () => undefined;
});

const orders = '/api/v1/namespaces/orders';
const charge = `${orders}/activities/charge-1`;
const start = { activityType: 'charge', taskQueue: 'payments', timeouts: { startToClose: '30s' } };
const closed = {
  id: { namespace: 'orders', workflowId: '', runId, activityId: 'charge-1' },
  status: 'completed',
  outcome: { type: 'success', result: json('done') },
} as unknown as Activity;
const running = { ...closed, status: 'started', outcome: undefined } as unknown as Activity;
const { outcome: _, ...open } = running as unknown as Record<string, unknown>;

describe('what is asked for arrives', () => {
  test('a start, its arguments as payloads', async () => {
    answer = () => ({ runId, started: true });
    const body = { ...start, activityId: 'charge-1', args: [1, 'two', null, { three: [3] }], requestId: 'r1' };
    expect(await call('POST', `${orders}/activities`, body)).toMatchObject({
      status: 200,
      body: { activityId: 'charge-1', runId, started: true },
    });
    expect(asked).toMatchObject([
      'start',
      'orders',
      'billing',
      {
        activityId: 'charge-1',
        activityType: 'charge',
        requestId: 'r1',
        options: { taskQueue: 'payments', startToCloseTimeoutMs: 30_000 },
        input: json(1, 'two', null, { three: [3] }),
        idReusePolicy: 'allow-duplicate',
        idConflictPolicy: 'fail',
      },
    ]);
  });

  test('a start that names no activity, twice: the same activity, as its request is the same', async () => {
    answer = () => ({ runId, started: true });
    const idOf = async (headers: Readonly<Record<string, string>>, body: object = {}): Promise<unknown> => {
      const answered = await call('POST', `${orders}/activities`, { ...start, ...body }, headers);
      expect(asked[3]).toMatchObject({ activityId: answered.body['activityId'] });
      return answered.body['activityId'];
    };
    const first = await idOf({ 'idempotency-key': 'order-1' });
    expect(await idOf({ 'idempotency-key': 'order-1' })).toBe(first);
    expect(await idOf({}, { requestId: 'order-1' })).toBe(first);
    expect(await idOf({ 'idempotency-key': 'order-2' })).not.toBe(first);
    expect(await idOf({ 'idempotency-key': 'order-1' }, { activityType: 'refund' })).not.toBe(first);
    expect(await idOf({ 'idempotency-key': 'order-1' }, { activityId: 'mine' })).toBe('mine');
    expect(await idOf({})).not.toBe(await idOf({}));
  });

  describe('a start that is sent again with its request id', () => {
    const sent = { ...start, args: [{ amount: 1, to: ['a'] }] };
    const started = {
      ...open,
      activityType: 'charge',
      status: 'scheduled',
      originalOptions: { taskQueue: 'payments' },
    };
    const again = (body: object = {}): ReturnType<CallHttp> => {
      answer = () => ({ runId, started: false });
      return call('POST', `${orders}/activities`, { ...sent, ...body }, { 'idempotency-key': 'order-1' });
    };
    beforeEach(() => {
      described = () => ({ ...started, input: json({ to: ['a'], amount: 1 }) });
    });

    test.each([
      ['the same', {}],
      ['of an id of its own', { activityId: 'mine' }],
      ['that is content with another one', { activityId: 'mine', idConflictPolicy: 'use-existing', args: [] }],
    ])('%s is answered as the first', async (_, body) => {
      expect(await again(body)).toMatchObject({ status: 200, body: { runId, started: false } });
    });

    test('of a closed one, whose options may have been changed, is answered as the first', async () => {
      described = () => ({
        ...closed,
        activityType: 'charge',
        options: { taskQueue: 'moved' },
        input: json(...sent.args),
      });
      expect((await again()).status).toBe(200);
    });

    test('encrypted, which is another text each time, is answered as the first', async () => {
      const encrypted = (data: string) => ({ metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' }, data });
      described = () => ({ ...started, input: [payloadOf(encrypted('AAAA'))] });
      expect((await again({ args: undefined, argsPayloads: [encrypted('BBBB')] })).status).toBe(200);
    });

    test.each([
      ['other arguments', { args: [{ amount: 2, to: ['a'] }] }],
      ['more arguments', { args: [...sent.args, 1] }],
      ['none', { args: [] }],
      ['another queue', { taskQueue: 'refunds' }],
      ['another type', { activityId: 'mine', activityType: 'refund' }],
    ])('with %s is refused, and told what to do', async (_, body) => {
      const detail = expect.stringContaining(
        'a new request needs a requestId (or Idempotency-Key) of its own',
      ) as string;
      expect(await again(body)).toMatchObject({ status: 422, body: { runId, detail } });
    });

    test('with another number is refused, though JavaScript has one for both', async () => {
      const encoding = Buffer.from('json/plain');
      described = () => ({ ...started, input: [{ metadata: { encoding }, data: Buffer.from('9007199254740992') }] });
      const argsPayloads = [
        {
          metadata: { encoding: encoding.toString('base64') },
          data: Buffer.from('9007199254740993').toString('base64'),
        },
      ];
      expect((await again({ args: undefined, argsPayloads })).status).toBe(422);
    });
  });

  test('an order without a body is one that says nothing', async () => {
    const headers = { authorization: `Bearer ${key}` };
    expect((await fetch(`${door.url}${charge}/cancel`, { method: 'POST', headers })).status).toBe(200);
    expect(asked).toMatchObject(['requestCancel', 'orders', 'billing', { activityId: 'charge-1', reason: '' }]);
    const nothing = await fetch(`${door.url}${orders}/activities`, { method: 'POST', headers });
    expect([nothing.status, await nothing.text()]).toEqual([400, expect.stringContaining('/activityType: ')]);
  });

  test('raw payloads, as they are', async () => {
    answer = () => ({ runId, started: true });
    const argsPayloads = [{ metadata: { encoding: 'YmluYXJ5L3BsYWlu' }, data: 'AP8=' }];
    await call('POST', `${orders}/activities`, { ...start, argsPayloads }, { 'idempotency-key': 'k1' });
    expect(asked[3]).toMatchObject({
      requestId: 'k1',
      input: [{ metadata: { encoding: Buffer.from('binary/plain') }, data: Buffer.from([0, 255]) }],
    });
  });

  test.each([
    ['cancel', 'requestCancel', { reason: 'r' }, { reason: 'r', requestId: 'q' }],
    ['terminate', 'terminate', { reason: 'r' }, { reason: 'r', requestId: 'q' }],
    ['pause', 'pause', { reason: 'r' }, { reason: 'r', requestId: 'q' }],
    ['unpause', 'unpause', {}, { requestId: 'q' }],
    ['reset', 'reset', { keepPaused: true }, { requestId: 'q', keepPaused: true, resetHeartbeat: false }],
  ])('%s', async (path, what, body, request) => {
    expect((await call('POST', `${charge}/${path}`, { ...body, runId, requestId: 'q' })).status).toBe(200);
    expect(asked).toMatchObject([what, 'orders', 'billing', { activityId: 'charge-1', runId, ...request }]);
  });

  test.each([
    ['complete', 'complete', { result: 7 }, json(7)],
    ['heartbeat', 'heartbeat', { details: [1] }, json([1])],
    ['report-canceled', 'reportCanceled', { details: null }, json(null)],
    ['complete', 'complete', {}, []],
  ])('%s by ids and by token', async (path, what, body, payloads) => {
    answer = () => (what === 'heartbeat' ? { cancelRequested: true, paused: false, reset: false } : undefined);
    const byIds = await call('POST', `${charge}/${path}`, { ...body, identity: 'me' });
    expect(asked.slice(0, 5)).toEqual([
      what,
      'orders',
      'me',
      { activityId: 'charge-1', workflowId: '', runId: '' },
      payloads,
    ]);
    const byToken = await call('POST', `${orders}/activity-tasks/${path}`, { ...body, taskToken });
    expect(asked.slice(0, 5)).toEqual([what, 'orders', 'billing', { taskToken: Buffer.from(token) }, payloads]);
    const told = what === 'heartbeat' ? { cancelRequested: true, paused: false, reset: false } : {};
    for (const { status, body } of [byIds, byToken]) expect([status, body]).toEqual([200, told]);
  });

  test('a failure, and the id of a report', async () => {
    const said = { message: 'no', type: 'Declined', nonRetryable: true, details: [1], category: 'benign' };
    const failure = { ...said, nextRetryDelay: '5s' };
    await call('POST', `${charge}/fail`, { failure, requestId: 'q' });
    expect(asked[4]).toMatchObject({
      failure: {
        message: 'no',
        info: {
          type: 'application',
          errorType: 'Declined',
          nonRetryable: true,
          details: json([1]),
          nextRetryDelayMs: 5000,
          category: 'benign',
        },
      },
      reportId: reportIdOf('http', 'billing', 'q'),
    });
  });

  test('a signal', async () => {
    const body = { args: ['now'], requestId: 'q' };
    await call('POST', `${orders}/workflows/order%2F1/signals/pay%20now`, body);
    const request = { workflowId: 'order/1', runId: '', signalName: 'pay now', args: json('now'), requestId: 'q' };
    expect(asked).toEqual(['signal', 'orders', 'billing', request]);
  });
});

describe('the result', () => {
  test('of a closed activity comes at once', async () => {
    described = () => closed;
    expect((await call('GET', `${charge}/result`)).body).toEqual({ runId, status: 'completed', result: 'done' });
  });

  test('is waited for', async () => {
    described = () => open;
    answer = () => ({ runId, status: 'completed', outcome: { type: 'success', result: json(1, 2) } });
    const { body } = await call('GET', `${charge}/result?wait=5s`);
    expect(body).toMatchObject({ runId, status: 'completed', resultPayloads: [{ data: 'MQ==' }, { data: 'Mg==' }] });
    expect(asked[0]).toBe('awaitOutcome');
  });

  test('may not be there yet', async () => {
    described = () => open;
    expect((await call('GET', `${charge}/result`)).body).toEqual({ runId, status: 'running' });
    expect((await call('GET', `${charge}/result?wait=10`)).body).toEqual({ runId, status: 'running' });
  });

  test('comes as an event', async () => {
    described = () => open;
    answer = () => ({
      runId,
      status: 'failed',
      outcome: {
        type: 'failure',
        failure: { message: 'no', stackTrace: '', info: { type: 'none' } },
        retryState: 'timeout',
      },
    });
    const { status, headers, body } = await call('GET', `${charge}/result`, undefined, { accept: 'text/event-stream' });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect(body['text']).toMatch(/^event: outcome\ndata: \{.*"status":"failed".*"message":"no".*\}$/m);
  });

  test('is not waited for by who asks for the head of it alone', async () => {
    described = () => open;
    const { status, headers } = await call('HEAD', `${charge}/result`, undefined, { accept: 'text/event-stream' });
    expect([status, headers.get('content-type')]).toEqual([200, expect.stringContaining('application/json')]);
  });
});

describe('what is wrong is told as problem details', () => {
  const refused =
    (
      status: ConstructorParameters<typeof FrontDoorError>[0],
      message: string,
      reason?: 'not-found' | 'stale-attempt',
    ) =>
    (): never => {
      throw new FrontDoorError(status, message, reason === undefined ? {} : { reason });
    };

  test.each<[number, string, unknown, string]>([
    [400, `${orders}/activities`, '{', ''],
    [400, `${orders}/activities`, '{"__proto__": {"a": 1}}', ''],
    [400, `${orders}/activities`, {}, '/activityType'],
    [400, `${orders}/activities`, { ...start, timeouts: { startToClose: 'soon' } }, '/timeouts/startToClose'],
    [400, `${orders}/activities`, { ...start, args: 1 }, '/args'],
    [400, `${orders}/activities`, { ...start, args: [], argsPayloads: [] }, '/argsPayloads'],
    [400, `${orders}/activities`, { ...start, argsPayloads: [{ data: '!' }] }, '/argsPayloads/0/data'],
    [400, `${orders}/activities`, { ...start, activityId: 'ü'.repeat(501) }, '/activityId'],
    [400, `${orders}/activities`, { ...start, activityId: '\ud800' }, '/activityId'],
    [400, `${orders}/activities`, { ...start, colour: 'red' }, ''],
    [400, `${charge}/cancel`, { runId: 'no uuid' }, '/runId'],
    [400, `${orders}/activity-tasks/complete`, { taskToken: '?' }, '/taskToken'],
    [400, `${orders}/activity-tasks/complete`, {}, '/taskToken'],
  ])('%i of a field, case %#', async (status, path, body, pointer) => {
    const answered = await call('POST', path, body);
    expect(answered).toMatchObject({ status, body: { type: 'about:blank', title: 'Bad Request', status } });
    expect(answered.headers.get('content-type')).toMatch('application/problem+json');
    if (pointer !== '') expect(answered.body).toHaveProperty('errors.0.pointer', pointer);
    expect(asked).toEqual([]);
  });

  test('401: nobody knows who calls', async () => {
    const { status, headers } = await call('GET', charge, undefined, { authorization: 'Bearer nonsense' });
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    const what = 'GET /api/v1/namespaces/:namespace/activities/:activityId';
    expect(refusals.at(-1)).toEqual({
      door: 'http',
      what,
      namespace: 'orders',
      principal: undefined,
      from: '127.0.0.1',
    });
  });

  test('403: not in this namespace', async () => {
    expect((await call('POST', '/api/v1/namespaces/parcels/activities', start)).status).toBe(403);
    expect((await call('POST', '/api/v1/namespaces/other/activities', start)).status).toBe(403);
    expect(refusals.at(-1)).toMatchObject({ namespace: 'other', principal: { name: 'billing' } });
  });

  test.each([
    [404, refused('NOT_FOUND', 'n')],
    [409, refused('FAILED_PRECONDITION', 'f')],
    [413, refused('INVALID_ARGUMENT', 'input exceeds length limit')],
    [422, refused('INVALID_ARGUMENT', 'a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set')],
    [429, refused('RESOURCE_EXHAUSTED', 'r')],
    [503, refused('UNAVAILABLE', 'u')],
    [
      500,
      (): never => {
        throw new Error('a secret of ours');
      },
    ],
  ])('%i', async (status, answered) => {
    answer = answered;
    const { status: got, headers, body } = await call('POST', `${orders}/activities`, start);
    expect(got).toBe(status);
    expect(JSON.stringify(body)).not.toMatch('secret');
    expect(headers.get('retry-after')).toBe(status === 429 || status === 503 ? '1' : null);
  });

  test('409 of a start names who has the id', async () => {
    answer = () => {
      const detail = { type: 'activity-already-started', runId, startRequestId: 'r0' } as const;
      throw new FrontDoorError('ALREADY_EXISTS', 'activity execution already started', { detail });
    };
    const { status, body } = await call('POST', `${orders}/activities`, start);
    expect([status, body]).toMatchObject([409, { runId, startRequestId: 'r0' }]);
  });

  test.each<[number, string, () => unknown, string]>([
    [404, 'complete', refused('NOT_FOUND', 'n'), 'ids'],
    [409, 'complete', () => closed, 'ids'],
    [409, 'fail', () => open, 'ids'],
    [409, 'complete', () => closed, 'token'],
    [410, 'complete', () => open, 'token'],
    [404, 'complete', refused('NOT_FOUND', 'n'), 'token'],
  ])('%i: %s when the attempt is not there', async (status, what, activity, by) => {
    answer = refused('NOT_FOUND', 'activity not found', 'not-found');
    described = activity;
    const answered =
      by === 'ids'
        ? await call('POST', `${charge}/${what}`, {})
        : await call('POST', `${orders}/activity-tasks/${what}`, { taskToken });
    expect(answered.status).toBe(status);
  });

  test('410: a stale attempt', async () => {
    answer = refused('NOT_FOUND', 'n', 'stale-attempt');
    described = () => open;
    expect((await call('POST', `${orders}/activity-tasks/fail`, { taskToken })).status).toBe(410);
  });

  test('413: too large, in one way or another', async () => {
    expect((await call('POST', `${charge}/complete`, { result: 'x'.repeat(2.5 * 1024 * 1024) })).status).toBe(413);
    expect((await call('POST', `${charge}/complete`, { result: 'x'.repeat(7 * 1024 * 1024) })).status).toBe(413);
  });

  test('400: a forged token', async () => {
    answer = refused('INVALID_ARGUMENT', 'Error deserializing task token.');
    const { status, body } = await call('POST', `${orders}/activity-tasks/complete`, { taskToken: 'AAAA' });
    expect([status, body]).toMatchObject([400, { errors: [{ pointer: '/taskToken' }] }]);
  });

  test('404, 415 and 400 of the frame itself', async () => {
    expect((await call('GET', '/api/v2')).status).toBe(404);
    expect((await call('POST', charge, {})).status).toBe(404);
    expect((await call('POST', `${charge}/cancel`, 'a=b', { 'content-type': 'text/csv' })).status).toBe(415);
    expect((await call('GET', `${orders}/activities/%zz`)).status).toBe(400);
  });
});

interface Described {
  readonly parameters: readonly { readonly in: string; readonly name: string }[];
}
test('the API describes itself', async () => {
  const { body } = await call('GET', '/openapi.json');
  await SwaggerParser.validate(structuredClone(body) as never);
  const { paths } = body as { readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>> };
  expect(Object.keys(paths)).toHaveLength(18);
  for (const [path, operations] of Object.entries(paths)) {
    for (const { parameters } of Object.values(operations)) {
      const described = parameters.filter(({ in: place }) => place === 'path').map(({ name }) => `{${name}}`);
      expect(described.sort()).toEqual([...(path.match(/\{\w+\}/g) ?? [])].sort());
    }
  }
  expect(JSON.stringify(body)).toMatch('nonRetryableErrorTypes');
  expect((await call('GET', '/docs')).body['text']).toMatch('swagger-ui');
});
