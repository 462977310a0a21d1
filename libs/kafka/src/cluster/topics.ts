import type { KafkaConnection } from './connection.ts';
import { isDenied } from './denied-rights.ts';
import { OperationalError } from '../errors.ts';
import { asError, failureKind, kafkaErrorType } from '../kafkajs/kafka-error.ts';
import { ConfigResourceTypes } from '../kafkajs/index.ts';
import { backoffMs, sleep } from '../waiting.ts';

/** Kafka's own limit. */
const topicNameLengthMax = 249;

/** How long the brokers may take to tell each other of a new topic. */
const propagationMsMax = 30_000;

/**
 * Checks the topics that exist, creates those that are missing, and resolves once every broker knows them all. Replicas are
 * for who makes a topic: one that exists keeps its own, and the log says how they differ.
 *
 * @throws OperationalError RKT1003 when an existing topic has other partitions or another setting than its
 * spec says (settings that the spec does not name are not looked at), RKT1004 when a topic could not be created.
 */
export async function ensureTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await connection.admin.listTopics());
  const found = await find(
    connection,
    specs.filter(({ name }) => existing.has(name)),
  );
  judge(connection, found, 'all');
  await create(
    connection,
    specs.filter(({ name }) => !existing.has(name)),
  );
  for (const { name, partitions } of specs) await awaitEverywhere(connection, name, partitions);
}

/**
 * Checks topics that others have made, for what correctness needs (`TopicSpec.needs`), and makes none. What else differs is
 * said in the log, in one line for each topic.
 *
 * @throws OperationalError RKT1010 when a right is missing, RKT1004 when topics are, RKT1003 when some are not as they must be; each names them all.
 */
export async function verifyTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  const existing = new Set(await connection.admin.listTopics());
  const missing = specs.filter(({ name }) => !existing.has(name)).map(({ name }) => connection.realName(name));
  if (missing.length > 0) {
    // A list leaves out what this user may not know of; whoever asks for it by name is told.
    await connection.admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) }).catch((error: unknown) => {
      if (isDenied(error)) throw error;
    });
    throw notThere(missing);
  }
  judge(connection, await find(connection, specs), 'needed');
}

/**
 * Creates topics, and resolves once every broker knows them. One that another instance was first with is taken as it is
 * found, if it has as many partitions.
 *
 * @throws OperationalError RKT1010 when a right is missing; RKT1004 when a topic could not be created: not retryable where the
 * brokers refuse it, whoever asks and whenever (its name, a policy); RKT1003 when another instance was first, with other partitions.
 */
export async function createTopics(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  await create(connection, specs);
  for (const { name, partitions } of specs) await awaitEverywhere(connection, name, partitions);
}

async function create(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<void> {
  if (specs.length === 0) return;
  const names = specs.map(({ name }) => connection.realName(name));
  const long = names.find(({ length }) => length > topicNameLengthMax);
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
    if (isDenied(cause)) throw cause;
    throw new OperationalError(
      `Expected to create the topics ${names.join(', ')}, but the brokers refuse: ${reasonsOf(cause)}${wayOut(cause)}`,
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

const notThere = (topics: readonly string[]): OperationalError =>
  new OperationalError(
    `Expected to find the topics ${topics.join(', ')}, but the brokers do not know them: make them as ` +
      `schemas/topics.json says, or have them made (RATCHET_TOPICS=create)`,
    'RKT1004',
    true,
  );

/** What the brokers say of a setting that they do not take. */
const settingTypes = new Set(['POLICY_VIOLATION', 'INVALID_CONFIG']);

/** What the brokers say of a topic that they will not make, however often they are asked. */
const refusedTypes = new Set([...settingTypes, 'INVALID_TOPIC_EXCEPTION', 'INVALID_PARTITIONS', 'INVALID_REQUEST']);

const isRefused = (error: unknown): boolean => refusedTypes.has(kafkaErrorType(error) ?? '');

/** Managed brokers take some settings only as they like them. */
const wayOut = (error: unknown): string =>
  errorsOf(error).some((each) => settingTypes.has(kafkaErrorType(each) ?? ''))
    ? '; where brokers do not take all settings of schemas/topics.json, make the topics with those that they take, and ' +
      `start the services with RATCHET_TOPICS=verify. ${onSizes}`
    : '';

/** The largest activity, with all that may be at its limit at its limit, is a record of that size. */
const onSizes =
  'No topic may have a smaller max.message.bytes: a Kafka that takes 8 MiB at most cannot hold every activity';

const errorsOf = (error: unknown): readonly unknown[] =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors) ? (error.errors as unknown[]) : [error];

const isAlreadyThere = (error: unknown): boolean =>
  errorsOf(error).every((each) => kafkaErrorType(each) === 'TOPIC_ALREADY_EXISTS');

const reasonsOf = (error: unknown): string =>
  errorsOf(error)
    .map((each) => asError(each).message)
    .join('; ');

// --- topics that are there ---

interface Found {
  readonly spec: TopicSpec;
  readonly topic: FoundTopic;
}

async function find(connection: KafkaConnection, specs: readonly TopicSpec[]): Promise<readonly Found[]> {
  if (specs.length === 0) return [];
  const { admin } = connection;
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ name, config }) => ({
      type: ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(config),
    })),
  });
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) });
  return specs.map((spec) => {
    const entries = resources.find(({ resourceName }) => resourceName === spec.name)?.configEntries ?? [];
    const partitions = topics.find(({ name }) => name === spec.name)?.partitions ?? [];
    return {
      spec,
      topic: {
        partitions: partitions.length,
        replicationFactor: partitions[0]?.replicas.length ?? 0,
        config: new Map(entries.map(({ configName, configValue }) => [configName, configValue])),
      },
    };
  });
}

