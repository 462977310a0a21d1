import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { createServiceMetrics, type ServiceLog } from '@ratchet/service-kit';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { apiKeyHash } from '../auth/api-keys.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import type { FrontDoor } from '../front-door/index.ts';
import type { Limits, LimitSettings } from '../limits/index.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { openHttpDoor, type HttpDoor } from './http-door.ts';

const keys = { billing: 'rk_billing_0123456789abcdef012345', shipping: 'rk_shipping_0123456789abcdef0123' };
const grants = [{ namespace: '*', role: 'admin' }] as const;
const apiKeys = Object.entries(keys).map(([name, key]) => ({ name, hash: apiKeyHash(key), grants }));
const secret = `whsec_${Buffer.from('the secret of these tests, no other').toString('base64')}`;
const webhooks = [
  { name: 'payments', secrets: [secret], namespace: 'orders', completes: { activityId: '/id', result: '' } },
];
const charge = '/api/v1/namespaces/orders/activities/charge-1';
const complete = `${charge}/complete`;
const result = `${charge}/result`;

/** A door whose calls wait until they are let go. */
class Stage {
  readonly limits: Limits;
  /** How many calls came through. */
  askedCount = 0;
  readonly #metrics = createServiceMetrics('test');
  readonly #sockets: Socket[] = [];
  #waiting: PromiseWithResolvers<undefined> | undefined;
  #door: HttpDoor | undefined;

