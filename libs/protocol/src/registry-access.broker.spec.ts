import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createCodec } from '@ratchet/schemas';
import { connectBroker } from '@ratchet/testing';
import { certificates } from '@ratchet/testing/certificates';
import { registryAccess, type ConnectionDescription } from './connection-description.ts';

// The real registry behind a server that asks who comes, as those of clouds are.

let proxy: Server;
let isWelcome: (authorization: string, socket: { readonly authorized: boolean }) => boolean;
let calls: string[] = [];

beforeAll(async () => {
  const { registryUrl } = connectBroker();
  // The schemas are there: a service registers them.
  await createCodec({ registry: { url: registryUrl } });
  const { authority, server } = certificates;
  proxy = createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca: authority.certificate,
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const { method = '', url = '', headers } = request;
      const isLetIn = isWelcome(
        headers.authorization ?? '',
        request.socket as unknown as { readonly authorized: boolean },
      );
      calls.push(`${isLetIn ? 'in' : 'out'} ${method} ${url}`);
      if (!isLetIn) {
        response.writeHead(401).end('{"error_code":401,"message":"who are you?"}');
        return;
      }
      void request.toArray().then(async (chunks: Buffer[]) => {
        const body = method === 'GET' ? {} : { body: Buffer.concat(chunks) };
        const type = { 'content-type': headers['content-type'] ?? '' };
        const answer = await fetch(registryUrl + url, { method, headers: type, ...body });
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
      });
    },
  );
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  proxy.closeAllConnections();
  proxy.close();
});
beforeEach(() => {
  calls = [];
});

type Access = Exclude<ConnectionDescription['registry'], string>;

const access = (more: Partial<Access>): Access => {
  const url = `https://127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  return { url, ...more, tls: { ca: certificates.authority.certificate, ...more.tls } };
};

const basic = `Basic ${Buffer.from('ratchet:a secret').toString('base64')}`;

test.each<[who: string, right: Partial<Access>, wrong: Partial<Access>, welcome: typeof isWelcome]>([
  [
    'a user with a password',
    { username: 'ratchet', password: 'a secret' },
    { username: 'ratchet', password: 'a guess' },
    (authorization) => authorization === basic,
  ],
  [
    'the bearer of a token',
    { token: 'a token' },
    { token: 'a guess' },
    (authorization) => authorization === 'Bearer a token',
  ],
  [
    'whoever has a certificate',
    { tls: { certificate: certificates.client.certificate, key: certificates.client.key } },
    { tls: { certificate: certificates.stranger.certificate, key: certificates.stranger.key } },
    (_, socket) => socket.authorized,
  ],
])('a registry lets in %s, and nobody else', async (_, right, wrong, welcome) => {
  isWelcome = welcome;
  const lookUp = ['ActivityCommand'] as const;
  await createCodec({ registry: registryAccess(access(right)), lookUp });
  expect(calls.length).toBeGreaterThan(0);
  expect(calls.filter((call) => call.startsWith('out'))).toEqual([]);

  const refused = await createCodec({ registry: registryAccess(access(wrong)), lookUp, waitMs: 1_500 }).catch(String);
  expect(refused).toMatch(/RKT1101.*401/);
  expect(refused).not.toContain('a guess');
});

test('a registry whose certificate is not trusted is told nothing', async () => {
  isWelcome = () => true;
  const { tls: _, ...rest } = access({ username: 'ratchet', password: 'a secret' });
  const untrusted = createCodec({ registry: registryAccess(rest), lookUp: ['ActivityCommand'], waitMs: 1_500 });
  await expect(untrusted).rejects.toThrow(/RKT1101.*certificate/);
  expect(calls).toEqual([]);
});
