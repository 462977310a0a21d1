import { serviceSettings, taskRetentionMs, tokenSecret } from './settings.ts';
import { readConfig, type Variables } from './read-config.ts';

const settings = { ...serviceSettings(9400), tokenSecret, taskRetentionMs };
const addresses = { RATCHET_KAFKA_BROKERS: 'kafka:9092', RATCHET_SCHEMA_REGISTRY_URL: 'http://registry:8081/' };
const development = { ...addresses, RATCHET_ENVIRONMENT: 'development' };

const read = (variables: Variables) => readConfig('scheduler', settings, variables);

describe('a right environment', () => {
  test('gives numbers, lists and defaults', () => {
    const { config } = read({ ...development, RATCHET_KAFKA_BROKERS: 'a:1, b.c:2', RATCHET_HEALTH_PORT: '0' });
    expect(config).toMatchObject({
      kafkaBrokers: ['a:1', 'b.c:2'],
      schemaRegistryUrl: 'http://registry:8081',
      environment: 'development',
      partitions: 4,
      healthHost: '127.0.0.1',
      healthPort: 0,
      logLevel: 'info',
      logFormat: 'auto',
      taskRetentionMs: 1_209_600_000,
    });
  });

  test('has twelve partitions in production, the default', () => {
    const { config, warnings } = read({ ...addresses, RATCHET_TOKEN_SECRET: 'x'.repeat(32) });
    expect(config).toMatchObject({ environment: 'production', partitions: 12 });
    expect(warnings).toEqual([]);
  });

  test('is warned of in development', () => {
    expect(read(development).warnings).toEqual([
      expect.stringContaining('one replica'),
      expect.stringContaining('RATCHET_TOKEN_SECRET is not set'),
    ]);
  });

  test('takes an empty variable as one that is not set', () => {
    expect(read({ ...development, RATCHET_PARTITIONS: '' }).config.partitions).toBe(4);
  });
});

describe('a wrong environment', () => {
  test('is refused with every problem at once', () => {
    const wrong = { RATCHET_KAFKA_BROKERS: 'kafka', RATCHET_PARTITIONS: 'twelve', RATCHET_TOKEN_SECRET: 'short' };
    expect(() => read(wrong)).toThrow(
      `[RKT1301] Expected to start scheduler, but 4 settings are missing or wrong:
  RATCHET_KAFKA_BROKERS is "kafka": expected host:port, several separated by commas, such as kafka-1:9092,kafka-2:9092
  RATCHET_SCHEMA_REGISTRY_URL is not set: expected the http or https address of a Confluent-compatible schema registry, such as http://registry:8081
  RATCHET_PARTITIONS is "twelve": expected how many partitions each co-partitioned topic has, a whole number from 1 to 1000, the same for every service
  RATCHET_TOKEN_SECRET is a secret of 5 characters: expected a secret of at least 32 characters, the same for every service`,
    );
  });

  test.each<[variable: string, value: string]>([
    ['RATCHET_KAFKA_BROKERS', 'a:1,,b:2'],
    ['RATCHET_KAFKA_BROKERS', 'http://a:1'],
    ['RATCHET_SCHEMA_REGISTRY_URL', 'registry:8081'],
    ['RATCHET_SCHEMA_REGISTRY_URL', 'ftp://registry'],
    ['RATCHET_ENVIRONMENT', 'dev'],
    ['RATCHET_PARTITIONS', '0'],
    ['RATCHET_PARTITIONS', '4.5'],
    ['RATCHET_HEALTH_PORT', '65536'],
    ['RATCHET_HEALTH_HOST', 'a b'],
    ['RATCHET_LOG_LEVEL', 'loud'],
    ['RATCHET_LOG_FORMAT', 'xml'],
    ['RATCHET_TASK_RETENTION_MS', '999'],
  ])('%s may not be %j', (variable, value) => {
    expect(() => read({ ...development, RATCHET_TOKEN_SECRET: 'x'.repeat(32), [variable]: value })).toThrow(
      `${variable} is ${JSON.stringify(value)}: expected `,
    );
  });

  test('never shows a secret', () => {
    expect(() => read({ ...development, RATCHET_TOKEN_SECRET: 'hunter2' })).toThrow(/^(?!.*hunter2)/s);
  });

  test('needs a token secret in production', () => {
    expect(() => read(addresses)).toThrow('RATCHET_TOKEN_SECRET is not set');
  });
});

describe('a variable that nobody reads', () => {
  test.each<[written: string, warning: string]>([
    ['RATCHET_PARTITION', 'RATCHET_PARTITION is not a setting of Ratchet: did you mean RATCHET_PARTITIONS?'],
    ['RATCHET_KAFKA_BROKER', 'RATCHET_KAFKA_BROKER is not a setting of Ratchet: did you mean RATCHET_KAFKA_BROKERS?'],
    ['RATCHET_XYZZY_PLUGH_FROTZ', 'RATCHET_XYZZY_PLUGH_FROTZ is not a setting of Ratchet'],
  ])('%s is warned of', (written, warning) => {
    expect(read({ ...development, [written]: '1' }).warnings).toContain(warning);
  });

  test('is no matter when another service reads it', () => {
    const { warnings } = readConfig('cancellation', serviceSettings(9402), {
      ...development,
      RATCHET_TOKEN_SECRET: 'x'.repeat(32),
    });
    expect(warnings).toHaveLength(1);
  });
});