  constructor(settings: Partial<LimitSettings>) {
    this.limits = limitsFor(settings, this.#metrics);
  }

  async open(auth: { readonly asksNobody?: boolean } = {}): Promise<this> {
    const ask = async (): Promise<unknown> => {
      this.askedCount++;
      await this.#waiting?.promise;
      const activity = { id: { runId: 'run-1' }, status: 'completed', outcome: { type: 'success', result: [] } };
      return { activity, stateBytes: 300 };
    };
    const frontDoor = {
      activities: { describe: ask },
      attempts: { complete: ask, fail: ask, heartbeat: ask },
      runs: {},
    };
    this.#door = await openHttpDoor({
      settings: { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts: [], environment: 'development' },
      frontDoor: frontDoor as unknown as FrontDoor,
      authenticator: createAuthenticator({ apiKeys: auth.asksNobody === true ? [] : apiKeys }),
      limits: this.limits,
      audit: { refused: () => undefined },
      webhooks: () => webhooks,
      log: { warn: () => undefined } as unknown as ServiceLog,
    });
    return this;
  }

  hold(): void {
    this.#waiting = Promise.withResolvers();
  }

  letGo(): void {
    this.#waiting?.resolve(undefined);
    this.#waiting = undefined;
  }

  get port(): number {
    return Number(new URL(this.#door?.url ?? '').port);
  }

  /** A connection, and all that it says. */
  async socket(): Promise<Socket & { readonly said: () => string }> {
    const socket = connect(this.port, '127.0.0.1').on('error', () => undefined);
    this.#sockets.push(socket);
    const said: string[] = [];
    socket.on('data', (bytes) => said.push(String(bytes)));
    await once(socket, 'connect');
    return Object.assign(socket, { said: () => said.join('') });
  }

  /** A request on a connection of its own, its body to be sent. */
  begin(method: string, path: string, headers: Readonly<Record<string, string>>): ClientRequest {
    const own = { 'content-type': 'application/json', connection: 'close' };
    const asked = request({ port: this.port, host: '127.0.0.1', method, path, headers: { ...own, ...headers } });
    return asked.on('error', () => undefined);
  }

  /** How often a limit was reached. */
  async reached(variable: string): Promise<number> {
    const text = await this.#metrics.registry.getSingleMetricAsString('ratchet_limits_reached_total');
    return Number(new RegExp(`limit="${variable}".*\\} (\\d+)`).exec(text)?.[1] ?? 0);
  }

  async close(): Promise<void> {
    this.letGo();
    for (const socket of this.#sockets) socket.destroy();
    await this.#door?.close();
  }
}

const stages: Stage[] = [];
async function open(settings: Partial<LimitSettings> = {}, auth = {}): Promise<Stage> {
  const stage = await new Stage(settings).open(auth);
  stages.push(stage);
  return stage;
}
afterEach(() => Promise.all(stages.splice(0).map((stage) => stage.close())));

interface Told {
  readonly status: number | undefined;
  readonly detail: unknown;
}

async function answerTo(asked: ClientRequest): Promise<Told> {
  const [answered] = (await once(asked, 'response')) as [IncomingMessage];
  const body = (await json(answered)) as { readonly detail?: unknown };
  return { status: answered.statusCode, detail: body.detail };
}

const as = (who: keyof typeof keys): Record<string, string> => ({ authorization: `Bearer ${keys[who]}` });

/** A request as a whole. */
function send(stage: Stage, body: string | Buffer, headers: Record<string, string> = as('billing'), path = complete) {
  const asked = stage.begin('POST', path, headers);
  asked.end(body);
  return answerTo(asked);
}

/** A head, byte for byte. */
function headOf(line: string, headers: Readonly<Record<string, string>>): string {
  const all = { host: 'localhost', 'content-type': 'application/json', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

const get = (stage: Stage, who: keyof typeof keys = 'billing'): Promise<Told> => {
  const asked = stage.begin('GET', result, as(who));
  asked.end();
  return answerTo(asked);
};

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (await holds()) return;
    await pause(10);
  }
  throw new Error(`Expected ${String(holds)}, but it did not come`);
}

const limit = (setting: string): unknown => expect.stringMatching(new RegExp(`\\(RATCHET_${setting}\\)`));
const mib = 1024 * 1024;

function signed(body: string, at = new Date()): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signature = new StandardWebhook(secret).sign('msg_1', at, body);
  return { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature };
}

test('hundreds of strangers at once delay nobody who is known', async () => {
  const stage = await open({ strangersMax: 1_000 });
  const sockets = await Promise.all(Array.from({ length: 400 }, () => stage.socket()));
  const known = await stage.socket();
  await until(() => stage.limits.http.connections.count === 401);
  for (const socket of sockets) socket.write(headOf(`POST ${complete}`, { 'content-length': '1000' }));
  const answered = (): number => sockets.filter((socket) => socket.said() !== '').length;
  const answeredBefore = once(known, 'data').then(answered);
  known.write(headOf(`GET ${result}`, as('billing')));
  expect(await answeredBefore).toBeLessThan(200);
  expect(known.said()).toContain('200 OK');
  await until(() => answered() === 400);
});

describe('before its body is taken', () => {
  test.each<[what: string, status: number, path: string, headers: Record<string, string>]>([
    ['a stranger is told', 401, complete, {}],
    ['who has no address here is told', 404, '/nowhere', {}],
    ['a body that is too large is refused', 413, complete, { ...as('billing'), 'content-length': String(7 * mib) }],
    ['a webhook that nobody knows is refused', 401, '/webhooks/nothing', signed('{}')],
    ['a webhook without a signature is refused', 401, '/webhooks/payments', {}],
    ['a webhook of yesterday is refused', 401, '/webhooks/payments', signed('{}', new Date(Date.now() - 86_400_000))],
    ['a large webhook is refused', 413, '/webhooks/payments', { ...signed('{}'), 'content-length': String(mib) }],
  ])('%s: %i', async (_, status, path, headers) => {
    const stage = await open();
    const asked = stage.begin('POST', path, { 'content-length': String(6 * mib), ...headers });
    asked.write('[');
    expect(await answerTo(asked)).toMatchObject({ status });
    expect([stage.limits.bytes.used, stage.limits.arriving.count, stage.askedCount]).toEqual([0, 0, 0]);
    asked.destroy();
  });

  const known = as('billing');
  const chunked = { 'transfer-encoding': 'chunked' };
  test.each<[status: number, line: string, headers: Record<string, string>]>([
    [401, `POST ${complete}`, {}],
    [401, `GET ${result}`, {}],
    [404, 'POST /nowhere', {}],
    [400, 'POST /%zz', {}],
    [400, 'POST nonsense', {}],
    [413, `POST ${complete}`, known],
    [413, `POST ${complete}`, { ...known, ...chunked }],
    [415, `POST ${complete}`, { ...known, ...chunked, 'content-type': 'text/plain' }],
    [401, 'POST /webhooks/payments', {}],
    [413, 'POST /webhooks/payments', { ...signed('{}'), ...chunked }],
    [200, `GET ${result}`, { ...known, ...chunked }],
    [200, 'GET /openapi.json', {}],
  ])('who sends on is told %i, and the rest stays unread: %s %j', async (status, line, headers) => {
    const stage = await open();
    const socket = await stage.socket();
    const length = 64 * mib;
    const isChunked = headers['transfer-encoding'] !== undefined;
    socket.write(headOf(line, { ...(isChunked ? {} : { 'content-length': String(length) }), ...headers }));
    if (isChunked) socket.write(`${length.toString(16)}\r\n`);
    for (let sent = 0; sent < length; sent += 65_536) socket.write(Buffer.alloc(65_536, ' '));
    await until(() => socket.said().endsWith('}'));
    expect(socket.said()).toMatch(new RegExp(`^HTTP/1.1 ${String(status)} [^]*\r\nconnection: close\r\n`, 'i'));
    await pause(300);
    // What lies between two sockets is less than half of it.
    expect(socket.bytesWritten - socket.writableLength).toBeLessThan(length / 2);
    expect([socket.destroyed, stage.limits.refused.count, stage.limits.bytes.used]).toEqual([false, 1, 0]);
  });

  test.each([`POST ${complete}`, 'POST nonsense'])('who sends on is let go a moment later: %s', async (line) => {
    const stage = await open();
    const socket = await stage.socket();
    socket.write(headOf(line, { 'content-length': '9' }));
    await until(() => socket.destroyed);
    expect(socket.said()).toMatch(/\}$/);
    await until(() => stage.limits.refused.count + stage.limits.http.connections.count === 0);
  });

  test('who has sent a small body goes on with its connection', async () => {
    const stage = await open();
    const socket = await stage.socket();
    const small = { 'content-length': '2' };
    for (const line of [`POST ${complete}`, 'POST /nowhere', 'POST /%zz']) socket.write(`${headOf(line, small)}{}`);
    socket.write(`${headOf(`POST ${complete}`, { ...small, ...known })}{}`);
    await until(() => socket.said().includes('200 OK'));
    expect(socket.said().match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['401', '404', '400', '200']);
    expect(stage.limits.refused.count).toBe(0);
  });

  test.each([`POST ${complete}`, 'POST nonsense'])(
    'a door that closes does not wait for who sends on: %s',
    async (line) => {
      const stage = await open();
      const socket = await stage.socket();
      socket.write(headOf(line, { 'content-length': '9' }));
      await until(() => socket.said().endsWith('}'));
      const begunAt = performance.now();
      await stage.close();
      expect(performance.now() - begunAt).toBeLessThan(500);
      await until(() => socket.destroyed);
    },
  );

  test('who asks whether to send it is told so once it is known', async () => {
    const stage = await open();
    const stranger = stage.begin('POST', complete, { expect: '100-continue', 'content-length': '2' });
    stranger.flushHeaders();
    expect(await answerTo(stranger)).toMatchObject({ status: 401 });
    const known = stage.begin('POST', complete, { ...as('billing'), expect: '100-continue', 'content-length': '2' });
    known.flushHeaders();
    await once(known, 'continue');
    known.end('{}');
    expect(await answerTo(known)).toMatchObject({ status: 200 });
  });
});

