import { generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readConfig, type Environment } from '@ratchet/service-kit';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK } from 'jose';
import { recorded, type Role } from '../front-door/caller.ts';
import { apiKeyHash } from './api-keys.ts';
import { authConfig, openDoorsWarning } from './auth-config.ts';
import { authSettings, type AuthConfig } from './auth.settings.ts';
import { createAuthenticator } from './authenticator.ts';
import { jest } from '@jest/globals';
import { certificates } from '@ratchet/testing/certificates';
import { authorise, type Grant } from './authorise.ts';
import { createTokenReader, grantsOf } from './json-web-token.ts';

const roles: readonly Role[] = ['reader', 'worker', 'writer', 'admin'];

describe('a role', () => {
  test.each<[Role, readonly Role[]]>([
    ['reader', ['reader']],
    ['worker', ['reader', 'worker']],
    ['writer', ['reader', 'worker', 'writer']],
    ['admin', ['reader', 'worker', 'writer', 'admin']],
  ])('%s includes %j', (granted, included) => {
    const grants: readonly Grant[] = [{ namespace: 'orders', role: granted }];
    expect(roles.filter((role) => authorise(grants, role, 'orders'))).toEqual(included);
    expect(roles.filter((role) => authorise(grants, role, 'parcels'))).toEqual([]);
  });

  test('in every namespace is one in each', () => {
    expect(authorise([{ namespace: '*', role: 'writer' }], 'writer', 'orders')).toBe(true);
    expect(authorise([{ namespace: '*', role: 'writer' }], 'admin', 'orders')).toBe(false);
    expect(authorise([], 'reader', 'orders')).toBe(false);
  });
});

describe('the claim of a token', () => {
  test.each<[unknown, readonly Grant[]]>([
    [['orders:reader'], [{ namespace: 'orders', role: 'reader' }]],
    [['orders:write'], [{ namespace: 'orders', role: 'writer' }]],
    [['temporal-system:admin'], [{ namespace: '*', role: 'admin' }]],
    [['a:b:worker'], [{ namespace: 'a:b', role: 'worker' }]],
    [['orders', ':admin', 'orders:root', 'orders:constructor', 7, null], []],
    ['orders:admin', []],
    [undefined, []],
  ])('%j permits %j', (claim, grants) => {
    expect(grantsOf(claim)).toEqual(grants);
  });
});

const refusalOf = (config: AuthConfig, authorization: string | undefined): Promise<string> =>
  createAuthenticator(config)
    .authenticate(authorization)
    .then(
      ({ name }) => `let in: ${name}`,
      (error: unknown) => String(error),
    );

describe('API keys', () => {
  const key = 'rk_0123456789abcdef0123456789abcdef';
  const config: AuthConfig = {
    apiKeys: [{ name: 'billing', hash: apiKeyHash(key), grants: [{ namespace: 'orders', role: 'writer' }] }],
  };

  test('let their holder in, with the grants of the key', async () => {
    const principal = await createAuthenticator(config).authenticate(`Bearer ${key}`);
    expect([principal.name, recorded(principal)]).toEqual(['billing', 'api-key:billing']);
    expect([principal.may('writer', 'orders'), principal.may('reader', 'parcels')]).toEqual([true, false]);
    expect(await refusalOf(config, `bearer ${key}`)).toBe('let in: billing');
  });

  test.each([
    [undefined, 'no API key'],
    ['', 'no API key'],
    ['Bearer', 'no API key'],
    [`Basic ${key}`, 'no API key'],
    ['Bearer rk_another', 'the API key is unknown'],
    [`Bearer ${apiKeyHash(key)}`, 'no API key'],
    ['Bearer a.b.c', 'the API key is unknown'],
  ])('%s is refused: %s', async (authorization, reason) => {
    expect(await refusalOf(config, authorization)).toMatch(`FrontDoorError: Request unauthorized: ${reason}`);
  });

  test('can be changed while they are used', async () => {
    const authenticator = createAuthenticator(config);
    const other = 'rk_fedcba9876543210fedcba9876543210';
    authenticator.use({ apiKeys: [{ name: 'shipping', hash: apiKeyHash(other), grants: [] }] });
    await expect(authenticator.authenticate(`Bearer ${key}`)).rejects.toThrow('the API key is unknown');
    expect(await authenticator.authenticate(`Bearer ${other}`)).toMatchObject({ name: 'shipping' });
  });

  test('without any, everyone may do everything', async () => {
    const principal = await createAuthenticator({ apiKeys: [] }).authenticate(undefined);
    expect([principal.may('admin', 'orders'), recorded(principal)]).toEqual([true, '']);
  });

  test('without any, who has a certificate is known by it', async () => {
    const principal = await createAuthenticator({ apiKeys: [] }).authenticate(undefined, 'a client');
    expect([principal.may('admin', 'orders'), recorded(principal)]).toEqual([true, 'certificate:a client']);
    const withKey = await createAuthenticator(config).authenticate(`Bearer ${key}`, 'a client');
    expect(recorded(withKey)).toBe('api-key:billing');
  });
});

