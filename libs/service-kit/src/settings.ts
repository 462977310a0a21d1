import { z } from 'zod';
import { connectionSettings } from './connection.settings.ts';
import { inEvery, wholeNumber, type ConfigOf, type Environment, type Setting, type Settings } from './setting.ts';
import { topicsSettings } from './topics.settings.ts';
import { developmentSecrets } from './weak-secret.ts';

const DAY_MS = 86_400_000;
export const TOKEN_SECRET_LENGTH_MIN = 32;

const environment: Setting<Environment> = {
  variable: 'RATCHET_ENVIRONMENT',
  expected: 'development or production (the default)',
  schema: z.enum(['development', 'production']),
  defaults: inEvery('production'),
};

const partitions: Setting<number> = {
  variable: 'RATCHET_PARTITIONS',
  expected:
    'how many partitions each co-partitioned topic has, a whole number from 1 to 1000, the same for every service',
  schema: wholeNumber(1, 1000),
  defaults: { development: 4, production: 12 },
};

const sessionTimeoutMs: Setting<number> = {
  variable: 'RATCHET_SESSION_TIMEOUT_MS',
  expected:
    'after how long a silent instance loses its partitions to another, in milliseconds, from 1000 to 300000 ' +
    '(6000 in development, else 10000) and within what the brokers allow (group.min.session.timeout.ms)',
  schema: wholeNumber(1000, 300_000),
  defaults: { development: 6_000, production: 10_000 },
};

const healthHost: Setting<string> = {
  variable: 'RATCHET_HEALTH_HOST',
  expected: 'the address that health and metrics listen on, such as 127.0.0.1 (the default) or 0.0.0.0 in a container',
  schema: z.string().regex(/^[\w.:-]+$/),
  defaults: inEvery('127.0.0.1'),
};

const healthPort = (port: number): Setting<number> => ({
  variable: 'RATCHET_HEALTH_PORT',
  expected: `the port of health and metrics, from 0 (any free one) to 65535; the default is ${String(port)}`,
  schema: wholeNumber(0, 65_535),
  defaults: inEvery(port),
});

const logLevel: Setting<string> = {
  variable: 'RATCHET_LOG_LEVEL',
  expected: 'one of trace, debug, info (the default), warn, error, fatal',
  schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']),
  defaults: inEvery('info'),
};

const logFormat: Setting<string> = {
  variable: 'RATCHET_LOG_FORMAT',
  expected: 'pretty, json, or auto (the default: pretty on a terminal, json elsewhere)',
  schema: z.enum(['auto', 'pretty', 'json']),
  defaults: inEvery('auto'),
};

/** Where spans go: the root of an OTLP receiver by HTTP. */
const otlpEndpoint: Setting<string> = {
  variable: 'RATCHET_OTLP_ENDPOINT',
  expected:
    'where traces are sent by OTLP over HTTP, such as http://collector:4318; by default where OTEL_EXPORTER_OTLP_ENDPOINT says, else ' +
    'nowhere. OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER (with _ARG), OTEL_EXPORTER_OTLP_HEADERS and ' +
    'OTEL_BSP_MAX_QUEUE_SIZE are heeded, too',
  schema: z.url({ protocol: /^https?$/ }).or(z.literal('')),
  defaults: inEvery(''),
};

/** What every service needs. */
export const serviceSettings = (defaultHealthPort: number) =>
  ({
    ...connectionSettings,
    ...topicsSettings,
    environment,
    partitions,
    sessionTimeoutMs,
    healthHost,
    healthPort: healthPort(defaultHealthPort),
    logLevel,
    logFormat,
    otlpEndpoint,
  }) satisfies Settings;

/** For the services that sign or verify task tokens. All of them must have the same. */
export const tokenSecret: Setting<string> = {
  variable: 'RATCHET_TOKEN_SECRET',
  expected: `a secret of at least ${String(TOKEN_SECRET_LENGTH_MIN)} characters, the same for every service`,
  schema: z.string().min(TOKEN_SECRET_LENGTH_MIN),
  defaults: { development: developmentSecrets.token },
  secret: true,
  secretsIn: (secret) => [secret],
  isLive: true,
};

/** Further keys, for changing the secret while tasks are out; tokens name theirs. */
export const tokenKeys: Setting<readonly TokenKeySetting[]> = {
  variable: 'RATCHET_TOKEN_KEYS',
  expected:
    `<id>:<secret> of at least ${String(TOKEN_SECRET_LENGTH_MIN)} characters, several separated by commas, the same for ` +
    'every service: the first one signs instead of RATCHET_TOKEN_SECRET, and all verify; not set where that one is enough',
  schema: z
    .string()
    .transform((value) => value.split(',').map(tokenKeyOf))
    .refine(areKeys),
  defaults: inEvery([]),
  secret: true,
  secretsIn: (keys) => keys.map(({ secret }) => secret),
  isLive: true,
};

export interface TokenKeySetting {
  readonly id: string;
  readonly secret: string;
}

/** Of both settings, the one that signs first: what a token signer is made with. A service that has neither has none. */
export const tokenKeyRing = (config: {
  readonly tokenKeys?: readonly TokenKeySetting[];
  readonly tokenSecret?: string;
}): readonly TokenKeySetting[] => [
  ...(config.tokenKeys ?? []),
  ...(config.tokenSecret === undefined ? [] : [{ id: '', secret: config.tokenSecret }]),
];

