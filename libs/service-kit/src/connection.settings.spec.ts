import { certificates } from '@ratchet/testing/certificates';
import { connectionSettings, describedConnection, type ConnectionConfig } from './connection.settings.ts';
import type { Prepare } from './live-config.ts';
import { readConfig, type Variables } from './read-config.ts';

const { authority, client, server } = certificates;
const read = (variables: Variables): ConnectionConfig =>
  readConfig('scheduler', connectionSettings, {
    RATCHET_KAFKA_BROKERS: 'kafka:9092',
    RATCHET_SCHEMA_REGISTRY_URL: 'https://registry',
    ...variables,
  }).config;
const never = { onChange: () => undefined };

/** What is connected with, and what changes it. */
function living(variables: Variables) {
  let prepare: Prepare<ConnectionConfig> = () => () => undefined;
  const described = describedConnection(read(variables), { onChange: (given) => (prepare = given) });
  const change = (changed: Variables): void => {
    prepare(read({ ...variables, ...changed }))();
  };
  return { described, change };
}

describe('what is replaced while it runs', () => {
  test.each([
    [
      'scram-sha-512',
      { RATCHET_KAFKA_SASL_MECHANISM: 'scram-sha-512' },
      { RATCHET_KAFKA_USERNAME: 'one', RATCHET_KAFKA_PASSWORD: '1' },
      { RATCHET_KAFKA_USERNAME: 'two', RATCHET_KAFKA_PASSWORD: '2' },
      { username: 'two', password: '2' },
    ],
    [
      'oauthbearer',
      { RATCHET_KAFKA_SASL_MECHANISM: 'oauthbearer', RATCHET_KAFKA_OAUTH_TOKEN_URL: 'https://login' },
      { RATCHET_KAFKA_OAUTH_CLIENT_ID: 'one', RATCHET_KAFKA_OAUTH_CLIENT_SECRET: '1' },
      { RATCHET_KAFKA_OAUTH_CLIENT_ID: 'two', RATCHET_KAFKA_OAUTH_CLIENT_SECRET: '2' },
      { clientId: 'two', clientSecret: '2' },
    ],
  ])('of %s is name and secret together', (_, mechanism, before, after, expected) => {
    const { described, change } = living({ ...mechanism, ...before });
    change(after);
    expect(described.sasl).toMatchObject(expected);
  });

  test('of tokens is what their server is trusted by; extensions stay', () => {
    const { described, change } = living({
      RATCHET_KAFKA_SASL_MECHANISM: 'oauthbearer',
      RATCHET_KAFKA_OAUTH_TOKEN_URL: 'https://login',
      RATCHET_KAFKA_OAUTH_CLIENT_ID: 'one',
      RATCHET_KAFKA_OAUTH_CLIENT_SECRET: '1',
      RATCHET_KAFKA_OAUTH_EXTENSIONS: 'logicalCluster=lkc-1, identityPoolId=pool-1',
    });
    change({ RATCHET_KAFKA_OAUTH_TLS_CA: authority.certificate });
    expect(described.sasl).toMatchObject({
      tls: { ca: authority.certificate },
      extensions: { logicalCluster: 'lkc-1', identityPoolId: 'pool-1' },
    });
  });

  test('of the registry is user and password together, and its certificates', () => {
    const { described, change } = living({
      RATCHET_SCHEMA_REGISTRY_USERNAME: 'one',
      RATCHET_SCHEMA_REGISTRY_PASSWORD: '1',
    });
    change({
      RATCHET_SCHEMA_REGISTRY_USERNAME: 'two',
      RATCHET_SCHEMA_REGISTRY_PASSWORD: '2',
      RATCHET_SCHEMA_REGISTRY_TLS_CA: authority.certificate,
    });
    expect(described.registry).toMatchObject({ username: 'two', password: '2', tls: { ca: authority.certificate } });
  });

  test('says of itself that it is taken at once', () => {
    const { kafkaUsername, kafkaOauthClientId, schemaRegistryUsername } = connectionSettings;
    const secrets = Object.values(connectionSettings).filter(({ secret }) => secret === true);
    expect(secrets.length).toBeGreaterThan(8);
    for (const { isLive } of [kafkaUsername, kafkaOauthClientId, schemaRegistryUsername, ...secrets])
      expect(isLive).toBe(true);
  });

  test('stays as it was where a key comes that is not of its certificate', () => {
    const pair = { RATCHET_KAFKA_TLS_CERTIFICATE: client.certificate, RATCHET_KAFKA_TLS_KEY: client.key };
    const { described, change } = living(pair);
    expect(() => {
      change({ RATCHET_KAFKA_TLS_KEY: server.key });
    }).toThrow(/^\[RKT1301\] Expected .* TLS towards Kafka to be usable together/);
    expect(described.tls).toMatchObject({ key: client.key });
  });
});

test.each<[Variables, RegExp]>([
  [
    { RATCHET_SCHEMA_REGISTRY_TLS_CERTIFICATE: client.certificate, RATCHET_SCHEMA_REGISTRY_TLS_KEY: server.key },
    /TLS towards the schema registry to be usable together/,
  ],
  [
    { RATCHET_SCHEMA_REGISTRY_URL: 'http://registry', RATCHET_SCHEMA_REGISTRY_TLS_CA: authority.certificate },
    /RATCHET_SCHEMA_REGISTRY_TLS_CA is set, but RATCHET_SCHEMA_REGISTRY_URL is one of http: expected https/,
  ],
  [
    { RATCHET_KAFKA_OAUTH_TOKEN_URL: 'https://ratchet:hunter2@login/token' },
    /RATCHET_KAFKA_OAUTH_TOKEN_URL is "https:\/\/\*\*\*@login\/token": expected .* without user and password/,
  ],
  [
    { RATCHET_KAFKA_OAUTH_EXTENSIONS: 'auth=x' },
    /RATCHET_KAFKA_OAUTH_EXTENSIONS is "auth=x": expected .* names of letters alone, but not auth/,
  ],
  [
    { RATCHET_KAFKA_OAUTH_EXTENSIONS: 'logicalCluster=lkc-1', RATCHET_KAFKA_OAUTH_TLS_CA: authority.certificate },
    /OAUTH_TLS_CA is set, but .* expected oauthbearer\n.*OAUTH_EXTENSIONS is set, but .* expected oauthbearer/,
  ],
  [{ RATCHET_KAFKA_SASL_MECHANISM: 'none' }, /"none": expected one of plain, .*; not set where/],
  [
    { RATCHET_KAFKA_TLS_CA: certificates.server.key },
    /Expected the authorities, the certificate and the key of TLS towards Kafka/,
  ],
])('%j is refused at the start', (variables, message) => {
  expect(() => describedConnection(read(variables), never)).toThrow(message);
});
