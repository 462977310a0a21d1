import type { KafkaConnection } from './connection.ts';
import { OperationalError } from './errors.ts';
import { asError, failureKind, kafkaErrorType } from './kafka-error.ts';
import { ConfigResourceTypes } from './kafkajs/index.ts';
import { backoffMs } from './retry-options.ts';
import { sleep } from './sleep.ts';

export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Kafka's own names and values: `cleanup.policy`, `message.timestamp.type`, ... */
  readonly config: Readonly<Record<string, string>>;
}

/** Kafka's own limit. */
const topicNameLengthMax = 249;

/** How long the brokers may take to tell each other of a new topic. */
const propagationMsMax = 30_000;

/**
 * Checks the topics that exist, creates those that are missing, and resolves once every broker knows them all.
 *
 * @throws OperationalError RKT1003 when an existing topic has other partitions or another setting than its
 * spec says (settings that the spec does not name are not looked at), RKT1004 when a topic could not be created.
 */
export async function ensureTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await connection.admin.listTopics());
  await check(
    connection,
    specs.filter(({ name }) => existing.has(name)),
  );
  await create(
    connection,
    specs.filter(({ name }) => !existing.has(name)),
  );
  for (const { name, partitions } of specs) await awaitEverywhere(connection, name, partitions);
}

/**
 * Creates topics, and resolves once every broker knows them. One that another instance was first with is taken as it is
 * found, if it has as many partitions.
 *
 * @throws OperationalError RKT1004 when a topic could not be created: not retryable where the brokers refuse it, whoever asks
 * and whenever (its name, a policy, rights); RKT1003 when another instance was first, with other partitions.
 */
export async function createTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  await create(connection, specs);
  for (const { name, partitions } of specs) await awaitEverywhere(connection, name, partitions);
}

async function create(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const long = specs.map(({ name }) => connection.realName(name)).find(({ length }) => length > topicNameLengthMax);
  if (long !== undefined) throw nameTooLong(long);
  try {
    await connection.admin.createTopics({
      // kafkajs would wait only for leaders and fail when the broker it asks does not know the topic yet; `awaitEverywhere` waits for both.
      waitForLeaders: false,
      topics: specs.map(({ name, partitions, replicationFactor, config }) => ({
        topic: name,
        numPartitions: partitions,
        replicationFactor,
        configEntries: Object.entries(config).map(([key, value]) => ({ name: key, value })),
      })),
    });
  } catch (cause) {
    // kafkajs resolves when another instance was first with one topic, and throws an aggregate when it was with several.
    if (isAlreadyThere(cause)) return;
    const names = specs.map(({ name }) => connection.realName(name)).join(', ');
    const error = asError(cause);
    throw new OperationalError(
      `Expected to create the topics ${names}, but the brokers refuse: ${reasonsOf(error)}`,
      'RKT1004',
      !errorsOf(cause).some(isRefused),
      { cause },
    );
  }
}

const nameTooLong = (topic: string): OperationalError =>
  new OperationalError(
    `Expected to create the topic ${topic}, but its name has ${String(topic.length)} characters, and Kafka takes ${String(topicNameLengthMax)}`,
    'RKT1004',
    false,
  );

/** What the brokers say of a topic that they will not make, however often they are asked. */
const refusedTypes = new Set([
  'POLICY_VIOLATION',
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_CONFIG',
  'INVALID_REQUEST',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

const isRefused = (error: unknown): boolean => refusedTypes.has(kafkaErrorType(error) ?? '');

const errorsOf = (error: unknown): readonly unknown[] =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? (error.errors as unknown[]) : [error];

const isAlreadyThere = (error: unknown): boolean =>
  errorsOf(error).every((each) => kafkaErrorType(each) === 'TOPIC_ALREADY_EXISTS');

const reasonsOf = (error: Error): string =>
  errorsOf(error)
    .map((each) => asError(each).message)
    .join('; ');

async function check(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const { resources } = await connection.admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ name, config }) => ({
      type: ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(config),
    })),
  });
  for (const spec of specs) {
    const partitions = await connection.partitionCounts.of(spec.name);
    if (partitions !== spec.partitions) {
      throw otherwise(connection.realName(spec.name), 'partitions', String(spec.partitions), String(partitions));
    }
    const entries = resources.find(({ resourceName }) => resourceName === spec.name)?.configEntries ?? [];
    checkSettings({ ...spec, name: connection.realName(spec.name) }, new Map(entries.map(({ configName, configValue }) => [configName, configValue])));
  }
}

function checkSettings({ name, config }: TopicSpec, found: ReadonlyMap<string, string>): void {
  for (const [setting, expected] of Object.entries(config)) {
    const value = found.get(setting) ?? '';
    if (normalised(value) !== normalised(expected)) throw otherwise(name, setting, expected, value);
  }
}

/** `compact,delete` and `delete, compact` are the same policy. */
const normalised = (value: string): string =>
  value
    .split(',')
    .map((part) => part.trim())
    .sort()
    .join(',');

const otherwise = (topic: string, setting: string, expected: string, found: string): OperationalError =>
  new OperationalError(
    `Expected to find the topic ${topic} with ${setting}=${expected}, but it has ${setting}=${found}`,
    'RKT1003',
    false,
  );

/** A broker that does not know a topic yet refuses its records, so each one is asked. */
async function awaitEverywhere(connection: KafkaConnection, topic: string, partitions: number): Promise<void> {
  const deadline = performance.now() + propagationMsMax;
  for (let attempt = 0; ; attempt++) {
    if (await isKnownEverywhere(connection, topic, partitions)) return;
    if (performance.now() > deadline) {
      throw new OperationalError(
        `Expected every broker to know the topic ${connection.realName(topic)} within ${String(propagationMsMax)} ms, but one does not`,
        'RKT1004',
        true,
      );
    }
    await sleep(backoffMs(attempt));
  }
}

async function isKnownEverywhere(connection: KafkaConnection, topic: string, partitions: number): Promise<boolean> {
  const { brokers } = await connection.admin.describeCluster();
  for (let asked = 0; asked < 2 * brokers.length; asked++) {
    // kafkajs asks a broker of its own choosing, so each is asked for about twice.
    const known = await partitionsOf(connection, topic);
    // Another instance was first with it.
    if (known.length > 0 && known.length !== partitions)
      throw otherwise(connection.realName(topic), 'partitions', String(partitions), String(known.length));
    if (known.length === 0 || known.some(({ leader }) => leader < 0)) return false;
  }
  return true;
}

async function partitionsOf(
  connection: KafkaConnection,
  topic: string,
): Promise<readonly { readonly leader: number }[]> {
  try {
    const { topics } = await connection.admin.fetchTopicMetadata({ topics: [topic] });
    return topics.find(({ name }) => name === topic)?.partitions ?? [];
  } catch (error) {
    if (failureKind(error) === 'unknown-topic' || kafkaErrorType(error) === 'LEADER_NOT_AVAILABLE') return [];
    throw error;
  }
}