describe('a body', () => {
  test.each<[what: string, status: number, body: string]>([
    ['nests as deep as it may', 200, `{"result":${'['.repeat(99)}${']'.repeat(99)}}`],
    ['nests deeper', 400, `{"result":${'['.repeat(100)}${']'.repeat(100)}}`],
    ['nests without end', 400, '['.repeat(6 * mib)],
    ['has as many values as it may', 200, `{"result":[${'0,'.repeat(99_990)}0]}`],
    ['has more values', 413, `{"result":[${'{},'.repeat(100_000)}0]}`],
    ['has text that looks like both', 200, JSON.stringify({ result: '[{",'.repeat(100_000) })],
  ])('that %s: %i', async (_, status, body) => {
    const stage = await open();
    expect(await send(stage, body)).toMatchObject({ status });
    await until(() => stage.limits.bytes.used === 0);
  });

  test('has a time to come in', async () => {
    const stage = await open({ arrivalMsMax: 300 });
    const asked = stage.begin('POST', complete, as('billing'));
    asked.write(Buffer.alloc(mib, ' '));
    expect(await answerTo(asked)).toEqual({ status: 408, detail: limit('ARRIVAL_MS_MAX') });
    await until(() => stage.limits.bytes.used === 0);
  });

  test('gives way when it is slow and others come', async () => {
    const stage = await open({ arrivingMax: 5 });
    const oldest = stage.begin('POST', complete, as('billing'));
    const slow = [oldest, ...Array.from({ length: 20 }, () => stage.begin('POST', complete, as('billing')))];
    for (const asked of slow) asked.write('{');
    expect(await answerTo(oldest)).toEqual({ status: 429, detail: limit('ARRIVING_MAX') });
    expect(await send(stage, '{}', as('shipping'))).toMatchObject({ status: 200 });
    for (const asked of slow) asked.destroy();
    await until(() => stage.limits.arriving.count === 0);
  });

  test('of one principal, and all together, have so many bytes', async () => {
    const stage = await open({ principalRequestBytesMax: 2 * mib, requestBytesMax: 3 * mib });
    const upload = (who: keyof typeof keys): ClientRequest => {
      const asked = stage.begin('POST', complete, as(who));
      asked.write(Buffer.alloc(1.5 * mib, ' '));
      return asked;
    };
    const first = upload('billing');
    await until(() => stage.limits.bytes.used === 1.5 * mib);
    expect(await answerTo(upload('billing'))).toEqual({ status: 429, detail: limit('PRINCIPAL_REQUEST_BYTES_MAX') });
    upload('shipping');
    await until(() => stage.limits.bytes.used === 3 * mib);
    expect(await send(stage, '{}', as('shipping'))).toMatchObject({ status: 200 });
    first.destroy();
    await until(() => stage.limits.bytes.used === 1.5 * mib);
  });

  test('of a webhook is read, and taken once its signature is verified', async () => {
    const stage = await open();
    const body = JSON.stringify({ id: 'charge-1' });
    expect(
      await send(stage, body, { ...signed(body), 'content-type': 'text/plain' }, '/webhooks/payments'),
    ).toMatchObject({
      status: 200,
    });
    expect(await send(stage, `${body} `, signed(body), '/webhooks/payments')).toMatchObject({ status: 401 });
    expect(stage.askedCount).toBe(1);
  });

  test.each([
    ['signed', signed(''), 400],
    ['signed as another', signed('{}'), 401],
  ])('of a webhook that has none is nothing, %s', async (_, headers, status) => {
    const stage = await open();
    const asked = stage.begin('POST', '/webhooks/payments', headers);
    asked.end();
    expect(await answerTo(asked)).toMatchObject({ status });
    expect(stage.askedCount).toBe(0);
  });
});

