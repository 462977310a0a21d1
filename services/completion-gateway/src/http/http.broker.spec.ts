import { randomUUID } from 'node:crypto';
import { startCluster, uniqueName } from '@ratchet/testing';
import { Webhook } from 'standardwebhooks';
import { WireClient } from '../grpc/wire-client.fixture.ts';
import { describedHttpClient } from './described-http-client.fixture.ts';
import type { Answered, CallHttp } from './http-client.fixture.ts';

const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const webhooks = [
  {
    name: 'payments',
    secrets: [secret],
    namespace: 'default',
    completes: {
      activityId: '/order',
      result: '/paid',
      failure: { when: { at: '/ok', equals: false }, message: '/why' },
    },
  },
];

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let call: CallHttp;
let workers: WireClient;
beforeAll(async () => {
  ratchet = await startCluster({ serviceEnv: { RATCHET_WEBHOOKS: JSON.stringify(webhooks) } });
  call = await describedHttpClient(ratchet.httpUrl);
  workers = new WireClient(ratchet.grpcAddress);
}, 180_000);
afterAll(async () => {
  workers.close();
  await ratchet.stop();
});

const base = '/api/v1/namespaces/default';
const taskQueue = uniqueName('http');
const idle = uniqueName('nobody');
const path = (activityId: string, rest = ''): string => `${base}/activities/${activityId}${rest}`;

async function start(more: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const activityId = uniqueName('charge');
  const body = { activityId, activityType: 'charge', taskQueue, timeouts: { startToClose: '60s' }, ...more };
  const { status, body: answer } = await call('POST', `${base}/activities`, body);
  expect([status, answer]).toMatchObject([200, { activityId, started: true }]);
  return activityId;
}

/** The task of the next attempt of the queue, claimed by a worker. */
async function claim(): Promise<{ readonly taskToken: string; readonly activityId: string; readonly attempt: number }> {
  const request = { namespace: 'default', taskQueue: { name: taskQueue }, identity: 'worker' };
  for (;;) {
    const task = await workers.call('pollActivityTaskQueue', request, { timeoutMs: 30_000 });
    const { taskToken, activityId, attempt } = task;
    if (taskToken.length > 0) return { taskToken: Buffer.from(taskToken).toString('base64'), activityId, attempt };
  }
}

async function running(more: Readonly<Record<string, unknown>> = {}) {
  await start(more);
  return claim();
}
const result = async (activityId: string): Promise<Answered['body']> =>
  (await call('GET', path(activityId, '/result?wait=30s'))).body;
const byToken = (what: string, body: object): Promise<Answered> => call('POST', `${base}/activity-tasks/${what}`, body);

