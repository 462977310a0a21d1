import {
  areExtensions,
  checkSecurity,
  checkTls,
  extensionsExpected,
  isPrefix,
  OperationalError,
  prefixExpected,
  type SaslOptions,
  type TlsOptions,
} from '@ratchet/kafka';
import { z } from 'zod';
import type { SettingsChanges } from './live-config.ts';
import { openUrl, pem, type ConfigOf, type Setting, type Settings } from './setting.ts';

const optional = <T>(setting: Setting<T>): Setting<T | undefined> => ({
  ...(setting as Setting<T | undefined>),
  isOptional: true,
});

const plainText = (variable: Setting<string>['variable'], expected: string): Setting<string | undefined> =>
  optional({ variable, expected, schema: z.string().min(1) });

/** A name that is replaced together with its secret, as the two halves of an API key are. */
const nameText = (variable: Setting<string>['variable'], expected: string): Setting<string | undefined> => ({
  ...plainText(variable, expected),
  isLive: true,
});

const secretText = (variable: Setting<string>['variable'], expected: string): Setting<string | undefined> =>
  optional({ variable, expected, schema: z.string().min(1), secret: true, isLive: true });

const pemText = (variable: Setting<string>['variable'], expected: string): Setting<string | undefined> =>
  optional({
    variable,
    expected: `${expected} in PEM, or the path of a file with it`,
    ...pem,
    secret: true,
    isLive: true,
  });

const brokers: Setting<readonly string[]> = {
  variable: 'RATCHET_KAFKA_BROKERS',
  expected: 'host:port, several separated by commas, such as kafka-1:9092,kafka-2:9092',
  schema: z
    .string()
    .transform((value) => value.split(',').map((broker) => broker.trim()))
    .refine((all) => all.every((broker) => /^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/.test(broker))),
};

const nameAndValue = (text: string): readonly [string, string] => {
  const [name = '', ...value] = text.split('=');
  return [name.trim(), value.join('=').trim()];
};

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512', 'oauthbearer', 'aws-msk-iam'] as const;

/** How Kafka and the registry are reached, and as whom. */
export const connectionSettings = {
  kafkaBrokers: brokers,
  kafkaTls: optional<boolean>({
    variable: 'RATCHET_KAFKA_TLS',
    expected:
      'true or false: whether brokers are spoken to by TLS; by default where a RATCHET_KAFKA_TLS_... is set, or the mechanism is aws-msk-iam',
    schema: z.enum(['true', 'false']).transform((text) => text === 'true'),
  }),
  kafkaTlsCa: pemText('RATCHET_KAFKA_TLS_CA', 'the certificates of the authorities that brokers are trusted by'),
  kafkaTlsCertificate: pemText('RATCHET_KAFKA_TLS_CERTIFICATE', 'the certificate that this service shows to brokers'),
  kafkaTlsKey: pemText('RATCHET_KAFKA_TLS_KEY', 'the private key of RATCHET_KAFKA_TLS_CERTIFICATE'),
  kafkaTlsServerName: plainText(
    'RATCHET_KAFKA_TLS_SERVER_NAME',
    "the name that brokers' certificates have, where it is not their host's",
  ),
  kafkaSaslMechanism: optional<SaslOptions['mechanism']>({
    variable: 'RATCHET_KAFKA_SASL_MECHANISM',
    expected: `one of ${mechanisms.join(', ')}; not set where the brokers ask nobody who they are`,
    schema: z.enum(mechanisms),
  }),
  kafkaUsername: nameText('RATCHET_KAFKA_USERNAME', 'the user of plain, scram-sha-256 and scram-sha-512'),
  kafkaPassword: secretText('RATCHET_KAFKA_PASSWORD', "the user's password"),
  kafkaOauthTokenUrl: optional<string>({
    variable: 'RATCHET_KAFKA_OAUTH_TOKEN_URL',
    expected:
      'the http or https address at which oauthbearer gets its tokens, without user and password, which stand in ' +
      'RATCHET_KAFKA_OAUTH_CLIENT_ID and RATCHET_KAFKA_OAUTH_CLIENT_SECRET',
    schema: openUrl,
  }),
  kafkaOauthClientId: nameText('RATCHET_KAFKA_OAUTH_CLIENT_ID', 'the client id of oauthbearer'),
  kafkaOauthClientSecret: secretText('RATCHET_KAFKA_OAUTH_CLIENT_SECRET', 'the client secret of oauthbearer'),
  kafkaOauthScope: plainText('RATCHET_KAFKA_OAUTH_SCOPE', 'the scope that tokens of oauthbearer are asked for with'),
  kafkaOauthTlsCa: pemText(
    'RATCHET_KAFKA_OAUTH_TLS_CA',
    'the certificates of the authorities that the server of tokens is trusted by',
  ),
  kafkaOauthExtensions: optional<Readonly<Record<string, string>>>({
    variable: 'RATCHET_KAFKA_OAUTH_EXTENSIONS',
    expected: `what brokers are told beside a token of oauthbearer: name=value, several separated by commas; ${extensionsExpected}`,
    schema: z
      .string()
      .regex(/^[^,=]+=[^,]+(,[^,=]+=[^,]+)*$/)
      .transform((text) => Object.fromEntries(text.split(',').map(nameAndValue)))
      .refine(areExtensions),
  }),
  kafkaAwsRegion: plainText('RATCHET_KAFKA_AWS_REGION', "the region of aws-msk-iam's cluster, such as eu-central-1"),
  schemaRegistryUrl: {
    variable: 'RATCHET_SCHEMA_REGISTRY_URL',
    expected: 'the http or https address of a Confluent-compatible schema registry, such as http://registry:8081',
    schema: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  } satisfies Setting<string> as Setting<string>,
  schemaRegistryUsername: nameText('RATCHET_SCHEMA_REGISTRY_USERNAME', 'the user of basic authentication'),
  schemaRegistryPassword: secretText('RATCHET_SCHEMA_REGISTRY_PASSWORD', "the user's password"),
  schemaRegistryToken: secretText('RATCHET_SCHEMA_REGISTRY_TOKEN', 'a bearer token, in place of user and password'),
  schemaRegistryTlsCa: pemText(
    'RATCHET_SCHEMA_REGISTRY_TLS_CA',
    'the certificates of the authorities that the registry is trusted by',
  ),
  schemaRegistryTlsCertificate: pemText(
    'RATCHET_SCHEMA_REGISTRY_TLS_CERTIFICATE',
    'the certificate that this service shows to the registry',
  ),
  schemaRegistryTlsKey: pemText(
    'RATCHET_SCHEMA_REGISTRY_TLS_KEY',
    'the private key of RATCHET_SCHEMA_REGISTRY_TLS_CERTIFICATE',
  ),
  prefix: optional<string>({
    variable: 'RATCHET_PREFIX',
    expected: `what the names of topics, groups and subjects begin with where installations share a Kafka: ${prefixExpected}`,
    schema: z.string().refine(isPrefix),
  }),
  zone: plainText('RATCHET_ZONE', 'the zone that this instance is in, as brokers name theirs (broker.rack)'),
} satisfies Settings;

