import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { epochMillis, type CallbackRequest } from '@ratchet/domain';
import { defaultPayloadConverter } from '@ratchet/protocol';
import { Webhook } from 'standardwebhooks';
import { callbackMessage } from './callback-message.ts';
import { checkCallbackPolicy } from './callback-policy.ts';
import { CallbackSender, isFinal } from './callback-sender.ts';
import {
  callbackHosts,
  ForbiddenAddressError,
  isWithin,
  lookupWithin,
  reachOfUrl,
  type CallbackHost,
  type Reach,
} from './callback-hosts.ts';
import { callbackSettings } from './callbacks.settings.ts';

const hostsIn = (text: string): readonly CallbackHost[] => callbackHosts.parse(text);
const reasonOf = (url: string, hosts = '*'): string => {
  try {
    return reachOfUrl(url, hostsIn(hosts));
  } catch (error) {
    if (!(error instanceof ForbiddenAddressError)) throw error;
    return error.message;
  }
};

describe('an address', () => {
  test.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946', '::ffff:93.184.216.34'])(
    '%s is public',
    (address) => {
      expect([isWithin(address, 'public'), isWithin(address, 'inside')]).toEqual([true, true]);
    },
  );

  test.each([
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
  ])('%s is inside', (address) => {
    expect([isWithin(address, 'public'), isWithin(address, 'inside')]).toEqual([false, true]);
  });

  test.each([
    '169.254.169.254',
    '169.254.170.2',
    '169.254.0.23',
    '::ffff:169.254.169.254',
    '168.63.129.16',
    '::ffff:168.63.129.16',
    '100.100.100.200',
    '192.0.0.192',
    'fd00:ec2::254',
    'fd20:ce::254',
    'fe80::a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '2002:a9fe:a9fe::',
    '::a9fe:a9fe',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'ff02::1',
    '::7f00:1',
    '::a00:1',
    '64:ff9b::a00:1',
    '2002:a00:1::',
    'example.com',
  ])('%s is never called', (address) => {
    expect([isWithin(address, 'public'), isWithin(address, 'inside')]).toEqual([false, false]);
  });
});