describe('too many requests', () => {
  test.each<[setting: string, settings: Partial<LimitSettings>, isOfOne: boolean]>([
    ['HTTP_REQUESTS_MAX', { httpRequestsMax: 2 }, false],
    ['PRINCIPAL_CALLS_MAX', { principalCallsMax: 2 }, true],
  ])('are refused: %s', async (setting, settings, isOfOne) => {
    const stage = await open(settings);
    stage.hold();
    const waiting = [get(stage), get(stage)];
    await until(() => stage.limits.http.calls.used === 2);
    expect(await get(stage)).toEqual({ status: 429, detail: limit(setting) });
    if (isOfOne) {
      const next = get(stage, 'shipping');
      await until(() => stage.limits.http.calls.used === 3);
      waiting.push(next);
    }
    stage.letGo();
    for (const answer of waiting) expect(await answer).toMatchObject({ status: 200 });
    await until(() => stage.limits.http.calls.used === 0);
    expect(await stage.reached(`RATCHET_${setting}`)).toBeGreaterThan(0);
  });

  test('on one connection are refused, and all of them end with it', async () => {
    const stage = await open({ httpPipelineMax: 3 });
    stage.hold();
    const socket = await stage.socket();
    socket.write(
      `GET ${result} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${keys.billing}\r\n\r\n`.repeat(5),
    );
    await until(async () => (await stage.reached('RATCHET_HTTP_PIPELINE_MAX')) === 2);
    expect(stage.limits.http.calls.used).toBe(3);
    socket.destroy();
    await until(() => stage.limits.http.calls.used === 0);
  });

  test.each([{ asksNobody: false }, { asksNobody: true }])('are none while bodies are to come: %j', async (auth) => {
    const stage = await open({ httpRequestsMax: 5, strangersMax: 10 }, auth);
    const head = `POST ${complete} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n`;
    const sockets = await Promise.all(Array.from({ length: 50 }, () => stage.socket()));
    for (const socket of sockets) socket.write(head);
    expect(await send(stage, '{}')).toMatchObject({ status: 200 });
    await until(() => sockets.filter(({ destroyed }) => destroyed).length >= 40);
    expect(await stage.reached('RATCHET_STRANGERS_MAX')).toBeGreaterThanOrEqual(40);
  });
});