export type ConnectionConfig = ConfigOf<typeof connectionSettings>;

/** What `connectCluster` of `@ratchet/protocol` wants to know of a connection. */
export interface DescribedConnection {
  readonly brokers: readonly string[];
  readonly registry: {
    readonly url: string;
    readonly username?: string | undefined;
    readonly password?: string | undefined;
    readonly token?: string | undefined;
    readonly tls?: TlsOptions | undefined;
  };
  readonly tls: boolean | TlsOptions;
  readonly sasl: SaslOptions | undefined;
  readonly prefix: string | undefined;
  readonly zone: string | undefined;
}

/**
 * How the settings have Kafka and the registry reached. Names and secrets in it change with the settings: every new connection
 * is opened with what they say then.
 *
 * @throws OperationalError RKT1301 when settings that go together do not.
 */
export function describedConnection(
  config: ConnectionConfig,
  changes: SettingsChanges<ConnectionConfig>,
): DescribedConnection {
  check(config);
  let now = config;
  changes.onChange((changed) => {
    check(changed);
    return () => (now = changed);
  });
  return descriptionOf(config, () => now);
}

function check(config: ConnectionConfig): void {
  checkTogether(config);
  const { tls, sasl, registry } = descriptionOf(config, () => config);
  checkSecurity({ tls, sasl });
  checkTls(registry.tls, 'the schema registry');
}

const descriptionOf = (config: ConnectionConfig, now: () => ConnectionConfig): DescribedConnection => ({
  brokers: config.kafkaBrokers,
  tls: usesTls(config) && {
    get ca() {
      return now().kafkaTlsCa;
    },
    get certificate() {
      return now().kafkaTlsCertificate;
    },
    get key() {
      return now().kafkaTlsKey;
    },
    serverName: config.kafkaTlsServerName,
  },
  sasl: saslOf(config, now),
  registry: {
    url: config.schemaRegistryUrl,
    get username() {
      return now().schemaRegistryUsername;
    },
    get password() {
      return now().schemaRegistryPassword;
    },
    get token() {
      return now().schemaRegistryToken;
    },
    tls: {
      get ca() {
        return now().schemaRegistryTlsCa;
      },
      get certificate() {
        return now().schemaRegistryTlsCertificate;
      },
      get key() {
        return now().schemaRegistryTlsKey;
      },
    },
  },
  prefix: config.prefix,
  zone: config.zone,
});

function usesTls(config: ConnectionConfig): boolean {
  const { kafkaTls, kafkaTlsCa, kafkaTlsCertificate, kafkaTlsKey, kafkaTlsServerName, kafkaSaslMechanism } = config;
  const given = [kafkaTlsCa, kafkaTlsCertificate, kafkaTlsKey, kafkaTlsServerName];
  return kafkaTls ?? (kafkaSaslMechanism === 'aws-msk-iam' || given.some((each) => each !== undefined));
}