describe('JSON Web Tokens', () => {
  let server: Server;
  let jwksUrl: string;
  let fetched = 0;
  const jwks: JWK[] = [];
  let ours: Awaited<ReturnType<typeof generateKeyPair>>;
  let config: AuthConfig;
  const issuer = 'https://issuer.example';

  beforeAll(async () => {
    ours = await generateKeyPair('ES256', { extractable: true });
    jwks.push({ ...(await exportJWK(ours.publicKey)), kid: 'k1', alg: 'ES256' });
    server = createServer(({ url }, response) => {
      fetched++;
      if (url === '/busy') response.statusCode = 503;
      const body = url === '/nonsense' ? {} : { keys: jwks };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    jwksUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/jwks.json`;
    config = { apiKeys: [], jwt: { issuer, audience: 'ratchet', keys: { jwksUrl }, permissionsClaim: 'permissions' } };
  });
  afterAll(() => {
    server.close();
  });

  interface Claims {
    readonly issuer?: string;
    readonly audience?: string;
    readonly expires?: number;
    readonly kid?: string;
  }
  const token = (claims: Claims = {}, signWith = ours.privateKey): Promise<string> =>
    new SignJWT({ permissions: ['orders:worker'] })
      .setProtectedHeader({ alg: 'ES256', kid: claims.kid ?? 'k1' })
      .setSubject('worker-7')
      .setIssuer(claims.issuer ?? issuer)
      .setAudience(claims.audience ?? 'ratchet')
      .setExpirationTime(claims.expires ?? Math.floor(Date.now() / 1000) + 600)
      .sign(signWith);

  test('let their subject in, with what they permit', async () => {
    const principal = await createAuthenticator(config).authenticate(`Bearer ${await token()}`);
    expect([principal.name, recorded(principal)]).toEqual(['worker-7', 'token:worker-7']);
    expect([principal.may('worker', 'orders'), principal.may('writer', 'orders')]).toEqual([true, false]);
  });

  test('are verified with a configured public key, too', async () => {
    const publicKey = await exportSPKI(ours.publicKey);
    const jwt = { issuer, audience: 'ratchet', keys: { publicKey }, permissionsClaim: 'permissions' };
    expect(await refusalOf({ apiKeys: [], jwt }, `Bearer ${await token()}`)).toBe('let in: worker-7');
  });

  test('of a key that is too short are refused, and it is not the fault of the issuer', async () => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const signed = ['{"alg":"RS256","kid":"k0"}', `{"iss":"${issuer}","aud":"ratchet","exp":9999999999}`]
      .map((part) => Buffer.from(part).toString('base64url'))
      .join('.');
    jwks.push({ ...(short.publicKey.export({ format: 'jwk' }) as JWK), kid: 'k0', alg: 'RS256' });
    const bearer = `Bearer ${signed}.${sign('sha256', Buffer.from(signed), short.privateKey).toString('base64url')}`;
    expect(await refusalOf(config, bearer)).toMatch('Request unauthorized: the token cannot be verified');
  });

  test.each<[string, Claims]>([
    ['of another issuer', { issuer: 'https://other.example' }],
    ['for another audience', { audience: 'someone' }],
    ['that has expired', { expires: Math.floor(Date.now() / 1000) - 60 }],
    ['of an unknown key', { kid: 'k2' }],
  ])('%s are refused', async (_, claims) => {
    expect(await refusalOf(config, `Bearer ${await token(claims)}`)).toMatch('Request unauthorized: the token');
  });

  test('signed by someone else, or not at all, are refused', async () => {
    const other = await generateKeyPair('ES256');
    expect(await refusalOf(config, `Bearer ${await token({}, other.privateKey)}`)).toMatch('Request unauthorized');
    const [, payload] = (await token()).split('.');
    const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload ?? ''}.x`;
    expect(await refusalOf(config, `Bearer ${unsigned}`)).toMatch('Request unauthorized');
    expect(await refusalOf(config, 'Bearer a.b.c')).toMatch('Request unauthorized');
  });

  test('cannot be signed with the public key as a shared secret', async () => {
    const publicKey = await exportSPKI(ours.publicKey);
    const jwt = { issuer, audience: 'ratchet', keys: { publicKey }, permissionsClaim: 'permissions' };
    const forged = await new SignJWT({ permissions: ['*:admin'] })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(issuer)
      .setAudience('ratchet')
      .setExpirationTime('1h')
      .sign(Buffer.from(publicKey));
    expect(await refusalOf({ apiKeys: [], jwt }, `Bearer ${forged}`)).toMatch('Request unauthorized');
  });

  test('are verified as is said later, and the keys of the same issuer are not fetched again', async () => {
    const authenticator = createAuthenticator(config);
    const [before, bearer] = [fetched, `Bearer ${await token()}`];
    await authenticator.authenticate(bearer);
    authenticator.use({ ...config, apiKeys: [{ name: 'k', hash: apiKeyHash('k'), grants: [] }] });
    await authenticator.authenticate(bearer);
    expect(fetched).toBe(before + 1);
    const jwt = { issuer: 'https://other.example', audience: 'ratchet', keys: { jwksUrl }, permissionsClaim: 'p' };
    authenticator.use({ apiKeys: [], jwt });
    await expect(authenticator.authenticate(bearer)).rejects.toThrow('the token is not valid here');
  });

  test('of a new key are taken and of a withdrawn one are not, though the wall clock stands still', async () => {
    let now = 1_000_000;
    const { jwt } = config;
    if (jwt === undefined) throw new Error('no tokens are taken');
    const standing = jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    try {
      const read = createTokenReader(jwt, () => now);
      const [former, next] = [await token(), await generateKeyPair('ES256', { extractable: true })];
      expect((await read(former)).name).toBe('worker-7');
      const kept = jwks.splice(0, 1, { ...(await exportJWK(next.publicKey)), kid: 'k2', alg: 'ES256' });
      const ofNext = await token({ kid: 'k2' }, next.privateKey);
      const before = fetched;
      await expect(read(ofNext)).rejects.toThrow('of an unknown key');
      expect(fetched).toBe(before);
      now += 30_000;
      expect((await read(ofNext)).name).toBe('worker-7');
      await expect(read(former)).rejects.toThrow('of an unknown key');
      jwks.splice(0, 1, ...kept);
      now += 600_000;
      await expect(read(ofNext)).rejects.toThrow('of an unknown key');
    } finally {
      standing.mockRestore();
    }
  });

  test.each([
    ['nobody answers', 'http://127.0.0.1:1/jwks.json'],
    ['their server is busy', '/busy'],
    ['something else is there', '/nonsense'],
  ])('wait while the keys cannot be fetched: %s', async (_, address) => {
    const keys = { jwksUrl: new URL(address, jwksUrl).href };
    const jwt = { issuer, audience: 'ratchet', keys, permissionsClaim: 'permissions' };
    expect(await refusalOf({ apiKeys: [], jwt }, `Bearer ${await token()}`)).toMatch('cannot be fetched');
  });
});

test('where nobody is asked, the start says so', () => {
  const said = (config: AuthConfig) => openDoorsWarning(config, ['127.0.0.1:7233', 'http://127.0.0.1:7243']);
  const pair = { certificate: 'c', key: 'k' };
  expect(said({ apiKeys: [] })).toMatch(/nobody is asked who they are: whoever reaches 127.0.0.1:7233 or http/);
  expect(said({ apiKeys: [], tls: { ...pair, clientCa: 'a' } })).toMatch('whoever has a certificate of');
  expect(said({ apiKeys: [{ name: 'k', hash: apiKeyHash('k'), grants: [] }] })).toBeUndefined();
});

describe('the settings', () => {
  const read = (
    variables: Readonly<Record<string, string>>,
    host = '127.0.0.1',
    environment: Environment = 'production',
  ) => {
    const { config } = readConfig('completion-gateway', authSettings, variables);
    return authConfig({ ...config, environment }, [{ host, variable: 'RATCHET_GATEWAY_HOST' }]);
  };
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const hash = apiKeyHash('key');
  const keys = JSON.stringify([{ name: 'billing', hash, namespaces: { orders: 'writer' } }]);
  const { server, client } = certificates;
  const tlsPair = { RATCHET_TLS_CERTIFICATE: server.certificate, RATCHET_TLS_KEY: server.key };
  const shortKey = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).publicKey;

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('may leave %s open', (host) => {
    expect(read({}, host)).toEqual({ apiKeys: [] });
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com'])('may not leave %s open', (host) => {
    expect(() => read({}, host)).toThrow(
      /listening on .* \(RATCHET_GATEWAY_HOST\).*RATCHET_ALLOW_UNAUTHENTICATED=true/,
    );
    expect(() => read({ RATCHET_ALLOW_UNAUTHENTICATED: 'true' }, host)).not.toThrow();
    expect(() => read({ RATCHET_API_KEYS: keys, ...tlsPair }, host)).not.toThrow();
  });

  test('may leave others open in development alone', () => {
    const allowed = { RATCHET_ALLOW_UNAUTHENTICATED: 'development' };
    expect(() => read(allowed, '0.0.0.0', 'development')).not.toThrow();
    expect(() => read(allowed, '0.0.0.0', 'production')).toThrow('RATCHET_ALLOW_UNAUTHENTICATED=true');
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['API keys', { RATCHET_API_KEYS: keys }],
    ['tokens', { RATCHET_JWT_ISSUER: 'i', RATCHET_JWT_AUDIENCE: 'a', RATCHET_JWT_PUBLIC_KEY: publicKey }],
  ])('let no %s travel unencrypted between machines', (_, variables) => {
    const refused =
      /come encrypted to 10.0.0.1 \(RATCHET_GATEWAY_HOST\), but there is no TLS.*RATCHET_ALLOW_PLAINTEXT=true/;
    expect(() => read(variables, '10.0.0.1')).toThrow(refused);
    expect(() => read(variables, '127.0.0.1')).not.toThrow();
    expect(() => read({ ...variables, ...tlsPair }, '10.0.0.1')).not.toThrow();
    expect(() => read({ ...variables, RATCHET_ALLOW_PLAINTEXT: 'true' }, '10.0.0.1')).not.toThrow();
    const allowed = { ...variables, RATCHET_ALLOW_PLAINTEXT: 'development' };
    expect(() => read(allowed, '10.0.0.1')).toThrow(refused);
    expect(() => read(allowed, '10.0.0.1', 'development')).not.toThrow();
  });

  test.each([
    ['http://issuer.example/jwks.json', false],
    ['http://10.0.0.1/jwks.json', false],
    ['http://127.0.0.1.nip.io/jwks.json', false],
    ['https://issuer.example/jwks.json', true],
    ['http://localhost:8080/jwks.json', true],
    ['http://[::1]:8080/jwks.json', true],
  ])('fetch the keys of an issuer from %s: %s', (url, right) => {
    const jwt = { RATCHET_JWT_ISSUER: 'i', RATCHET_JWT_AUDIENCE: 'a', RATCHET_JWT_JWKS_URL: url };
    if (right) expect(() => read(jwt)).not.toThrow();
    else expect(() => read(jwt)).toThrow(/RATCHET_JWT_JWKS_URL to be an address by https, but it is http:/);
    expect(() => read({ ...jwt, RATCHET_ALLOW_PLAINTEXT: 'true' })).not.toThrow();
  });

  test.each<[string, string, RegExp]>([
    ['none at all', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', /to be a public key, but/],
    ['too short', shortKey, /it has 1024 bits, where RSA needs 2048/],
  ])('want a public key that is not %s', (_, pem, refused) => {
    const jwt = { RATCHET_JWT_ISSUER: 'i', RATCHET_JWT_AUDIENCE: 'a' };
    expect(() => read({ ...jwt, RATCHET_JWT_PUBLIC_KEY: pem })).toThrow(refused);
  });

  test.each([
    ['one name for two', [{ name: 'billing', hash: apiKeyHash('other'), namespaces: { '*': 'admin' } }]],
    ['two names for one', [{ name: 'shipping', hash, namespaces: { '*': 'admin' } }]],
    [
      'the same in other letters',
      [{ name: 'shipping', hash: hash.toUpperCase().replace('SHA', 'sha'), namespaces: {} }],
    ],
  ])('of API keys have not %s', (_, others) => {
    const list = JSON.stringify([...(JSON.parse(keys) as unknown[]), ...others]);
    expect(() => read({ RATCHET_API_KEYS: list })).toThrow(/RATCHET_API_KEYS is a secret of/);
  });

  test('of API keys are read', () => {
    const grants = [{ namespace: 'orders', role: 'writer' }];
    expect(read({ RATCHET_API_KEYS: keys })).toEqual({ apiKeys: [{ name: 'billing', hash, grants }] });
  });

  test.each([
    ['RATCHET_API_KEYS', '[{"name": "billing", "hash": "plain", "namespaces": {}}]', 'a secret of'],
    ['RATCHET_API_KEYS', '[{', 'a secret of'],
    ['RATCHET_API_KEYS', '/no/such/file', 'a secret of'],
    ['RATCHET_TLS_CERTIFICATE', '/no/such/file', '/no/such/file'],
    ['RATCHET_ALLOW_UNAUTHENTICATED', 'yes', 'yes'],
    ['RATCHET_JWT_JWKS_URL', 'ftp://example.com', 'ftp://example.com'],
  ])('%s=%s is refused', (variable, value, shown) => {
    expect(() => read({ [variable]: value })).toThrow(new RegExp(`${variable} is .*${shown}.*: expected`));
  });

  test('of TLS must belong together', () => {
    expect(read(tlsPair)).toMatchObject({ tls: { certificate: server.certificate } });
    const refusal = /RATCHET_TLS_CERTIFICATE, RATCHET_TLS_KEY and RATCHET_TLS_CLIENT_CA to be usable together, but/;
    expect(() => read({ ...tlsPair, RATCHET_TLS_KEY: client.key })).toThrow(refusal);
    expect(() => read({ ...tlsPair, RATCHET_TLS_CLIENT_CA: '-----BEGIN CERTIFICATE-----' })).toThrow(refusal);
  });

  test.each<[string, Readonly<Record<string, string>>]>([
    ['RATCHET_JWT_AUDIENCE', { RATCHET_JWT_ISSUER: 'i' }],
    ['RATCHET_JWT_JWKS_URL or RATCHET_JWT_PUBLIC_KEY', { RATCHET_JWT_ISSUER: 'i', RATCHET_JWT_AUDIENCE: 'a' }],
    ['RATCHET_JWT_ISSUER', { RATCHET_JWT_PUBLIC_KEY: publicKey }],
    ['RATCHET_TLS_KEY', { RATCHET_TLS_CERTIFICATE: publicKey }],
    ['RATCHET_TLS_CERTIFICATE', { RATCHET_TLS_KEY: privateKey }],
    ['RATCHET_TLS_CERTIFICATE and RATCHET_TLS_KEY', { RATCHET_TLS_CLIENT_CA: publicKey }],
  ])('%s is missed', (variable, variables) => {
    expect(() => read(variables)).toThrow(`Expected to find ${variable} with`);
  });
});
