import { randomBytes } from 'node:crypto';
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { inEvery, json, pem, type Setting } from './setting.ts';
import { serviceSettings, taskRetentionMs, tokenKeys, tokenSecret } from './settings.ts';
import { readConfig, type Variables } from './read-config.ts';
import { developmentSecrets } from './weak-secret.ts';

const settings = { ...serviceSettings(9400), tokenSecret, taskRetentionMs };
const addresses = { RATCHET_KAFKA_BROKERS: 'kafka:9092', RATCHET_SCHEMA_REGISTRY_URL: 'http://registry:8081/' };
const development = { ...addresses, RATCHET_ENVIRONMENT: 'development' };

const secret = 'l9v2mQ7xR4tKz8wYp1Nc6bHs3dFg5jAe';
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
    const { config, warnings } = read({ ...addresses, RATCHET_TOKEN_SECRET: secret });
    expect(config).toMatchObject({ environment: 'production', partitions: 12 });
    expect(warnings).toEqual([]);
  });

  test('is warned of in development', () => {
    expect(read(development).warnings).toEqual([
      expect.stringContaining('one replica'),
      expect.stringContaining('RATCHET_TOKEN_SECRET is not set'),
    ]);
  });

  test('of which the operator makes the topics is not warned of replicas', () => {
    const { config, warnings } = read({ ...development, RATCHET_TOPICS: 'verify', RATCHET_TOKEN_SECRET: secret });
    expect(config.topics).toBe('verify');
    expect(warnings).toEqual([]);
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
    ['RATCHET_PREFIX', 'team a.'],
    ['RATCHET_PREFIX', 'ratchet.'],
    ['RATCHET_PREFIX', 'x'.repeat(41)],
    ['RATCHET_TOPICS', 'make'],
    ['RATCHET_REPLICATION_FACTOR', '0'],
    ['RATCHET_MIN_INSYNC_REPLICAS', '0'],
    ['RATCHET_HEALTH_PORT', '65536'],
    ['RATCHET_HEALTH_HOST', 'a b'],
    ['RATCHET_LOG_LEVEL', 'loud'],
    ['RATCHET_LOG_FORMAT', 'xml'],
    ['RATCHET_TASK_RETENTION_MS', '999'],
  ])('%s may not be %j', (variable, value) => {
    expect(() => read({ ...development, RATCHET_TOKEN_SECRET: secret, [variable]: value })).toThrow(
      `${variable} is ${JSON.stringify(value)}: expected `,
    );
  });

  test('never shows a secret', () => {
    expect(() => read({ ...development, RATCHET_TOKEN_SECRET: 'hunter2' })).toThrow(/^(?!.*hunter2)/s);
  });

  test.each([
    ['RATCHET_KAFKA_BROKERS', 'user:hun,ter2@kafka:9092'],
    ['RATCHET_SCHEMA_REGISTRY_URL', 'htp://user:hun/ter2@registry'],
  ])('never shows a password in %s', (variable, value) => {
    expect(() => read({ ...development, [variable]: value })).toThrow(/^(?!.*ter2).*\*\*\*@(kafka:9092|registry)"/s);
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
      RATCHET_TOKEN_SECRET: secret,
    });
    expect(warnings).toHaveLength(1);
  });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ratchet-settings-'));
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  test.each([secret, `${secret}\n`, `${secret}\r\n`])('gives any setting, without the end of its line', (content) => {
    const path = file('secret', content);
    const { config, files } = read({ ...addresses, RATCHET_TOKEN_SECRET_FILE: path });
    expect([config.tokenSecret, files]).toEqual([secret, [path]]);
  });

  test('gives what is no secret, too, and through a link', () => {
    file('brokers-1', 'a:1,b:2');
    const path = join(folder, 'brokers');
    symlinkSync('brokers-1', path);
    const { config, warnings } = read({
      RATCHET_KAFKA_BROKERS_FILE: path,
      RATCHET_SCHEMA_REGISTRY_URL: 'http://registry:8081',
      RATCHET_ENVIRONMENT_FILE: file('environment', 'development\n'),
      RATCHET_LOG_LEVEL_FILE: '',
    });
    expect(config).toMatchObject({ kafkaBrokers: ['a:1', 'b:2'], environment: 'development', partitions: 4 });
    expect(warnings).toHaveLength(2);
  });

  test.each<[string, Variables, RegExp]>([
    [
      'both are set',
      { RATCHET_TOKEN_SECRET: secret, RATCHET_TOKEN_SECRET_FILE: '/x' },
      /RATCHET_TOKEN_SECRET and RATCHET_TOKEN_SECRET_FILE are both set/,
    ],
    [
      'there is none',
      { RATCHET_TOKEN_SECRET_FILE: '/no/such' },
      /RATCHET_TOKEN_SECRET_FILE is "\/no\/such", which cannot be read \(ENOENT\): expected a file with a secret of/,
    ],
    ['it is a folder', { RATCHET_TOKEN_SECRET_FILE: folder }, /which is no file/],
    ['it is a device', { RATCHET_TOKEN_SECRET_FILE: '/dev/zero' }, /which is no file/],
    ['it is empty', { RATCHET_TOKEN_SECRET_FILE: file('empty', '\n') }, /which is empty/],
    [
      'it is too large',
      { RATCHET_TOKEN_SECRET_FILE: file('large', 'x'.repeat(1024 * 1024 + 1)) },
      /which has more than 1048576 bytes/,
    ],
    [
      'its content is wrong',
      { RATCHET_PARTITIONS_FILE: file('many', 'many') },
      /RATCHET_PARTITIONS_FILE is ".*many", in which is "many": expected/,
    ],
    [
      'a secret in it is wrong',
      { RATCHET_TOKEN_SECRET_FILE: file('short', 'hunter2') },
      /^(?!.*hunter2).*RATCHET_TOKEN_SECRET_FILE is ".*short", in which is a secret of 7 characters: expected/s,
    ],
  ])('is refused when %s', (_, variables, message) => {
    expect(() => read({ ...development, ...variables })).toThrow(message);
  });

  test('may be named in place of JSON and PEM', () => {
    const list: Setting<readonly number[]> = {
      variable: 'RATCHET_WEBHOOKS',
      expected: 'numbers',
      ...json(z.array(z.number())),
      defaults: inEvery([]),
    };
    const certificate: Setting<string> = {
      variable: 'RATCHET_TLS_KEY',
      expected: 'PEM',
      ...pem,
      defaults: inEvery(''),
    };
    const readBoth = (variables: Variables) => readConfig('scheduler', { list, certificate }, variables);
    const text = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----';
    const paths = [file('list', ' [1, 2]\n'), file('pem', `${text}\n`)] as const;
    expect(readBoth({ RATCHET_WEBHOOKS: paths[0], RATCHET_TLS_KEY: paths[1] })).toMatchObject({
      config: { list: [1, 2], certificate: text },
      files: paths,
    });
    expect(readBoth({ RATCHET_WEBHOOKS: '[3]', RATCHET_TLS_KEY_FILE: paths[1] }).config).toEqual({
      list: [3],
      certificate: text,
    });
    expect(() => readBoth({ RATCHET_WEBHOOKS: file('broken', '[1,') })).toThrow(
      /RATCHET_WEBHOOKS is .*in which is "\[1,"/,
    );
    expect(() => readBoth({ RATCHET_TLS_KEY: '/no/such' })).toThrow(
      /RATCHET_TLS_KEY is "\/no\/such", which cannot be read \(ENOENT\): expected PEM$/,
    );
  });

  test('of a misspelt setting is warned of', () => {
    const { warnings } = read({ ...development, RATCHET_TOKEN_SECRET_FIEL: 'x' });
    expect(warnings).toContain(
      'RATCHET_TOKEN_SECRET_FIEL is not a setting of Ratchet: did you mean RATCHET_TOKEN_SECRET_FILE?',
    );
  });
});

