import { setTimeout as pause } from 'node:timers/promises';
import { queueOfTopic } from '@ratchet/domain';
import {
  connectKafka,
  createTopics,
  OperationalError,
  Outbox,
  replicationFactorOf,
  type ConnectionMetrics,
  type KafkaConnection,
  type Log,
  type OutboxOptions,
} from '@ratchet/kafka';
import {
  createCodec,
  subjects,
  taskTopicSpecs,
  topics,
  topicSpecs,
  type Codec,
  type RecordName,
  type Replication,
  type TopicSpecOptions,
} from '@ratchet/schemas';
import { codecLogOf } from './codec-log.ts';
import { checkRegistry, registryAccess, type ConnectionDescription } from './connection-description.ts';
import { joinCluster, type TopicsMode } from './join-cluster.ts';
import type { TokenKey } from './task-token.ts';
import { loadTracing } from './tracing.ts';

export interface ClusterOptions extends ConnectionDescription {
  /** Shown by the brokers. */
  readonly clientId: string;
  /**
   * Services create missing topics and check those that exist, and register the schemas; clients and workers take the cluster as
   * they find it, and wait for its services for 15 s.
   */
  readonly createTopics: boolean;
  /** Without `createTopics`: the records that it writes, or reads from the start on; every record when absent. */
  readonly records?: readonly RecordName[];
  /** With `createTopics`: how many co-partitioned partitions the cluster has. */
  readonly partitions?: number;
  /** With `createTopics`; without, it is read off the topics that are there. */
  readonly replication?: Replication;
  /** With `createTopics`: how many replicas the topics are made with, in place of what `replication` says. */
  readonly replicationFactor?: number | undefined;
  readonly minInsyncReplicas?: number | undefined;
  /** With `createTopics`: who makes the topics that are there from the start, see `TopicsMode`. Default: `create`. */
  readonly topics?: TopicsMode;
  /** With `createTopics`: the keys of task tokens, of which the cluster's services must have one in common. */
  readonly tokenKeys?: readonly TokenKey[];
  /** With `createTopics`, a registry that does not answer is waited for until this is aborted; else for 15 s. */
  readonly signal?: AbortSignal;
  readonly log?: Log;
  readonly metrics?: ConnectionMetrics;
}

/** Kafka and the registry, as every process of Ratchet has them. */
export interface Cluster {
  readonly connection: KafkaConnection;
  readonly codec: Codec;
  /** How many partitions commands, queries, executions and the other co-partitioned topics have. */
  readonly partitions: number;
  /** An outbox that knows which topics are there for good, and makes a task topic anew that someone deleted. */
  createOutbox(options?: Pick<OutboxOptions, 'metrics' | 'replaceUnsendable' | 'bounds'>): Outbox;
  /** Every topic of a task queue that is there, dead-letter topics included. @throws kafkajs's error when no broker answers. */
  taskTopics(): Promise<readonly string[]>;
  /**
   * Makes the topic of a task queue, and its dead-letter topic, when it is missing; resolves once every broker knows it. For
   * schedulers, which ask whether there may be one more: whoever else reads a queue waits until it is there.
   *
   * @throws OperationalError RKT1004 when it cannot be created: not retryable where the brokers refuse it.
   */
  ensureTaskTopic(topic: string): Promise<void>;
  /** A service has other keys of task tokens while it runs: who starts after it is compared with those. The log says when it fails. */
  recordTokenKeys(tokenKeys: readonly TokenKey[]): void;
  /** Outboxes and consumers are closed by who made them, before this. */
  close(): Promise<void>;
}

/**
 * What every process does first: reaches Kafka, has the schemas registered and the topics made, or finds them.
 *
 * @throws OperationalError RKT1301 when an address is missing or is none, or more replicas must have a record than there are;
 * RKT1001 when no broker answers within 15 s; RKT1003 when a topic has other settings than it must; RKT1302 when a service has
 * other settings than those before it; RKT1004 when a client finds no topics within 15 s (the services were never started), or
 * a service misses one that is for someone else to make.
 * @throws SchemaRegistryError RKT1101 when the registry does not answer within 15 s (a service waits for it), RKT1102 when
 * it refuses a schema, RKT1103 when a client's is not registered within 15 s.
 */