function saslOf(config: ConnectionConfig, now: () => ConnectionConfig): SaslOptions | undefined {
  const { kafkaSaslMechanism: mechanism } = config;
  switch (mechanism) {
    case undefined:
      return undefined;
    case 'oauthbearer':
      return {
        mechanism,
        tokenUrl: config.kafkaOauthTokenUrl ?? '',
        get clientId() {
          return now().kafkaOauthClientId ?? '';
        },
        get clientSecret() {
          return now().kafkaOauthClientSecret ?? '';
        },
        scope: config.kafkaOauthScope,
        tls: {
          get ca() {
            return now().kafkaOauthTlsCa;
          },
        },
        extensions: config.kafkaOauthExtensions,
      };
    case 'aws-msk-iam':
      return { mechanism, region: config.kafkaAwsRegion ?? '' };
    case 'plain':
    case 'scram-sha-256':
    case 'scram-sha-512':
      return {
        mechanism,
        get username() {
          return now().kafkaUsername ?? '';
        },
        get password() {
          return now().kafkaPassword ?? '';
        },
      };
  }
}

type Name = keyof typeof connectionSettings;

/** Per mechanism, what must be set with it; whatever else is of another mechanism must not be. */
const ofMechanism: Readonly<Record<SaslOptions['mechanism'], readonly Name[]>> = {
  plain: ['kafkaUsername', 'kafkaPassword'],
  'scram-sha-256': ['kafkaUsername', 'kafkaPassword'],
  'scram-sha-512': ['kafkaUsername', 'kafkaPassword'],
  oauthbearer: ['kafkaOauthTokenUrl', 'kafkaOauthClientId', 'kafkaOauthClientSecret'],
  'aws-msk-iam': ['kafkaAwsRegion'],
};

const pairs: readonly (readonly [Name, Name])[] = [
  ['kafkaTlsCertificate', 'kafkaTlsKey'],
  ['schemaRegistryTlsCertificate', 'schemaRegistryTlsKey'],
  ['schemaRegistryUsername', 'schemaRegistryPassword'],
];

/** That may be set with it. */
const ofOauthAlone: readonly Name[] = ['kafkaOauthScope', 'kafkaOauthTlsCa', 'kafkaOauthExtensions'];

const ofRegistryTls: readonly Name[] = ['schemaRegistryTlsCa', 'schemaRegistryTlsCertificate', 'schemaRegistryTlsKey'];

function checkTogether(config: ConnectionConfig): void {
  const isSet = (name: Name): boolean => config[name] !== undefined;
  const variable = (name: Name): string => connectionSettings[name].variable;
  const { kafkaSaslMechanism: mechanism, kafkaTls } = config;
  const problems = [
    ...pairs
      .filter(([one, other]) => isSet(one) !== isSet(other))
      .map(([one, other]) => `${variable(one)} and ${variable(other)} go together: expected both or none`),
    ...(isSet('schemaRegistryUsername') && isSet('schemaRegistryToken')
      ? [
          `${variable('schemaRegistryUsername')} and ${variable('schemaRegistryToken')} are both set: expected one of them`,
        ]
      : []),
    ...(mechanism === undefined ? [] : ofMechanism[mechanism])
      .filter((name) => !isSet(name))
      .map((name) => `${variable(name)} is not set: expected ${connectionSettings[name].expected}`),
    ...Object.values(ofMechanism)
      .flat()
      .filter((name, at, all) => all.indexOf(name) === at && isSet(name))
      .filter((name) => mechanism === undefined || !ofMechanism[mechanism].includes(name))
      .map(
        (name) =>
          `${variable(name)} is set, but RATCHET_KAFKA_SASL_MECHANISM is ${mechanism ?? 'not'}: expected the mechanism that uses it`,
      ),
    ...(config.schemaRegistryUrl.startsWith('http:')
      ? ofRegistryTls
          .filter(isSet)
          .map((name) => `${variable(name)} is set, but RATCHET_SCHEMA_REGISTRY_URL is one of http: expected https`)
      : []),
    ...ofOauthAlone
      .filter((name) => isSet(name) && mechanism !== 'oauthbearer')
      .map(
        (name) => `${variable(name)} is set, but RATCHET_KAFKA_SASL_MECHANISM is not oauthbearer: expected oauthbearer`,
      ),
    ...(isSet('kafkaOauthTlsCa') && config.kafkaOauthTokenUrl?.startsWith('http:') === true
      ? [`${variable('kafkaOauthTlsCa')} is set, but RATCHET_KAFKA_OAUTH_TOKEN_URL is one of http: expected https`]
      : []),
    ...(kafkaTls === false && usesTls({ ...config, kafkaTls: undefined })
      ? ['RATCHET_KAFKA_TLS is false, but other settings are of TLS: expected true, or none of them']
      : []),
  ];
  if (problems.length === 0) return;
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  throw new OperationalError(
    `Expected to know how to reach Kafka and the registry, but settings do not go together:${lines}`,
    'RKT1301',
    false,
  );
}