describe('a URL', () => {
  test.each(['https://example.com/hook', 'http://example.com:8080/', 'https://93.184.216.34/'])(
    '%s may be called',
    (url) => {
      expect(reasonOf(url)).toBe('public');
    },
  );

  test.each([
    ['ftp://example.com/', 'it is neither'],
    ['file:///etc/passwd', 'it is neither'],
    ['nonsense', 'it is no URL'],
    ['https://user:secret@example.com/', 'it has a user name'],
    ['http://localhost/', 'this machine'],
    ['http://LOCALHOST./', 'this machine'],
    ['http://a.localhost/', 'this machine'],
    ['http://127.1/', 'not public'],
    ['http://0x7f000001/', 'not public'],
    ['http://2130706433/', 'not public'],
    ['http://0177.0.0.1/', 'not public'],
    ['http://[::1]/', 'not public'],
    ['http://[::ffff:10.0.0.1]/', 'not public'],
    ['http://[::127.0.0.1]/', 'not public'],
    ['http://169.254.169.254/latest/meta-data', 'not public'],
  ])('%s may not: %s', (url, reason) => {
    expect(reasonOf(url)).toMatch(reason);
  });

  test.each([
    // hosts, URL, how far
    ['https://*', 'https://example.com/', 'public'],
    ['https://*', 'http://example.com/', 'does not allow http://example.com:80'],
    ['hooks.example.com', 'https://hooks.example.com/', 'inside'],
    ['hooks.example.com', 'https://HOOKS.example.com./', 'inside'],
    ['hooks.example.com', 'https://evil-hooks.example.com/', 'does not allow'],
    ['*.internal', 'http://a.b.internal:9/', 'inside'],
    ['*.internal', 'http://internal/', 'does not allow'],
    ['hooks.internal:8443', 'https://hooks.internal:8443/', 'inside'],
    ['hooks.internal:8443', 'https://hooks.internal/', 'does not allow https://hooks.internal:443'],
    ['hooks.internal:443', 'https://hooks.internal/', 'inside'],
    ['https://hooks.internal', 'http://hooks.internal/', 'does not allow'],
    ['*, hooks.internal:8443', 'https://hooks.internal/', 'public'],
    ['http://10.0.0.7', 'http://10.0.0.7:8080/', 'inside'],
    ['http://10.0.0.7', 'http://10.0.0.8/', 'does not allow'],
    ['10.0.0.7', 'http://0x0a000007/', 'inside'],
    ['[FD00:0::7]', 'http://[fd00::7]/', 'inside'],
    ['fd00::7', 'http://[fd00::7]/', 'it is no host'],
    ['localhost', 'http://localhost:3000/', 'inside'],
    ['127.0.0.1', 'http://127.1:3000/', 'inside'],
    ['169.254.169.254', 'http://169.254.169.254/', 'none that may ever be called'],
    ['*,168.63.129.16', 'http://168.63.129.16/', 'none that may ever be called'],
    ['[fd00:ec2::254]', 'http://[fd00:ec2::254]/', 'none that may ever be called'],
  ])('where %s is allowed: %s: %s', (hosts, url, expected) => {
    const told = callbackHosts.safeParse(hosts).success ? reasonOf(url, hosts) : 'it is no host';
    expect(told).toMatch(expected);
  });

  test.each(['', '**', '*.', 'http://', 'ftp://a', 'a b', 'a:b', 'a/b', 'user@a', ',', 'a,,b', '10.0.0.0/8'])(
    '%j is no list of hosts',
    (text) => {
      expect(callbackHosts.safeParse(text).success).toBe(false);
    },
  );

  test('that may not be called is refused when the activity is started', () => {
    const policy = { callbackSecret: 's', callbackHosts: hostsIn('*') };
    expect(() => {
      checkCallbackPolicy(['https://example.com/', 'http://10.0.0.1/'], policy);
    }).toThrow('/callbackUrls/1: it may not be called: its address 10.0.0.1 is not public');
    expect(() => {
      checkCallbackPolicy(['https://example.com/'], { ...policy, callbackSecret: '' });
    }).toThrow('RATCHET_CALLBACK_SECRET');
  });

  test('goes by https in production, where nothing else is said', () => {
    const { defaults } = callbackSettings.callbackHosts;
    expect(() => reachOfUrl('http://example.com/', defaults?.production ?? [])).toThrow('does not allow http:');
    expect(reachOfUrl('https://example.com/', defaults?.production ?? [])).toBe('public');
    expect(reachOfUrl('http://example.com/', defaults?.development ?? [])).toBe('public');
  });
});

test.each([true, false])('a name that means this machine is connected to where it is named (all: %s)', async (all) => {
  const looked = (reach: Reach) =>
    new Promise<unknown>((resolve) => {
      lookupWithin(reach)('localhost', { all }, (error, address) => {
        resolve(error ?? address);
      });
    });
  expect(await looked('public')).toMatchObject({ name: 'ForbiddenAddressError' });
  expect(JSON.stringify(await looked('inside'))).toMatch(/127\.0\.0\.1|::1/);
});

describe('the sender', () => {
  const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
  let server: Server;
  let url: string;
  let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
  let answer = 200;
  const hosts = hostsIn('127.0.0.1');
  const sender = new CallbackSender({ secret: () => secret, hosts: () => hosts, timeoutMs: 2_000 });

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
    const careful = new CallbackSender({ secret: () => secret, hosts: () => hostsIn('*') });
    const { port } = new URL(url);
    // A name that is not refused by its look alone.
    for (const host of ['127.0.0.1', 'localhost']) {
      const error = await failure(careful.send(callback(`http://${host}:${port}/`)));
      expect(isFinal(error)).toBe(true);
    }
    expect(received).toEqual([]);
    await careful.close();
  });

  test('this machine is called by a name that is allowed', async () => {
    const named = new CallbackSender({ secret: () => secret, hosts: () => hostsIn('localhost') });
    await named.send(callback(`http://localhost:${new URL(url).port}/`));
    expect(received).toHaveLength(1);
    await named.close();
  });
});