function tokenKeyOf(part: string): TokenKeySetting {
  const [id = '', ...secret] = part.trim().split(':');
  return { id, secret: secret.join(':') };
}

function areKeys(keys: readonly TokenKeySetting[]): boolean {
  const isKey = ({ id, secret }: TokenKeySetting): boolean =>
    /^[\w-]{1,32}$/.test(id) && secret.length >= TOKEN_SECRET_LENGTH_MIN;
  return keys.every(isKey) && new Set(keys.map(({ id }) => id)).size === keys.length;
}

/** For the timeout-tracker, which has an attempt dispatched again before its task is gone. */
export const taskRetentionMs: Setting<number> = {
  variable: 'RATCHET_TASK_RETENTION_MS',
  expected: 'how long a task topic keeps its records, in milliseconds, from 1000 to 31536000000 (a year)',
  schema: wholeNumber(1000, 365 * DAY_MS),
  defaults: inEvery(14 * DAY_MS),
};

/** For the scheduler, which makes the topics of task queues. A queue has as many partitions as the co-partitioned topics, and one. */
export const taskQueueLimits = {
  taskQueuesMax: {
    variable: 'RATCHET_TASK_QUEUES_MAX',
    expected: 'how many task queues there may be in all, from 1 to 1000000; the default is 1000',
    schema: wholeNumber(1, 1_000_000),
    defaults: inEvery(1_000),
  },
  namespaceTaskQueuesMax: {
    variable: 'RATCHET_NAMESPACE_TASK_QUEUES_MAX',
    expected: 'how many task queues a namespace may have, from 1 to 1000000; the default is 100',
    schema: wholeNumber(1, 1_000_000),
    defaults: inEvery(100),
  },
} satisfies Settings;

export type ServiceConfig = ConfigOf<ReturnType<typeof serviceSettings>>;

/** Those of the completion-gateway, which has the say of what they mean; a test of it compares. */
export const gatewayVariables: readonly string[] = [
  'RATCHET_GRPC_HOST',
  'RATCHET_GRPC_PORT',
  'RATCHET_HTTP_HOST',
  'RATCHET_HTTP_PORT',
  'RATCHET_HTTP_ALLOWED_HOSTS',
  'RATCHET_HTTP_REQUESTS_MAX',
  'RATCHET_GRPC_CALLS_MAX',
  'RATCHET_PRINCIPAL_CALLS_MAX',
  'RATCHET_POLLS_MAX',
  'RATCHET_PRINCIPAL_POLLS_MAX',
  'RATCHET_REQUEST_BYTES_MAX',
  'RATCHET_PRINCIPAL_REQUEST_BYTES_MAX',
  'RATCHET_ARRIVING_MAX',
  'RATCHET_ARRIVAL_MS_MAX',
  'RATCHET_WEBHOOK_BYTES_MAX',
  'RATCHET_STRANGERS_MAX',
  'RATCHET_HTTP_CONNECTIONS_MAX',
  'RATCHET_HTTP_PIPELINE_MAX',
  'RATCHET_GRPC_CONNECTIONS_MAX',
  'RATCHET_PRINCIPAL_CONNECTIONS_MAX',
  'RATCHET_GRPC_STREAMS_MAX',
  'RATCHET_GRPC_IDLE_MS_MAX',
  'RATCHET_API_KEYS',
  'RATCHET_JWT_ISSUER',
  'RATCHET_JWT_AUDIENCE',
  'RATCHET_JWT_JWKS_URL',
  'RATCHET_JWT_PUBLIC_KEY',
  'RATCHET_JWT_PERMISSIONS_CLAIM',
  'RATCHET_TLS_CERTIFICATE',
  'RATCHET_TLS_KEY',
  'RATCHET_TLS_CLIENT_CA',
  'RATCHET_ALLOW_UNAUTHENTICATED',
  'RATCHET_ALLOW_PLAINTEXT',
  'RATCHET_WEBHOOKS',
  'RATCHET_CALLBACK_SECRET',
  'RATCHET_CALLBACK_HOSTS',
  'RATCHET_CALLBACK_RETRY_MS',
  'RATCHET_CALLBACK_BACKOFF_MS',
];

/** Every variable that some service reads: what is not here is a slip of the pen. */
export const knownVariables: readonly string[] = [
  ...Object.values(serviceSettings(0)).map(({ variable }) => variable),
  ...[tokenSecret, tokenKeys, taskRetentionMs, ...Object.values(taskQueueLimits)].map(({ variable }) => variable),
  'RATCHET_RULES_MAX',
  ...gatewayVariables,
];

/** What an operator should know although nothing is wrong. */
export function developmentWarnings(config: Readonly<Record<string, unknown>>): readonly string[] {
  if (config['environment'] !== 'development') return [];
  const { topics, replicationFactor = 1, tokenSecret: secret } = config;
  return [
    ...(topics === 'create' && replicationFactor === 1
      ? ['RATCHET_ENVIRONMENT is development: topics are created with one replica, a lost disk loses them']
      : []),
    ...(secret === developmentSecrets.token
      ? ['RATCHET_TOKEN_SECRET is not set: task tokens are signed with a secret that everyone knows']
      : []),
  ];
}
