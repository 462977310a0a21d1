import { compareSettings, type SharedSettings } from '@ratchet/domain';
import { agreeOnRecord, ensureTopics, OperationalError, verifyTopics, type KafkaConnection } from '@ratchet/kafka';
import {
  partitionsDefault,
  topics,
  topicSpecs,
  UnreadableRecordError,
  type Codec,
  type Replication,
} from '@ratchet/schemas';
import { tokenKeyFingerprint, type TokenKey } from './task-token.ts';

/**
 * Who makes the topics that are there from the start, and what is asked of them. Those of task queues are made by schedulers
 * in any case, since they come with the queues.
 * - `create`: the service makes those that are missing, and refuses those that are not exactly as it would make them;
 * - `verify`: someone else makes them, and the service refuses those that lack what correctness needs;
 * - `trust`: someone else makes them, and nothing is asked: for who may not even describe a topic.
 */
export type TopicsMode = 'create' | 'verify' | 'trust';

export interface JoinClusterOptions {
  readonly topics?: TopicsMode;
  readonly partitions?: number;
  readonly replication?: Replication;
  readonly replicationFactor?: number | undefined;
  readonly minInsyncReplicas?: number | undefined;
  readonly tokenKeys?: readonly TokenKey[];
}

const settingsKey = 'settings';

/**
 * Has the topics, and compares the settings of this service with those that the services before it have recorded in
 * `ratchet.cluster` (ADR 14). The first one records its own.
 *
 * @throws OperationalError RKT1302 (rejects) when they differ, RKT1003 when a topic does, RKT1004 when one
 * is missing that someone else is to make, or cannot be created.
 */
export async function joinCluster(
  connection: KafkaConnection,
  codec: Codec,
  options: JoinClusterOptions,
): Promise<void> {
  const { replication = 'development', partitions = partitionsDefault(replication), tokenKeys = [] } = options;
  const ensure = haveTopics[options.topics ?? 'create'];
  const { replicationFactor, minInsyncReplicas } = options;
  const specs = topicSpecs({ replication, partitions, replicationFactor, minInsyncReplicas });
  const own: SharedSettings = {
    environment: replication,
    partitions,
    tokenKeys: await Promise.all(tokenKeys.map(tokenKeyFingerprint)),
  };
  const topic = topics.cluster;
  if (!(await connection.partitionCounts.exists(topic))) await ensure(connection, specs);
  await agreeOnRecord({ connection, topic, key: settingsKey }, async (current) => {
    const recorded = current === null ? undefined : await decoded(connection, codec, current);
    const comparison = compareSettings(recorded, own);
    if ('differences' in comparison) throw otherSettings(connection, comparison.differences);
    // Before anything is recorded: what the topics say holds, too.
    await ensure(connection, specs);
    return comparison.recorded === recorded ? undefined : codec.encodeSharedSettings(comparison.recorded);
  });
}

const haveTopics: Readonly<Record<TopicsMode, typeof ensureTopics>> = {
  create: ensureTopics,
  verify: verifyTopics,
  trust: () => Promise.resolve(),
};

async function decoded(connection: KafkaConnection, codec: Codec, bytes: Buffer): Promise<SharedSettings> {
  try {
    return await codec.decodeSharedSettings(bytes);
  } catch (cause) {
    if (!(cause instanceof UnreadableRecordError)) throw cause;
    const message = `Expected to read in ${connection.realName(topics.cluster)} what all services have alike, but ${cause.message}`;
    throw new OperationalError(message, 'RKT1302', false, { cause });
  }
}

const otherSettings = ({ brokers }: KafkaConnection, differences: readonly string[]): OperationalError =>
  new OperationalError(
    `Expected to join the services at ${brokers.join(', ')}, but they were started with other settings: ${differences.join('; ')}`,
    'RKT1302',
    false,
  );
