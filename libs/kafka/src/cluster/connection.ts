import type { Socket } from 'node:net';
import type { ConnectionOptions as NodeTlsOptions } from 'node:tls';
import type {
  Admin as KafkaAdmin,
  Consumer,
  ConsumerConfig,
  Kafka as KafkaClass,
  KafkaConfig,
  LogEntry,
  ProducerConfig,
  RetryOptions,
} from 'kafkajs';
import { DeniedRights, namingAdmin } from './denied-rights.ts';
import { OperationalError } from '../errors.ts';
import { causesOf } from '../kafkajs/kafka-error.ts';
import { Kafka, logLevel } from '../kafkajs/index.ts';
import { oncePerFault, guardedLog, silent, type Log } from '../log.ts';
import type { ConnectionMetrics } from '../metrics.ts';
import { PartitionCounts } from './partition-counts.ts';
import { isPrefix, prefixedAdmin, prefixExpected, prefixedProducer, type Admin, type Producer } from './prefixed.ts';
import { clientRetry } from '../kafkajs/retry-options.ts';
import { sleep, within } from '../waiting.ts';
import { checkSecurity, kafkajsSasl, nodeTlsOptions, type KafkaSecurity } from './security.ts';
import { createSocket } from '../kafkajs/socket-factory.ts';
import { noTracing, type Tracing } from '../tracing/spans.ts';

export interface ConnectionOptions extends KafkaSecurity {
  /** `host:port` of one or more brokers; the rest are found through them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /**
   * What the names of topics, consumer groups and transactional ids begin with on this Kafka, so that several installations
   * live on it; none by default. Whoever uses the connection says and hears names without it: only people are told it.
   */
  readonly prefix?: string | undefined;
  readonly log?: Log;
  /** The zone that this process is in, as brokers name theirs (`broker.rack`): fetched from a replica there, if there is one. */
  readonly zone?: string | undefined;
  /** How long an answer may take; 30 s by default. */
  readonly requestTimeoutMs?: number;
  readonly connectionTimeoutMs?: number;
  readonly metrics?: ConnectionMetrics;
  /** Makes the spans of what is sent and read; none by default. */
  readonly tracing?: Tracing;
}

/**
 * How long connecting may take in all. kafkajs gives up on an address that refuses within 5 s, but would ask one that
 * takes connections and speaks something else for minutes.
 */
const connectMsMax = 15_000;

/** How long the administration may take for one answer, its own repetitions included; then it is made anew. */
const adminAnswerMsMax = 60_000;

/** How long `close` waits for answers that are still on their way. */
const disconnectMsMax = 1_000;

interface KafkaClientParts {
  readonly brokers: readonly string[];
  readonly prefix: string;
  /** As of now: asked for every socket. */
  readonly tls: () => NodeTlsOptions | undefined;
  readonly onCut: (client: KafkaClient) => void;
}

/**
 * kafkajs's client with sockets of its own, for one producer, consumer or admin: whoever no longer trusts it cuts it off.
 *
 * Trap: kafkajs's own `disconnect` waits for answers that may never come, and whoever is in the middle of joining a group
 * takes no notice of it and joins after all.
 */
export class KafkaClient {
  readonly #kafka: KafkaClass;
  readonly #prefix: string;
  readonly #sockets = new Set<Socket>();
  readonly #tls: () => NodeTlsOptions | undefined;
  readonly #onCut: (client: KafkaClient) => void;
  #isCut = false;

