import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { epochMillis, type CallbackRequest } from '@ratchet/domain';
import { defaultPayloadConverter } from '@ratchet/protocol';
import { Webhook } from 'standardwebhooks';
import { callbackMessage } from './callback-message.ts';
import { checkCallbackUrls } from './callback-policy.ts';
import { CallbackSender, isFinal } from './callback-sender.ts';
import { forbiddenReason, isPublicAddress, lookupPublic } from './public-address.ts';

describe('an address', () => {
  test.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:93.184.216.34'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fd00::1',
    'ff02::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::7f00:1',
    '::a00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    'example.com',
  ])('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('a URL', () => {
  test.each(['https://example.com/hook', 'http://example.com:8080/', 'https://93.184.216.34/'])(
    '%s may be called',
    (url) => {
      expect(forbiddenReason(url, false)).toBeUndefined();
    },
  );

  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'nonsense',
    'https://user:secret@example.com/',
    'http://localhost/',
    'http://LOCALHOST./',
    'http://a.localhost/',
    'http://127.1/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://[::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://[::127.0.0.1]/',
    'http://169.254.169.254/latest/meta-data',
  ])('%s may not', (url) => {
    expect(forbiddenReason(url, false)).toBeDefined();
  });

  test('of this machine may be called where that is allowed', () => {
    expect(forbiddenReason('http://127.0.0.1:80/', true)).toBeUndefined();
    expect(forbiddenReason('ftp://127.0.0.1/', true)).toBeDefined();
  });

  test('that may not be called is refused when the activity is started', () => {
    const policy = { callbackSecret: 's', callbackPrivateAddresses: false };
    expect(() => {
      checkCallbackUrls(['https://example.com/', 'http://10.0.0.1/'], policy);
    }).toThrow('/callbackUrls/1: it may not be called: its address 10.0.0.1 is not public');
    expect(() => {
      checkCallbackUrls(['https://example.com/'], { ...policy, callbackSecret: '' });
    }).toThrow('RATCHET_CALLBACK_SECRET');
  });
});

test.each([true, false])('a name that means this machine is not connected to (all: %s)', async (all) => {
  const error = await new Promise((resolve) => {
    lookupPublic('localhost', { all }, resolve);
  });
  expect(error).toMatchObject({ name: 'ForbiddenAddressError' });
});

describe('the sender', () => {
  const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
  let server: Server;
  let url: string;
  let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  let answer = 200;
  const sender = new CallbackSender({ secret: () => secret, allowPrivate: true, timeoutMs: 2_000 });

  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        received.push({ headers: request.headers, body });
        if (answer === 0) return;
        response.writeHead(answer, answer === 302 ? { location: `${url}/elsewhere` } : {}).end('a long answer');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`;
  });
  afterAll(async () => {
    await sender.close();
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => {
    received = [];
    answer = 200;
  });

  const callback = (to = url): CallbackRequest => ({
    id: { namespace: 'orders', workflowId: '', runId: 'r', activityId: 'a' },
    url: to,
    activityType: 'charge',
    status: 'completed',
    outcome: { type: 'success', result: [defaultPayloadConverter.toPayload({ paid: 7 })] },
    closedAt: epochMillis(0),
    closedOffset: 42,
    failedCount: 0,
  });
  const failure = (of: Promise<void>): Promise<unknown> =>
    of.then(
      () => undefined,
      (error: unknown) => error,
    );

  test('tells the outcome, signed', async () => {
    await sender.send(callback());
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toEqual({
      type: 'ratchet.activity.completed',
      timestamp: '1970-01-01T00:00:00.000Z',
      data: {
        namespace: 'orders',
        activityId: 'a',
        activityType: 'charge',
        runId: 'r',
        status: 'completed',
        result: { paid: 7 },
      },
    });
  });

  test('gives every repetition the same id, and every other telling another', () => {
    const { id } = callbackMessage(callback());
    expect(callbackMessage({ ...callback(), failedCount: 3 }).id).toBe(id);
    expect(callbackMessage({ ...callback(), closedOffset: 43 }).id).not.toBe(id);
    expect(callbackMessage(callback('https://example.com/')).id).not.toBe(id);
  });

  test.each([
    [500, false],
    [404, false],
    [429, false],
    [410, true],
  ])('an answer %i is none; final: %s', async (status, final) => {
    answer = status;
    const error = await failure(sender.send(callback()));
    expect(error).toMatchObject({ name: 'CallbackRefusedError', statusCode: status });
    expect(isFinal(error)).toBe(final);
  });

  test('a redirection is not followed', async () => {
    answer = 302;
    expect(await failure(sender.send(callback()))).toMatchObject({ statusCode: 302 });
    expect(received).toHaveLength(1);
  });

  test('a receiver that says nothing is given up', async () => {
    answer = 0;
    const error = await failure(sender.send(callback()));
    expect(error).toBeDefined();
    expect(isFinal(error)).toBe(false);
  });

  test('a receiver that is not there may come back', async () => {
    const error = await failure(sender.send(callback('http://127.0.0.1:1/')));
    expect(error).toBeDefined();
    expect(isFinal(error)).toBe(false);
  });

  test('this machine is not called where that is not allowed, by address or by name', async () => {
    const careful = new CallbackSender({ secret: () => secret, allowPrivate: false });
    const { port } = new URL(url);
    // A name that is not refused by its look alone.
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await failure(careful.send(callback(`http://${host}:${port}/`)));
      expect(isFinal(error)).toBe(true);
    }
    expect(received).toEqual([]);
    await careful.close();
  });
});
