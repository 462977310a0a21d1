import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Environment, ServiceLog } from '@ratchet/service-kit';
import { apiKeyHash } from '../auth/api-keys.ts';
import { createAuthenticator } from '../auth/authenticator.ts';
import type { RefusedCall } from '../auth/index.ts';
import type { FrontDoor } from '../front-door/index.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { openHttpDoor, type HttpDoor } from './http-door.ts';

// What a browser can be made to do, and what it is told. A front door that counts what came through.

const runId = '0189c0de-0000-4000-8000-000000000001';
let came: string[] = [];
const ask = (what: string) => (): Promise<unknown> => {
  came.push(what);
  const reached = { runId, status: 'completed', outcome: { type: 'success', result: [] } };
  return Promise.resolve({ ...reached, activity: { id: { runId }, ...reached }, stateBytes: 300 });
};
const frontDoor = {
  activities: { start: ask('start'), pause: ask('pause'), describe: ask('describe'), awaitOutcome: ask('outcome') },
  attempts: { complete: ask('complete') },
} as unknown as FrontDoor;
const log = { warn: () => undefined } as unknown as ServiceLog;
let refused: string[] = [];
const audit = { refused: ({ what, error }: RefusedCall) => refused.push(`${what}: ${String(error)}`) };
const key = 'rk_0123456789abcdef0123456789abcdef';
const apiKeys = [{ name: 'billing', hash: apiKeyHash(key), grants: [{ namespace: '*', role: 'writer' }] }] as const;

const opened: HttpDoor[] = [];
async function open(keys: Parameters<typeof createAuthenticator>[0]['apiKeys'], environment: Environment) {
  const httpAllowedHosts = ['ratchet.example.com'];
  const settings = { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts, environment };
  const authenticator = createAuthenticator({ apiKeys: keys });
  const door = await openHttpDoor({ settings, frontDoor, authenticator, limits: limitsFor(), audit, log });
  opened.push(door);
  return door;
}
let openToAll: HttpDoor;
let withKeys: HttpDoor;
beforeAll(async () => {
  openToAll = await open([], 'development');
  withKeys = await open(apiKeys, 'production');
});
afterAll(() => Promise.all(opened.map((door) => door.close())));
beforeEach(() => {
  refused = [];
  came = [];
});

interface Asked {
  readonly method?: string;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}
/** With any header, `Host` among them: `fetch` sends no other than its own. */
function send(door: HttpDoor, path: string, { method = 'POST', body, headers = {} }: Asked = {}) {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((resolve, reject) => {
    const asked = request(`${door.url}${path}`, { method, headers, agent: false }, (response) => {
      void text(response).then((read) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: read });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
const activity = '/api/v1/namespaces/default/activities/order-1';
const json = { 'content-type': 'application/json' };

describe('a body', () => {
  test.each([
    ['application/x-www-form-urlencoded', 'result=forged'],
    ['text/plain', '{"result": "forged"}'],
    ['multipart/form-data; boundary=x', '--x--'],
    ['application/jsonp', '{}'],
    ['text/json', '{}'],
    ['nonsense', '{}'],
    ['', '{}'],
  ])('of %j is not taken', async (type, body) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': type };
    expect(await send(withKeys, `${activity}/complete`, { body, headers })).toMatchObject({
      status: 415,
      body: expect.stringContaining('Expected a body whose content-type is application/json, but ') as string,
    });
    expect(came).toEqual([]);
  });

  test.each(['gzip', 'br', 'GZIP, identity'])('that is compressed is not taken, and says so: %s', async (encoding) => {
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      'content-encoding': encoding,
    };
    expect(await send(withKeys, `${activity}/complete`, { body: '{}', headers })).toMatchObject({
      status: 415,
      body: expect.stringContaining('send it uncompressed') as string,
    });
    expect(came).toEqual([]);
  });

  test('without a content type is not taken', async () => {
    const headers = { authorization: `Bearer ${key}` };
    expect(await send(withKeys, `${activity}/complete`, { body: '{}', headers })).toMatchObject({
      status: 415,
      body: expect.stringContaining('is application/json, but it has none') as string,
    });
  });

  test.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/merge-patch+json',
    'application/vnd.acme.order-1.v2+json;q=1',
  ])('of %s is JSON', async (type) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': type };
    const { status } = await send(withKeys, `${activity}/complete`, { body: '{"result": 1}', headers });
    expect([status, came]).toEqual([200, ['complete']]);
  });

  test('that is no UTF-8 is not taken', async () => {
    const headers = { authorization: `Bearer ${key}`, ...json };
    const body = Buffer.from('{"result":"\xff"}', 'latin1');
    const { status } = await send(withKeys, `${activity}/complete`, { body, headers });
    expect([status, came]).toEqual([400, []]);
  });
});