export async function connectCluster(options: ClusterOptions): Promise<Cluster> {
  const { clientId, registry, tls, sasl, prefix, zone, log, metrics } = options;
  const brokers = brokerList(options.brokers);
  if (brokers.length === 0) throw noAddress('a broker', 'host:port');
  checkReplicas(options);
  if (registry === '') throw noAddress('a schema registry', 'the root of its Confluent-compatible API');
  checkRegistry(registry);
  const connection = await connectKafka({
    brokers,
    clientId,
    tls,
    sasl,
    prefix,
    zone,
    tracing: await loadTracing(),
    ...(log === undefined ? {} : { log }),
    ...(metrics === undefined ? {} : { metrics }),
  });
  try {
    const { codec, taskTopics } = await (options.createTopics ? asService : asGuest)(connection, options);
    const partitions = await connection.partitionCounts.of(topics.commands);
    return new ConnectedCluster(connection, codec, partitions, taskTopics, options);
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** What could never be written is not to be made. */
function checkReplicas({ replication = 'development', replicationFactor, minInsyncReplicas }: ClusterOptions): void {
  const [spec] = topicSpecs({ replication, replicationFactor, minInsyncReplicas });
  const replicas = spec?.replicationFactor ?? 0;
  if (minInsyncReplicas === undefined || minInsyncReplicas <= replicas) return;
  throw new OperationalError(
    `Expected RATCHET_MIN_INSYNC_REPLICAS to be at most RATCHET_REPLICATION_FACTOR, which is ${String(replicas)}, but it is ${String(minInsyncReplicas)}`,
    'RKT1301',
    false,
  );
}

const noAddress = (what: string, expected: string): OperationalError =>
  new OperationalError(`Expected to get the address of ${what} (${expected}), but it is empty`, 'RKT1301', false);

const brokerList = (brokers: string | readonly string[]): readonly string[] =>
  (typeof brokers === 'string' ? brokers.split(',') : brokers)
    .map((broker) => broker.trim())
    .filter((broker) => broker !== '');

interface Found {
  readonly codec: Codec;
  /** What the topics of task queues are made with. */
  readonly taskTopics: TaskTopicOptions;
}

type TaskTopicOptions = Omit<TopicSpecOptions, 'partitions'>;

async function asService(connection: KafkaConnection, options: ClusterOptions): Promise<Found> {
  const { signal, prefix } = options;
  const registry = registryAccess(options.registry);
  const log = codecLogOf(connection.log);
  const codec = await createCodec({
    registry,
    prefix,
    waitMs: Infinity,
    log,
    ...(signal === undefined ? {} : { signal }),
  });
  await joinCluster(connection, codec, options);
  const { replication = 'development', replicationFactor, minInsyncReplicas } = options;
  // Whoever makes topics by hand has brokers that do not take all settings.
  const onlyNeeded = (options.topics ?? 'create') !== 'create';
  return { codec, taskTopics: { replication, replicationFactor, minInsyncReplicas, onlyNeeded } };
}

/** Where the topics are, the schemas are, too: a service registers them before. */
async function asGuest(connection: KafkaConnection, { registry, prefix, records }: ClusterOptions): Promise<Found> {
  const replicationFactor = await replicationThere(connection);
  const replication = replicationFactor > 1 ? 'production' : 'development';
  const lookUp = records ?? subjects.map(({ record }) => record);
  return {
    codec: await createCodec({ registry: registryAccess(registry), prefix, lookUp }),
    taskTopics: { replication, replicationFactor, onlyNeeded: true },
  };
}

/** For how long a client or a worker waits for services that are about to start, and how often it looks. */
const servicesWaitMsMax = 15_000;
const lookAgainMs = 500;

async function replicationThere(connection: KafkaConnection): Promise<number> {
  const deadline = performance.now() + servicesWaitMsMax;
  for (;;) {
    try {
      return await replicationFactorOf(connection, topics.commands);
    } catch (cause) {
      const isMissing = cause instanceof OperationalError && cause.code === 'RKT1004';
      if (!isMissing) throw cause;
      if (performance.now() >= deadline) throw noServices(connection, cause);
    }
    await pause(lookAgainMs);
  }
}

const noServices = (connection: KafkaConnection, cause: OperationalError): OperationalError =>
  new OperationalError(
    `Expected to find Ratchet's topics at ${connection.brokers.join(', ')}, but ${connection.realName(topics.commands)} is not there: start the services first${
      connection.prefix === '' ? '' : ', with the same prefix'
    }`,
    'RKT1004',
    true,
    { cause },
  );

/** `ratchet.activity.tasks.<namespace>.<taskQueue>`, and perhaps a priority level: escaped names have no dots. */
const taskTopicParts = 5;

const isDeadLetterTopic = (topic: string): boolean =>
  topic.endsWith('.dlq') && topic.split('.').length > taskTopicParts;

class ConnectedCluster implements Cluster {
  readonly connection: KafkaConnection;
  readonly codec: Codec;
  readonly partitions: number;
  readonly #taskTopics: TaskTopicOptions;
  readonly #options: ClusterOptions;

  constructor(
    connection: KafkaConnection,
    codec: Codec,
    partitions: number,
    taskTopicOptions: TaskTopicOptions,
    options: ClusterOptions,
  ) {
    this.connection = connection;
    this.codec = codec;
    this.partitions = partitions;
    this.#taskTopics = taskTopicOptions;
    this.#options = options;
  }

  createOutbox(options: Pick<OutboxOptions, 'metrics' | 'replaceUnsendable' | 'bounds'> = {}): Outbox {
    const steadyTopics = topicSpecs(this.#taskTopics).map(({ name }) => name);
    const ensureTopic = (topic: string): Promise<void> => this.ensureTaskTopic(topic);
    return new Outbox({ ...options, connection: this.connection, steadyTopics, ensureTopic });
  }

  async ensureTaskTopic(topic: string): Promise<void> {
    // One that is there is taken as it is: its partitions may have been increased.
    if (await this.connection.partitionCounts.exists(topic)) return;
    // Asked for its dead-letter topic, too: both are made together.
    const name = isDeadLetterTopic(topic) ? topic.slice(0, topic.lastIndexOf('.')) : topic;
    const { connection, partitions } = this;
    await createTopics(connection, taskTopicSpecs(name, { ...this.#taskTopics, partitions }));
    await connection.partitionCounts.of(topic);
  }

  async taskTopics(): Promise<readonly string[]> {
    return (await this.connection.admin.listTopics()).filter((topic) => queueOfTopic(topic) !== undefined);
  }

  recordTokenKeys(tokenKeys: readonly TokenKey[]): void {
    const { connection, codec, partitions } = this;
    joinCluster(connection, codec, { ...this.#options, partitions, tokenKeys }).catch((error: unknown) => {
      connection.log('error', `the changed token keys could not be recorded: ${String(error)}`);
    });
  }

  close(): Promise<void> {
    return this.connection.close();
  }
}
