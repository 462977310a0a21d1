import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { certificates } from '@ratchet/testing/certificates';
import { checkSecurity, kafkajsSasl, type KafkaSecurity } from './security.ts';

const { authority, server: own } = certificates;
let asked: { readonly request: IncomingMessage; readonly body: string }[] = [];
let answer = '';
const server = createServer({ cert: own.certificate, key: own.key }, (request, response) => {
  void text(request).then((body) => {
    asked.push({ request, body });
    response.end(answer);
  });
});
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  answer = JSON.stringify({ access_token: 'a token', expires_in: 300 });
});

const security = (more: object): KafkaSecurity => ({
  sasl: {
    mechanism: 'oauthbearer',
    tokenUrl: `https://localhost:${String((server.address() as AddressInfo).port)}/token`,
    clientId: 'ada',
    clientSecret: 'hunter2',
    ...more,
  },
});

/** What brokers would be told. */
function told(more: object): Promise<unknown> {
  const sasl = kafkajsSasl(security(more));
  if (sasl?.mechanism !== 'oauthbearer') throw new Error('Expected a token');
  return sasl.oauthBearerProvider();
}

test('a server of tokens is trusted by an authority of its own, and brokers are told extensions beside the token', async () => {
  const extensions = { logicalCluster: 'lkc-1', identityPoolId: 'pool-1' };
  const given = await told({ tls: { ca: authority.certificate }, scope: 'kafka', extensions });
  expect(given).toEqual({ value: 'a token', extensions });
  expect(asked.map(({ body }) => body)).toEqual(['grant_type=client_credentials&scope=kafka']);
  expect(asked[0]?.request.headers.authorization).toBe(`Basic ${Buffer.from('ada:hunter2').toString('base64')}`);
});

test('without that authority nobody is told who asks', async () => {
  await expect(told({})).rejects.toMatchObject({
    code: 'RKT1009',
    message: expect.stringContaining('certificate') as string,
  });
  expect(asked).toEqual([]);
});

test('an answer of megabytes is not read', async () => {
  answer = JSON.stringify({ access_token: 'x'.repeat(2_000_000) });
  await expect(told({ tls: { ca: authority.certificate } })).rejects.toMatchObject({
    code: 'RKT1009',
    message: expect.stringContaining('more than 1048576 bytes') as string,
  });
});

test('an authority that is none is said before anyone is connected to', () => {
  expect(() => {
    checkSecurity(security({ tls: { ca: 'no certificate' } }));
  }).toThrow(/TLS towards the server of tokens to be usable together/);
});