describe('where nobody is asked', () => {
  test.each<[string, Readonly<Record<string, string>>, number]>([
    ['a page that has rebound its name', { host: 'rebound.evil.example' }, 421],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a page without an origin of its own', { origin: 'null' }, 403],
    ['a page of another program on this machine', { origin: 'http://localhost:3000' }, 403],
  ])('%s gets nowhere', async (_, headers, status) => {
    const completed = await send(openToAll, `${activity}/complete`, { body: '{}', headers: { ...json, ...headers } });
    expect(completed).toMatchObject({
      status,
      headers: { 'content-type': expect.stringMatching('problem') as string },
    });
    // Without a body there is no content type to look at.
    expect(await send(openToAll, `${activity}/pause`, { headers })).toMatchObject({ status });
    expect(await send(openToAll, activity, { method: 'GET', headers })).toMatchObject({ status });
    expect(await send(openToAll, '/docs', { method: 'GET', headers })).toMatchObject({ status });
    expect(refused).toHaveLength(4);
    expect(refused[0]).toMatch(/^POST .*\/complete: ForeignRequestError/);
    expect(came).toEqual([]);
  });

  test.each([{}, { host: 'localhost:7243' }, { host: 'ratchet.example.com' }, { host: '[::1]:7243' }])(
    'a program with %j gets through, and our own page',
    async (headers) => {
      const sent = { body: '{"result": 1}', headers: { ...json, ...headers } };
      expect(await send(openToAll, `${activity}/complete`, sent)).toMatchObject({ status: 200 });
      const host = 'host' in headers ? headers.host : new URL(openToAll.url).host;
      const own = { body: '{}', headers: { ...json, host, origin: `http://${host}` } };
      expect(await send(openToAll, `${activity}/complete`, own)).toMatchObject({ status: 200 });
    },
  );

  test('a webhook may come by any name: its signature is asked for', async () => {
    const headers = { ...json, host: 'tunnel.example', origin: 'https://sender.example' };
    expect(await send(openToAll, '/webhooks/payments', { body: '{}', headers })).toMatchObject({ status: 401 });
  });
});

test('where a key is asked for, a program may come by any name and for any site', async () => {
  const headers = { ...json, authorization: `Bearer ${key}`, host: 'gateway.svc', origin: 'https://app.example' };
  expect(await send(withKeys, `${activity}/complete`, { body: '{}', headers })).toMatchObject({ status: 200 });
});

describe('the security headers', () => {
  const headers = { ...json, authorization: `Bearer ${key}` };
  test.each<[string, string, Asked, number]>([
    ['an answer', `${activity}/complete`, { body: '{}', headers }, 200],
    ['events', `${activity}/result`, { method: 'GET', headers: { ...headers, accept: 'text/event-stream' } }, 200],
    ['a refusal', `${activity}/complete`, { body: '{}', headers: json }, 401],
    ['nothing at all', '/nowhere', { method: 'GET' }, 404],
    ['a body that is no JSON', `${activity}/complete`, { body: '{', headers }, 400],
    ['an address that is none', `${activity}/%zz`, { method: 'GET', headers }, 400],
  ])('stand in %s', async (_, path, asked, status) => {
    const answered = await send(withKeys, path, asked);
    expect(answered).toMatchObject({
      status,
      headers: {
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      },
    });
    expect(answered.headers).not.toHaveProperty('strict-transport-security');
    if (status >= 400) expect(answered.headers['content-type']).toMatch('application/problem+json');
  });

  test('stand in what is said of what is no request', async () => {
    const { hostname, port } = new URL(withKeys.url);
    const socket = connect(Number(port), hostname);
    socket.write('POST nonsense\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 400 [^]*\r\nx-content-type-options: nosniff\r\n/);
  });
});

describe('the description of the API', () => {
  const places = ['/docs', '/docs/', '/docs/index.html', '/docs/swagger-ui-init.js', '/docs/swagger-ui.css'];
  const all = [...places, '/openapi.json', '/openapi.yaml'];

  test.each([...all, '/%64ocs', '/docs//swagger-ui.css'])('is not for strangers in production: %s', async (path) => {
    const { status, headers, body } = await send(withKeys, path, { method: 'GET' });
    expect(status === 404 ? 401 : status).toBe(401);
    if (status === 401) expect(headers['www-authenticate']).toBe('Basic realm="Ratchet", Bearer');
    expect(body).not.toMatch('swagger-ui');
  });

  test.each(all)('is there for who has a key: %s', async (path) => {
    const byProgram = { authorization: `Bearer ${key}` };
    const byBrowser = { authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` };
    for (const headers of [byProgram, byBrowser]) {
      const answered = await send(withKeys, path, { method: 'GET', headers });
      expect(answered.status).toBe(200);
      expect(answered.headers).not.toHaveProperty('www-authenticate');
    }
    const wrong = { authorization: `Basic ${Buffer.from('me:rk_wrong').toString('base64')}` };
    expect(await send(withKeys, path, { method: 'GET', headers: wrong })).toMatchObject({ status: 401 });
  });

  test('what a browser sends for it is no key to the API: another site could have it sent', async () => {
    const headers = { ...json, authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` };
    expect(await send(withKeys, `${activity}/complete`, { body: '{}', headers })).toMatchObject({ status: 401 });
  });

  test.each(all)('is there for everyone in development: %s', async (path) => {
    const { status, headers } = await send(openToAll, path, { method: 'GET' });
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toMatch(/script|default-src 'self'/);
  });
});
