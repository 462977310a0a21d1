import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka, type RunningKafka } from '@ratchet/testing';
import { certificates } from '@ratchet/testing/certificates';
import { grantRights } from './acls.ts';
import { connectKafka, type ConnectionOptions } from './connection.ts';
import { Outbox } from '../outbox/outbox.ts';
import { createTopics } from './topics.ts';

// A real broker that asks who comes, in every way but Amazon's.

const user = 'somebody';
const audience = 'kafka';
const keyId = 'key-1';
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

let folder: string;
let kafka: RunningKafka;
let tokens: Server;
let tokenUrl: string;
/** Client credentials that came, and for how long the tokens are said to live. */
let asked: string[] = [];
let lifeSeconds = 300;

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(): string {
  const now = Math.floor(Date.now() / 1000);
  const head = base64url({ alg: 'RS256', kid: keyId, typ: 'JWT' });
  const claims = base64url({ sub: user, iss: 'test', aud: audience, iat: now, exp: now + 300, scope: 'kafka' });
  const signature = createSign('RSA-SHA256').update(`${head}.${claims}`).sign(privateKey).toString('base64url');
  return `${head}.${claims}.${signature}`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ratchet-connection-'));
  const jwks = join(folder, 'jwks.json');
  writeFileSync(
    jwks,
    JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: keyId, alg: 'RS256', use: 'sig' }] }),
  );
  const jwksUrl = `file://${jwks}`;
  const oauth = 'listener.name.secured.oauthbearer.';
  kafka = await startKafka({
    folder: join(folder, 'kafka'),
    users: [user],
    registry: false,
    brokerProperties: {
      'listener.name.secured.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      [`${oauth}sasl.jaas.config`]: 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;',
      [`${oauth}sasl.server.callback.handler.class`]:
        'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
      [`${oauth}sasl.oauthbearer.jwks.endpoint.url`]: jwksUrl,
      [`${oauth}sasl.oauthbearer.expected.audience`]: audience,
    },
    brokerEnvironment: { JAVA_TOOL_OPTIONS: `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${jwksUrl}` },
  });
  tokens = createServer((request, response) => {
    asked.push(request.headers.authorization ?? '');
    const isKnown = request.headers.authorization === `Basic ${Buffer.from('client:secret').toString('base64')}`;
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(isKnown ? { access_token: token(), expires_in: lifeSeconds } : { error: 'invalid_client' }),
    );
  });
  await once(tokens.listen(0, '127.0.0.1'), 'listening');
  tokenUrl = `http://127.0.0.1:${String((tokens.address() as AddressInfo).port)}/token`;
  const admin = await connectKafka(as('scram-sha-512', 'admin'));
  await createTopics(admin, [{ name: 'letters', partitions: 1, replicationFactor: 1, config: {}, needs: [] }]);
  const right = { resource: 'topic', name: 'letters', pattern: 'literal', operations: ['Write'] } as const;
  await grantRights(admin, [{ user, ...right }]);
  await admin.close();
});
afterAll(async () => {
  tokens.closeAllConnections();
  tokens.close();
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  asked = [];
  lifeSeconds = 300;
});

const passwordFile = (of: string): string => kafka.security?.passwordFile(of) ?? '';
const brokers = (): readonly string[] => kafka.brokers.split(',');
const trusted = (): Pick<ConnectionOptions, 'tls'> => ({ tls: { ca: { file: kafka.security?.caFile ?? '' } } });

const as = (
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512',
  username = user,
  password: string | { readonly file: string } = { file: passwordFile(username) },
): ConnectionOptions => ({
  brokers: brokers(),
  clientId: 'test',
  ...trusted(),
  sasl: { mechanism, username, password },
});

const byToken = (clientSecret = 'secret'): ConnectionOptions => ({
  brokers: brokers(),
  clientId: 'test',
  ...trusted(),
  sasl: { mechanism: 'oauthbearer', tokenUrl, clientId: 'client', clientSecret },
});

/** Sends a letter, which takes a right of the user. */
async function sends(options: ConnectionOptions): Promise<number> {
  const connection = await connectKafka(options);
  const outbox = new Outbox({ connection, steadyTopics: ['letters'] });
  try {
    return (await outbox.send({ topic: 'letters', key: null, value: Buffer.from('hello') })).offset;
  } finally {
    await outbox.close(0);
    await connection.close();
  }
}

test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
  '%s lets in who knows the password',
  async (mechanism) => {
    expect(await sends(as(mechanism))).toBeGreaterThanOrEqual(0);
    await expect(connectKafka(as(mechanism, user, 'a guess'))).rejects.toMatchObject({
      code: 'RKT1009',
      message: expect.stringMatching(
        new RegExp(`as '${user}' \\(${mechanism}\\), but it refuses user or password`),
      ) as string,
    });
  },
);

test('a token of a server is enough, one for all connections, and another before it expires', async () => {
  expect(await sends(byToken())).toBeGreaterThanOrEqual(0);
  expect(asked).toHaveLength(1);

  lifeSeconds = 0.001;
  const connection = await connectKafka(byToken());
  asked = [];
  lifeSeconds = 300;
  const outbox = new Outbox({ connection, steadyTopics: ['letters'] });
  await outbox.send({ topic: 'letters', key: null, value: Buffer.from('hello') });
  expect(asked.length).toBeGreaterThan(0);
  await outbox.close(0);
  await connection.close();
});

test('whom the token server does not know, or whose token the broker does not take, is told', async () => {
  await expect(connectKafka(byToken('a guess'))).rejects.toMatchObject({
    code: 'RKT1009',
    message: expect.stringContaining('invalid_client') as string,
  });
  const forged = createServer((_, response) => {
    const [head, claims] = token().split('.');
    const signature = createHmac('sha256', 'a guess').update('nothing').digest('base64url');
    response.end(JSON.stringify({ access_token: `${head ?? ''}.${claims ?? ''}.${signature}` }));
  });
  await once(forged.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${String((forged.address() as AddressInfo).port)}/`;
  const { sasl, ...rest } = byToken();
  const refused = connectKafka({ ...rest, sasl: { ...sasl, tokenUrl: url } as NonNullable<ConnectionOptions['sasl']> });
  await expect(refused).rejects.toMatchObject({
    code: 'RKT1009',
    message: expect.stringContaining('invalid_token') as string,
  });
  forged.closeAllConnections();
  forged.close();
});

test.each([
  ['another authority is trusted', { ca: certificates.authority.certificate }, 'its certificate is not trusted here'],
  ['another name is expected', { serverName: 'kafka.example.com' }, 'its certificate is not trusted here'],
])('where %s nothing is said to the broker', async (_, tls, reason) => {
  const { ca } = trusted().tls as { readonly ca: { readonly file: string } };
  await expect(connectKafka({ ...as('scram-sha-512'), tls: { ca, ...tls } })).rejects.toMatchObject({
    code: 'RKT1009',
    message: expect.stringContaining(reason) as string,
  });
});

test('a password in a file that changes counts from the next connection on', async () => {
  const file = join(folder, 'password');
  const right = readFileSync(passwordFile(user), 'utf8');
  writeFileSync(file, right);
  const connection = await connectKafka(as('scram-sha-512', user, { file }));
  const connects = async (): Promise<void> => {
    const client = connection.createClient();
    await client
      .admin({ retries: 0 })
      .connect()
      .finally(() => {
        client.cut();
      });
  };
  await connects();
  writeFileSync(file, 'a guess');
  await expect(connects()).rejects.toThrow(/SASL SCRAM SHA512/i);
  writeFileSync(file, right);
  await connects();
  await connection.close();
});
