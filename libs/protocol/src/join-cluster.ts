import { compareSettings, type SharedSettings } from '@ratchet/domain';
import { agreeOnRecord, ensureTopics, OperationalError, type KafkaConnection } from '@ratchet/kafka';
import {
  partitionsDefault,
  topics,
  topicSpecs,
  UnreadableRecordError,
  type Codec,
  type Replication,
} from '@ratchet/schemas';
import { tokenKeyFingerprint, type TokenKey } from './task-token.ts';

export interface JoinClusterOptions {
  readonly partitions?: number;
  readonly replication?: Replication;
  readonly tokenKeys?: readonly TokenKey[];
}

const settingsKey = 'settings';

/**
 * Has the topics, and compares the settings of this service with those that the services before it have recorded in
 * `ratchet.cluster` (ADR 14). The first one records its own.
 *
 * @throws OperationalError RKT1302 (rejects) when they differ, RKT1003 when a topic does.
 */
export async function joinCluster(
  connection: KafkaConnection,
  codec: Codec,
  { replication = 'development', partitions = partitionsDefault(replication), tokenKeys = [] }: JoinClusterOptions,
): Promise<Replication> {
  const specs = topicSpecs({ replication, partitions });
  const own: SharedSettings = {
    environment: replication,
    partitions,
    tokenKeys: await Promise.all(tokenKeys.map(tokenKeyFingerprint)),
  };
  const topic = topics.cluster;
  if (!(await connection.partitionCounts.exists(topic))) await ensureTopics(connection, specs);
  await agreeOnRecord({ connection, topic, key: settingsKey }, async (current) => {
    const recorded = current === null ? undefined : await decoded(connection, codec, current);
    const comparison = compareSettings(recorded, own);
    if ('differences' in comparison) throw otherSettings(connection, comparison.differences);
    // Before anything is recorded: what the topics say holds, too.
    await ensureTopics(connection, specs);
    return comparison.recorded === recorded ? undefined : codec.encodeSharedSettings(comparison.recorded);
  });
  return replication;
}

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