  /** @internal only a connection makes clients. */
  constructor(config: KafkaConfig, { brokers, prefix, tls, onCut }: KafkaClientParts) {
    this.#prefix = prefix;
    this.#tls = tls;
    this.#onCut = onCut;
    this.#kafka = new Kafka({
      ...config,
      // Trap: kafkajs looks for a broker in loops within loops, for minutes; it gives up at once when there is none to try.
      brokers: () => (this.#isCut ? [] : [...brokers]),
      socketFactory: ({ host, port, onConnect }) => this.#connect({ host, port, onConnect }),
    });
  }

  /** @param config its transactional id is without the prefix, as every topic is that goes through the producer. */
  producer({ transactionalId, ...config }: ProducerConfig): Producer {
    if (transactionalId === undefined) return this.#prefixed(this.#kafka.producer(config));
    return this.#prefixed(this.#kafka.producer({ ...config, transactionalId: this.#prefix + transactionalId }));
  }

  /** @param config with the group as Kafka knows it: `GroupConsumer`, which alone uses one, translates all names of it. */
  consumer(config: ConsumerConfig): Consumer {
    return this.#kafka.consumer(config);
  }

  admin(retry: RetryOptions): Admin {
    const admin = namingAdmin(this.#kafka.admin({ retry }));
    return this.#prefix === '' ? admin : prefixedAdmin(admin, this.#prefix);
  }

  /** What is of all installations: rights and other people's settings, with names as Kafka knows them. */
  operator(retry: RetryOptions): Pick<KafkaAdmin, 'alterConfigs' | 'connect' | 'createAcls' | 'deleteAcls'> {
    return this.#kafka.admin({ retry });
  }

  /** Whatever is under way fails, at once, and nothing can be sent any more. Safe to call twice. */
  cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy(closedError());
    this.#onCut(this);
  }

  #prefixed(producer: ReturnType<KafkaClass['producer']>): Producer {
    return this.#prefix === '' ? producer : prefixedProducer(producer, this.#prefix);
  }

  #connect(address: Omit<Parameters<typeof createSocket>[0], 'tls'>): Socket {
    if (this.#isCut) throw closedError();
    const socket = createSocket({ ...address, tls: this.#tls() });
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** What may differ between the clients of a connection. */
export type ClientTuning = Pick<KafkaConfig, 'requestTimeout'>;

/** What a member of a group says of its hearing. */
export interface GroupMember {
  /** As Kafka knows it. */
  readonly groupId: string;
  /** How long its coordinator has said nothing while this process ran, in milliseconds. */
  readonly silentMs: number;
  /** It was made anew several times without being heard, although a broker answers: only a new process may help. */
  readonly isDeaf: boolean;
}

/**
 * The one way to Kafka. Everything else in this room is made of one; share it within a process.
 *
 * What was made of it is closed before it. Whatever is not, or waits for a broker that does not answer, is cut off: it
 * fails, and cannot connect again.
 */
export class KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** Empty, or what the names of this installation begin with; see `ConnectionOptions`. */
  readonly prefix: string;
  /** Says a fault that lasts once, and then how often it came. */
  readonly log: Log;
  readonly metrics: ConnectionMetrics;
  readonly tracing: Tracing;
  /** Every member of a group that this process is, by this connection. */
  readonly members = new Set<GroupMember>();
  /** What the brokers have not allowed this process lately. */
  readonly deniedRights: DeniedRights;
  /** @internal Administration of topics and groups; only this room may use it. */
  readonly admin: Admin;
  /** How many partitions each topic has, as far as it was asked for. */
  readonly partitionCounts: PartitionCounts;
  readonly zone: string | undefined;
  readonly #security: KafkaSecurity;
  readonly #config: KafkaConfig;
  readonly #clients = new Set<KafkaClient>();
  readonly #flushLog: () => void;
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    const { brokers, clientId } = options;
    const log = oncePerFault(guardedLog(options.log ?? silent));
    const sasl = kafkajsSasl(options);
    this.#security = options;
    this.zone = options.zone;
    this.brokers = brokers;
    this.clientId = clientId;
    this.prefix = options.prefix ?? '';
    this.log = this.prefix === '' ? log : namedIn(log, this.prefix);
    this.#flushLog = log.flush;
    this.deniedRights = new DeniedRights(log);
    this.metrics = options.metrics ?? {};
    this.tracing = options.tracing ?? noTracing;
    this.#config = {
      brokers: [...brokers],
      clientId,
      ...(sasl === undefined ? {} : { sasl }),
      connectionTimeout: options.connectionTimeoutMs ?? 3000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      retry: clientRetry,
      logLevel: logLevel.WARN,
      logCreator: () => forwardTo(log),
    };
    this.admin = dependableAdmin(() => this.createClient());
    this.partitionCounts = new PartitionCounts(this.admin, (topic) => this.realName(topic));
  }

  /** A topic, group or transactional id as Kafka knows it, and as people are told of it. */
  realName(name: string): string {
    return this.prefix + name;
  }

  /** @internal Whoever makes one cuts it off in the end. */
  createClient(tuning: ClientTuning = {}): KafkaClient {
    const client = new KafkaClient(
      { ...this.#config, ...tuning },
      {
        brokers: this.brokers,
        prefix: this.prefix,
        tls: () => nodeTlsOptions(this.#security.tls),
        onCut: (cut) => this.#clients.delete(cut),
      },
    );
    this.#clients.add(client);
    if (this.#isClosed) client.cut();
    return client;
  }

  /** Within a second or so, whether a broker answers or not. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.race([this.admin.disconnect().catch(() => undefined), sleep(disconnectMsMax)]);
    for (const client of this.#clients) client.cut();
    this.#flushLog();
  }
}

/**
 * kafkajs's administration, of which every answer has a deadline: one that has let it pass is cut off, and the next
 * question goes to another.
 *
 * @throws OperationalError RKT1008 (each method rejects) after a minute.
 */
function dependableAdmin(createClient: () => KafkaClient): Admin {
  const create = () => {
    const client = createClient();
    return { client, admin: client.admin(clientRetry) };
  };
  let current = create();
  const ask = async (method: keyof Admin, args: readonly unknown[]): Promise<unknown> => {
    const { admin, client } = current;
    const asking = (admin[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
    try {
      return await within(adminAnswerMsMax, `an answer to ${method}`, asking);
    } catch (error) {
      if (error instanceof OperationalError && current.client === client) {
        client.cut();
        current = create();
      }
      throw error;
    }
  };
  return new Proxy(current.admin, {
    get:
      (_, method: keyof Admin) =>
      (...args: readonly unknown[]) =>
        ask(method, args),
  });
}

/** Whose fields name topics and groups as Kafka knows them. */
const namedIn =
  (log: Log, prefix: string): Log =>
  (level, message, fields = {}) => {
    const { topic } = fields;
    log(level, message, typeof topic === 'string' ? { ...fields, topic: prefix + topic } : fields);
  };

const closedError = (): Error => new Error('Expected to speak to a broker, but the connection was closed');

const speechless = (): Error =>
  new Error(
    `nothing there has spoken Kafka's protocol within ${String(connectMsMax / 1000)} s: is it another server's port?`,
  );

/** What kafkajs can connect to: it would take the rest of any other text for a port, and ask for minutes. */
const brokerAddress = /^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/;

function checkBrokers(brokers: readonly string[]): void {
  if (brokers.every((broker) => brokerAddress.test(broker))) return;
  const given = withoutCredentials(brokers.join(','));
  throw new OperationalError(
    `Expected the addresses of brokers as host:port, separated by commas, but got '${given}'`,
    'RKT1301',
    false,
  );
}

function checkPrefix(prefix = ''): void {
  if (prefix === '' || isPrefix(prefix)) return;
  throw new OperationalError(
    `Expected the prefix of names as ${prefixExpected}, but got '${prefix}'`,
    'RKT1301',
    false,
  );
}

/** An address as it may be shown: what stands before its last @ may hold a password. */
export const withoutCredentials = (address: string): string => address.replace(/^([a-z]+:\/\/)?.*@/is, '$1***@');

/**
 * Connects to Kafka, once for a process.
 *
 * @throws OperationalError RKT1301 when an address or the prefix is none, a secret's file cannot be read, or certificate and key do not
 * go together; RKT1009 when TLS cannot be agreed on or the brokers do not take who this is; RKT1001 when none of the brokers answers, after at most 15 s.
 */
export async function connectKafka(options: ConnectionOptions): Promise<KafkaConnection> {
  checkBrokers(options.brokers);
  checkPrefix(options.prefix);
  checkSecurity(options);
  const connection = new KafkaConnection(options);
  try {
    await Promise.race([connection.admin.connect(), sleep(connectMsMax).then(() => Promise.reject(speechless()))]);
    return connection;
  } catch (cause) {
    await connection.close().catch(() => undefined);
    throw unreached(options, cause);
  }
}

function unreached({ brokers, sasl }: ConnectionOptions, cause: unknown): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const addresses = brokers.join(', ');
  const reason = cause instanceof Error ? cause.message : String(cause);
  const refusal = refusalOf(cause, sasl);
  if (refusal === undefined)
    return new OperationalError(
      `Expected to reach Kafka at ${addresses}, but no broker answers (${reason})`,
      'RKT1001',
      true,
      {
        cause,
      },
    );
  const who =
    sasl === undefined ? '' : ` as ${'username' in sasl ? `'${sasl.username}'` : sasl.mechanism} (${sasl.mechanism})`;
  return new OperationalError(
    `Expected to be let in by Kafka at ${addresses}${who}, but ${refusal} (${reason})`,
    'RKT1009',
    false,
    { cause },
  );
}

/** Why the brokers do not let this process in, where it is not that none answers. */
function refusalOf(cause: unknown, sasl: ConnectionOptions['sasl']): string | undefined {
  const all = [...causesOf(cause)];
  if (all.some(({ name }) => name === 'KafkaJSSASLAuthenticationError'))
    return sasl?.mechanism === 'oauthbearer' || sasl?.mechanism === 'aws-msk-iam'
      ? 'it refuses the token'
      : 'it refuses user or password';
  const codes = all.map((each) => (each as NodeJS.ErrnoException).code ?? '');
  const text = all.map(({ message }) => message).join(' ');
  if (/ERR_SSL_WRONG_VERSION_NUMBER|wrong version number/i.test(`${codes.join(' ')} ${text}`))
    return 'no TLS is spoken there';
  if (/alert|certificate required/i.test(text)) return 'it refuses the certificate of this process, or misses one';
  if (codes.some((code) => tlsCodes.test(code)) || /certificate|altnames/i.test(text))
    return 'its certificate is not trusted here';
  return undefined;
}

const tlsCodes = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_)/;

/** kafkajs calls errors what it then retries by itself; what it gives up on is told by whoever asked for it. */
const forwardTo =
  (log: Log) =>
  ({ namespace, log: { message, logger: _logger, timestamp: _timestamp, stack: _stack, ...fields } }: LogEntry) => {
    log('debug', `kafkajs ${namespace}: ${message}`, fields);
  };