/** @throws OperationalError RKT1003 that names every difference that is demanded; the others are for the log. */
function judge(connection: KafkaConnection, found: readonly Found[], demanded: 'all' | 'needed'): void {
  const isDemanded = ({ isNeeded, isOfReplicas }: Difference): boolean =>
    demanded === 'needed' ? isNeeded : !isOfReplicas;
  const wrong: string[] = [];
  const other: string[] = [];
  for (const { spec, topic } of found) {
    const name = connection.realName(spec.name);
    const differences = differencesOf(spec, topic);
    wrong.push(
      ...differences.filter(isDemanded).map((each) => sentence(name, each, demanded === 'needed' && each.atLeast)),
    );
    const wished = differences.filter((each) => !isDemanded(each)).map(phrase);
    if (wished.length > 0)
      other.push(`topic ${name} is not as it would be made: ${wished.join(', ')}; it is taken as it is`);
  }
  const isSmaller = wrong.some((each) => each.includes(' with max.message.bytes='));
  if (wrong.length > 0)
    throw new OperationalError(
      `Expected to find ${wrong.join('; ')}${isSmaller ? `. ${onSizes}` : ''}`,
      'RKT1003',
      false,
    );
  for (const line of other) connection.log('warn', line);
}

type Told = Pick<Difference, 'setting' | 'expected' | 'found'>;

const sentence = (topic: string, { setting, expected, found }: Told, orMore = false): string =>
  `the topic ${topic} with ${setting}=${expected}${orMore ? ' or more' : ''}, but it has ${setting}=${found}`;

const phrase = ({ setting, expected, found }: Told): string => `${setting}=${found} in place of ${expected}`;

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
      throw otherPartitions(connection, topic, partitions, known.length);
    if (known.length === 0 || known.some(({ leader }) => leader < 0)) return false;
  }
  return true;
}

function otherPartitions(
  connection: KafkaConnection,
  topic: string,
  expected: number,
  found: number,
): OperationalError {
  const difference = { setting: 'partitions', expected: String(expected), found: String(found) };
  return new OperationalError(`Expected to find ${sentence(connection.realName(topic), difference)}`, 'RKT1003', false);
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

/** A topic as it is to be made. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Kafka's own names and values: `cleanup.policy`, `message.timestamp.type`, ... */
  readonly config: Readonly<Record<string, string>>;
  /**
   * Of `config`, and `partitions`, what correctness needs; everything when absent. Of sizes and times it needs as much at
   * least (`atLeastSettings`).
   */
  readonly needs?: readonly string[];
}

/** A topic as it is there. */
export interface FoundTopic {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Of the settings that its spec names. */
  readonly config: ReadonlyMap<string, string>;
}

/** Wherein a topic is not what its spec says. */
export interface Difference {
  /** Kafka's name of it, or `partitions`, or `replicas`. */
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
  /** More than is expected would be as good. */
  readonly atLeast: boolean;
  readonly isNeeded: boolean;
  /** How many have a record: for who makes a topic to say. */
  readonly isOfReplicas: boolean;
}

/** Of these more is as good, where no more is needed than that nothing is lost; -1 is without limit. */
const atLeastSettings = new Set(['max.message.bytes', 'retention.ms']);

const replicaSettings = new Set(['replicas', 'min.insync.replicas']);

/** Wherein what is there is not what the spec says: what is needed, and what is wished for. */
export function differencesOf(spec: TopicSpec, found: FoundTopic): readonly Difference[] {
  const expected: readonly (readonly [setting: string, expected: string, found: string])[] = [
    ['partitions', String(spec.partitions), String(found.partitions)],
    ['replicas', String(spec.replicationFactor), String(found.replicationFactor)],
    ...Object.entries(spec.config).map(
      ([setting, value]) => [setting, value, found.config.get(setting) ?? ''] as const,
    ),
  ];
  return expected
    .filter(([, one, other]) => normalised(one) !== normalised(other))
    .map(([setting, wanted, value]) => {
      const isOfReplicas = replicaSettings.has(setting);
      const isNamed = spec.needs?.includes(setting) ?? !isOfReplicas;
      const atLeast = spec.needs !== undefined && atLeastSettings.has(setting);
      const isNeeded = isNamed && !(atLeast && isEnough(value, wanted));
      return { setting, expected: wanted, found: value, atLeast, isNeeded, isOfReplicas };
    });
}

const isEnough = (found: string, wanted: string): boolean =>
  found === '-1' || (found !== '' && Number(found) >= Number(wanted));

/** `compact,delete` and `delete, compact` are the same policy. */
const normalised = (value: string): string =>
  value
    .split(',')
    .map((part) => part.trim())
    .sort()
    .join(',');

/**
 * How many replicas a topic has: what a process goes by that makes further topics of the same cluster.
 *
 * @throws OperationalError RKT1004 when the brokers do not know the topic.
 */
export async function replicationFactorOf(connection: KafkaConnection, topic: string): Promise<number> {
  await connection.partitionCounts.of(topic);
  const { topics } = await connection.admin.fetchTopicMetadata({ topics: [topic] });
  return topics[0]?.partitions[0]?.replicas.length ?? 0;
}