describe('a secret that protects nothing', () => {
  const withKeys = { ...settings, tokenKeys };
  const published = 'a secret for development only, known to everyone';

  test.each([
    ['the published one', published, /is a secret that is published: expected a secret of/],
    ['with other spaces and capitals', ` ${published.toUpperCase().replaceAll(' ', '  ')}`, /is published/],
    ['with other signs', published.replaceAll(/[ ,]+/g, '-'), /is published/],
    ['with something around it', `my ${published}!`, /is published/],
    ['that of callbacks', developmentSecrets.callback, /is published/],
    ['an example of others', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', /is published/],
    ['one letter', 'a'.repeat(32), /is a secret that is easily guessed/],
    ['two letters', 'ab'.repeat(20), /easily guessed/],
    ['a word again and again', 'password'.repeat(5), /easily guessed/],
    ['digits in a row', '0123456789'.repeat(4), /easily guessed/],
    ['words of others', 'changeme-changeme-please-CHANGEME-password', /easily guessed/],
    ['a product and what it is for', 'ratchet-kafka-production-secret-2026!', /easily guessed/],
    ['what a page says to replace', 'replace this with at least 32 random characters', /easily guessed/],
    ['words spelt by signs', 'P@ssw0rd-s3cr3t-Admin-12345678-qwerty', /easily guessed/],
    ['the alphabet', 'abcdefghijklmnopqrstuvwxyz{|}~789', /easily guessed/],
  ])('is refused in production: %s', (_, weak, message) => {
    expect(() => read({ ...addresses, RATCHET_TOKEN_SECRET: weak })).toThrow(message);
    if (!weak.includes(',')) {
      const keys = { ...addresses, RATCHET_TOKEN_SECRET: secret, RATCHET_TOKEN_KEYS: `new:${secret},old:${weak}` };
      expect(() => readConfig('scheduler', withKeys, keys)).toThrow(message);
    }
    expect(() => read({ ...development, RATCHET_TOKEN_SECRET: weak })).not.toThrow();
  });

  test('is hardly ever seen where a secret is random', () => {
    for (let round = 0; round < 100; round++) {
      for (const text of [randomBytes(16).toString('hex'), randomBytes(24).toString('base64')]) {
        expect(() => read({ ...addresses, RATCHET_TOKEN_SECRET: text })).not.toThrow();
      }
    }
  });
});
