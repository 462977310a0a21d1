import type { KafkaConnection } from './connection.ts';

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
