import { randomUUID } from 'node:crypto';
import { coPartitionAssigner } from '../consumers/assigners.ts';
import type { KafkaConnection } from '../cluster/connection.ts';
import { GroupConsumer, type FetchedBatch } from '../consumers/group-consumer.ts';
import type { InputRecord } from '../record.ts';

/** Everything that is committed in a topic now, in order per partition. */
export async function readTopic(connection: KafkaConnection, topic: string): Promise<InputRecord[]> {
  const records: InputRecord[] = [];
  const positions = new Map<number, number>();
  let taken: () => void = () => undefined;
  const consumer = new GroupConsumer({
    connection,
    groupId: `read-${randomUUID()}`,
    topics: [topic],
    fromBeginning: true,
    fetchWaitMs: 50,
    assigner: (onCluster) => coPartitionAssigner({ onCluster, said: () => ({ held: new Map() }) }),
    events: {
      onJoined: () => {
        taken();
      },
      onBatch: (batch: FetchedBatch) => {
        records.push(...batch.records);
        positions.set(batch.partition, batch.nextOffset);
        taken();
      },
    },
  });
  const joined = new Promise<void>((resolve) => (taken = resolve));
  await consumer.start();
  await joined;
  const ends = await endsOf(consumer, topic, await connection.partitionCounts.of(topic));
  while (ends.some(({ partition, end }) => end > (positions.get(partition) ?? 0))) {
    await new Promise<void>((resolve) => (taken = resolve));
  }
  await consumer.stop();
  return records;
}

/** Where each partition that is not empty ends; an empty one may well begin behind zero. */
async function endsOf(
  consumer: GroupConsumer,
  topic: string,
  count: number,
): Promise<{ partition: number; end: number }[]> {
  const partitions = Array.from({ length: count }, (_, partition) => partition);
  const ranges = await Promise.all(partitions.map((partition) => consumer.logRange(topic, partition)));
  return ranges.flatMap(({ start, end }, partition) => (end > start ? [{ partition, end }] : []));
}