describe('an activity by HTTP', () => {
  test('is started, seen, completed by token, and its result waited for', async () => {
    const started = start({ args: [4242, { big: true }] });
    const { taskToken, activityId, attempt } = await claim();
    expect([activityId, attempt]).toEqual([await started, 1]);
    expect((await call('GET', path(activityId))).body).toMatchObject({
      activityId,
      status: 'running',
      runState: 'started',
      taskQueue,
      timeouts: { startToCloseTimeoutMs: 60_000 },
    });
    const waiting = result(activityId);
    expect((await byToken('complete', { taskToken, result: { paid: true } })).status).toBe(200);
    expect(await waiting).toMatchObject({ status: 'completed', result: { paid: true } });
  });

  test('tells its outcome as a server-sent event', async () => {
    const activityId = await start({ taskQueue: idle });
    const events = call('GET', path(activityId, '/result'), undefined, { accept: 'text/event-stream' });
    await call('POST', path(activityId, '/complete'), { result: 7 });
    expect((await events).body['text']).toMatch(/event: outcome\ndata: \{.*"status":"completed","result":7/);
  });

  test('fails, is tried again, and fails for good', async () => {
    const { taskToken, activityId } = await running({ retry: { initialInterval: 10, maximumAttempts: 2 } });
    const failure = { message: 'declined', type: 'Declined', details: { code: 7 } };
    expect((await byToken('fail', { taskToken, failure })).status).toBe(200);
    expect(await claim()).toMatchObject({ activityId, attempt: 2 });
    expect((await byToken('fail', { taskToken, failure })).status).toBe(410);
    expect((await call('POST', path(activityId, '/fail'), { failure })).status).toBe(200);
    expect(await result(activityId)).toMatchObject({
      status: 'failed',
      retryState: 'maximum-attempts-reached',
      failure: { message: 'declined', kind: 'application', type: 'Declined', details: { value: { code: 7 } } },
    });
  });

  test('is cancelled: a heartbeat says so, and its worker agrees', async () => {
    const { taskToken, activityId } = await running({ timeouts: { startToClose: '60s', heartbeat: '30s' } });
    const calm = { cancelRequested: false, paused: false, reset: false };
    expect((await byToken('heartbeat', { taskToken, details: 1 })).body).toEqual(calm);
    expect((await call('POST', path(activityId, '/report-canceled'), {})).status).toBe(422);
    const cancel = { reason: 'no more', requestId: randomUUID() };
    for (let n = 0; n < 2; n++) expect((await call('POST', path(activityId, '/cancel'), cancel)).status).toBe(200);
    expect((await call('POST', path(activityId, '/cancel'), { reason: 'another' })).status).toBe(409);
    const told = await call('POST', path(activityId, '/heartbeat'), { details: 2 });
    expect(told.body).toEqual({ ...calm, cancelRequested: true });
    expect((await byToken('report-canceled', { taskToken, details: 'stopped' })).status).toBe(200);
    const details = { value: 'stopped' };
    expect(await result(activityId)).toMatchObject({ status: 'canceled', failure: { kind: 'canceled', details } });
  });

  test('is paused, unpaused, reset and terminated', async () => {
    const activityId = await start({ taskQueue: idle });
    const order = async (what: string): Promise<number> =>
      (await call('POST', path(activityId, `/${what}`), {})).status;
    expect(await order('pause')).toBe(200);
    expect((await call('GET', path(activityId))).body).toMatchObject({ status: 'paused' });
    expect((await call('GET', path(activityId, '/result'))).body).toMatchObject({ status: 'paused' });
    expect(await order('pause')).toBe(409);
    expect(await order('unpause')).toBe(200);
    expect(await order('reset')).toBe(200);
    expect(await order('terminate')).toBe(200);
    expect(await order('reset')).toBe(409);
    expect(await result(activityId)).toMatchObject({ status: 'terminated' });
  });
});

describe('what comes too late, twice or to the wrong address', () => {
  test('404: no such namespace, activity or run', async () => {
    expect((await call('GET', path('nobody'))).status).toBe(404);
    expect((await call('POST', path('nobody', '/complete'), {})).status).toBe(404);
    expect((await call('GET', `/api/v1/namespaces/${uniqueName('other')}/activities/a`)).status).toBe(404);
    expect((await call('POST', `${base}/workflows/nobody/signals/go`, {})).status).toBe(404);
    const activityId = await start({ taskQueue: idle });
    expect((await call('GET', path(activityId, `?runId=${randomUUID()}`))).status).toBe(404);
  });

  test('409: already started, already closed, no attempt running', async () => {
    const activityId = await start({ taskQueue: idle });
    const again = { activityId, activityType: 'charge', taskQueue: idle, timeouts: { startToClose: 1000 } };
    const { status, body } = await call('POST', `${base}/activities`, again);
    expect([status, typeof body['runId']]).toEqual([409, 'string']);
    expect((await call('POST', path(activityId, '/heartbeat'), {})).status).toBe(409);
    expect((await call('POST', path(activityId, '/complete'), {})).status).toBe(200);
    expect((await call('POST', path(activityId, '/complete'), {})).body).toMatchObject({
      status: 409,
      detail: `activity ${activityId} is already closed: completed`,
    });
  });

  test('400, 413 and 422', async () => {
    expect((await byToken('complete', { taskToken: 'AAAA' })).status).toBe(400);
    const args = ['x'.repeat(2.2 * 1024 * 1024)];
    const large = { activityType: 'charge', taskQueue, timeouts: { startToClose: 1000 }, args };
    expect((await call('POST', `${base}/activities`, large)).status).toBe(413);
    expect((await call('POST', `${base}/activities`, { ...large, args: [], timeouts: {} })).status).toBe(422);
    const callbackUrls = ['http://127.0.0.1/'];
    expect((await call('POST', `${base}/activities`, { ...large, args: [], callbackUrls })).status).toBe(422);
  });

  test('a request with an id counts once', async () => {
    const { activityId } = await running({ retry: { initialInterval: 10 } });
    const key = { 'idempotency-key': randomUUID() };
    expect((await call('POST', path(activityId, '/fail'), {}, key)).status).toBe(200);
    const second = await claim();
    expect(second).toMatchObject({ activityId, attempt: 2 });
    expect((await call('POST', path(activityId, '/fail'), {}, key)).status).toBe(200);
    expect((await call('GET', path(activityId))).body).toMatchObject({ attempt: 2, runState: 'started' });
    expect((await byToken('complete', { taskToken: second.taskToken })).status).toBe(200);
  });
});

describe('a webhook', () => {
  async function deliver(body: unknown, id = uniqueName('msg')): Promise<Answered> {
    const text = JSON.stringify(body);
    const at = new Date();
    return call('POST', '/webhooks/payments', text, {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, text),
    });
  }

  test('completes an activity, once', async () => {
    const order = await start({ taskQueue: idle });
    const id = uniqueName('msg');
    expect((await deliver({ order, paid: 7 }, id)).status).toBe(200);
    expect(await result(order)).toMatchObject({ status: 'completed', result: 7 });
    expect((await deliver({ order, paid: 7 }, id)).status).toBe(200);
    expect((await deliver({ order, paid: 8 })).status).toBe(409);
    // The next run of the id is another activity: the old delivery does not complete it.
    const again = { activityId: order, activityType: 'charge', taskQueue: idle, timeouts: { startToClose: '60s' } };
    expect((await call('POST', `${base}/activities`, again)).body).toMatchObject({ started: true });
    expect((await deliver({ order, paid: 7 }, id)).status).toBe(200);
    expect((await call('GET', path(order, '/result'))).body).toMatchObject({ status: 'running' });
  });

  test('that is not signed changes nothing', async () => {
    const order = await start({ taskQueue: idle });
    expect((await call('POST', '/webhooks/payments', { order, paid: 7 })).status).toBe(401);
    expect((await call('GET', path(order, '/result'))).body).toMatchObject({ status: 'running' });
  });
});