describe('connections', () => {
  const head = (who: keyof typeof keys): string =>
    `GET ${result} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${keys[who]}\r\n\r\n`;

  test('that are idle give way, and where all are busy a newcomer is refused', async () => {
    const stage = await open({ httpConnectionsMax: 2 });
    const idle = await stage.socket();
    idle.write(head('billing'));
    await until(() => idle.said().includes('200 OK'));
    stage.hold();
    for (const who of ['billing', 'shipping'] as const) (await stage.socket()).write(head(who));
    await until(() => stage.limits.http.calls.used === 2);
    await until(() => idle.destroyed);
    expect(await get(stage)).toEqual({ status: 429, detail: limit('HTTP_CONNECTIONS_MAX') });
  });

  test('of one principal are bounded', async () => {
    const stage = await open({ principalConnectionsMax: 1 });
    const first = await stage.socket();
    first.write(head('billing'));
    await until(() => first.said().includes('200 OK'));
    expect(await get(stage)).toEqual({ status: 429, detail: limit('PRINCIPAL_CONNECTIONS_MAX') });
    expect(await get(stage, 'shipping')).toMatchObject({ status: 200 });
  });
});

test('whatever is sent, it is never our fault', async () => {
  const stage = await open();
  const paths = [complete, `${charge}/fail`, '/api/v1/namespaces/orders/activity-tasks/heartbeat'];
  const field = fc.constantFrom('taskToken', 'failure', 'result', 'runId', 'identity', 'details', 'requestId');
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.dictionary(field, fc.jsonValue()).map((value) => JSON.stringify(value)),
  );
  const asked = fc.tuple(fc.constantFrom(...paths), body);
  await fc.assert(
    fc.asyncProperty(fc.array(asked, { minLength: 10, maxLength: 10 }), async (requests) => {
      const told = await Promise.all(requests.map(([path, text]) => send(stage, text, as('billing'), path)));
      for (const { status } of told) expect(status).toBeLessThan(500);
    }),
    { numRuns: 50 },
  );
}, 60_000);
