import {
  areExtensions,
  checkTls,
  extensionsExpected,
  isPrefix,
  nodeTlsOptions,
  OperationalError,
  prefixExpected,
  revealed,
  withoutCredentials,
  type KafkaSecurity,
  type Secret,
  type TlsOptions,
} from '@ratchet/kafka';
import { basic, type RegistryAccess } from '@ratchet/schemas';
import { z } from 'zod';

/** A schema registry that asks who comes. */
export interface RegistryOptions {
  /** The root of its Confluent-compatible API. */
  readonly url: string;
  /** Basic authentication (RFC 7617), with `password`. */
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /** In place of user and password: a bearer token (RFC 6750). */
  readonly token?: Secret | undefined;
  readonly tls?: TlsOptions | undefined;
}

/**
 * How Kafka and the registry are reached: the same for services, clients, workers and runs. What is secret is read anew for
 * every connection.
 */
export interface ConnectionDescription extends KafkaSecurity {
  /** `host:port`, several in a list or separated by commas. */
  readonly brokers: string | readonly string[];
  /** The root of the schema registry's Confluent-compatible API, or how it is asked besides. */
  readonly registry: string | RegistryOptions;
  /**
   * What the names of this installation begin with on a Kafka and in a registry that several share: topics, consumer groups,
   * transactional ids, subjects. As the services have it (`RATCHET_PREFIX`); none by default.
   */
  readonly prefix?: string | undefined;
  /** The zone that this process is in, as brokers name theirs (`broker.rack`): read from a replica there, if there is one. */
  readonly zone?: string | undefined;
}

export const registryAccess = (registry: ConnectionDescription['registry']): RegistryAccess => {
  if (typeof registry === 'string') return { url: registry };
  const authorization = (): string | undefined => {
    const { username, password, token } = registry;
    if (token !== undefined) return `Bearer ${revealed(token)}`;
    return username === undefined ? undefined : basic(username, revealed(password ?? ''));
  };
  return { url: registry.url, authorization, tls: () => nodeTlsOptions(registry.tls) };
};

/**
 * What is given of a registry must be of use before it is asked.
 *
 * @throws OperationalError RKT1301 when a secret's file cannot be read, a certificate cannot be used, or TLS is given for an
 * address without.
 */
export function checkRegistry(registry: ConnectionDescription['registry']): void {
  if (typeof registry === 'string') return;
  const { url, password, token, tls = {} } = registry;
  for (const secret of [password, token]) if (secret !== undefined) revealed(secret);
  checkTls(tls, 'the schema registry');
  if (url.startsWith('https:') || (tls.ca ?? tls.certificate) === undefined) return;
  throw new OperationalError(
    `Expected the address of the schema registry as one of https, since authorities or a certificate are given for it, but it is '${withoutCredentials(url)}'`,
    'RKT1301',
    false,
  );
}

/** Of all that is given, what connects: for whoever has more options than these. */
export const descriptionOf = (options: ConnectionDescription): ConnectionDescription => {
  const { brokers, registry, tls, sasl, prefix, zone } = options;
  return { brokers, registry, tls, sasl, prefix, zone };
};

const brokersExpected = "'host:port', several in a list or separated by commas";

const isBrokerList = (text: string): boolean =>
  text.split(',').every((broker) => /^\s*(\[[\da-f:]+\]|[^\s:/]+):\d{1,5}\s*$/i.test(broker));

const brokersShape = z.custom<string | readonly string[]>(
  (given) =>
    typeof given === 'string'
      ? isBrokerList(given)
      : Array.isArray(given) &&
        given.length > 0 &&
        given.every((each) => typeof each === 'string' && isBrokerList(each)),
  { error: brokersExpected },
);

const secretShape = z.custom<Secret>(
  (given) =>
    typeof given === 'string' ||
    (typeof given === 'object' && given !== null && typeof (given as { file?: unknown }).file === 'string'),
  { error: 'a string, or { file: <path> }' },
);

const tlsShape = z
  .strictObject({
    ca: secretShape.optional(),
    certificate: secretShape.optional(),
    key: secretShape.optional(),
    serverName: z.string().optional(),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    error: 'an object with both certificate and key, or neither',
  });

/** Whose value is shown to nobody, whatever is wrong with it. */
export const isSecretField = (name: string): boolean =>
  ['ca', 'certificate', 'key', 'password', 'clientSecret', 'token'].includes(name);

/** Who writes user and password into an address has them hidden from whoever reads a message about it. */
export const isAddressField = (name: string): boolean => ['brokers', 'registry', 'url', 'tokenUrl'].includes(name);

const hasNoCredentials = (url: string): boolean => {
  const { username, password } = new URL(url);
  return username === '' && password === '';
};

const tokenUrlExpected = 'an http or https address without user and password, which stand in clientId and clientSecret';

const passwordShape = { username: z.string(), password: secretShape };

const saslShape = z.discriminatedUnion(
  'mechanism',
  [
    z.strictObject({ mechanism: z.literal('plain'), ...passwordShape }),
    z.strictObject({ mechanism: z.literal('scram-sha-256'), ...passwordShape }),
    z.strictObject({ mechanism: z.literal('scram-sha-512'), ...passwordShape }),
    z.strictObject({
      mechanism: z.literal('oauthbearer'),
      tokenUrl: z
        .url({ protocol: /^https?$/, error: tokenUrlExpected, abort: true })
        .refine(hasNoCredentials, { error: tokenUrlExpected }),
      clientId: z.string(),
      clientSecret: secretShape,
      scope: z.string().optional(),
      tls: tlsShape.optional(),
      extensions: z
        .record(z.string(), z.string())
        .refine(areExtensions, { error: `an object of ${extensionsExpected}` })
        .optional(),
    }),
    z.strictObject({ mechanism: z.literal('aws-msk-iam'), region: z.string() }),
  ],
  { error: 'an object whose mechanism is plain, scram-sha-256, scram-sha-512, oauthbearer or aws-msk-iam' },
);

const registryShape = z
  .strictObject({
    url: z.string(),
    username: z.string().optional(),
    password: secretShape.optional(),
    token: secretShape.optional(),
    tls: tlsShape.optional(),
  })
  .refine(
    ({ username, password, token }) =>
      (username === undefined) === (password === undefined) && (username === undefined || token === undefined),
    {
      error: 'an object with username and password, or token, or neither',
    },
  );

/** `ConnectionDescription`, as callers of JavaScript give it. */
export const descriptionShape = {
  brokers: brokersShape,
  registry: z.union([z.string(), registryShape], { error: 'an address, or an object with url' }),
  tls: z
    .union([z.boolean(), tlsShape], { error: 'true, or an object of ca, certificate, key and serverName' })
    .optional(),
  sasl: saslShape.optional(),
  prefix: z
    .string()
    .refine((given) => given === '' || isPrefix(given), { error: prefixExpected })
    .optional(),
  zone: z.string().optional(),
};
