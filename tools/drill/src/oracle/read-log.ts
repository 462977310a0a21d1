import { readTopic } from '@ratchet/kafka/testing';
import type { Cluster } from '@ratchet/protocol';
import { topics, topicSpecs, UnreadableRecordError } from '@ratchet/schemas';
import type { DeadLetter, LogFacts } from './facts.ts';
import { factsOf, type Read } from './facts-of.ts';

/**
 * Reads all topics to their ends, as far as they are committed, and tells what they say of activities.
 *
 * @param taskTopics of the queues that were used: their dead letters count, too.
 */
export async function readLog(cluster: Cluster, taskTopics: readonly string[]): Promise<LogFacts> {
  const { codec } = cluster;
  const commands = await readAll(cluster, topics.commands, codec.decodeCommand);
  const queries = await readAll(cluster, topics.queries, codec.decodeQuery);
  const replies = await readAll(cluster, topics.replies, codec.decodeReply);
  const open = await readAll(cluster, topics.executions, codec.decodeState);
  const closed = await readAll(cluster, topics.outcomes, codec.decodeState);

  return {
    facts: factsOf({ commands, queries, replies, states: [...open, ...closed] }, ({ activityId }) => activityId),
    deadLetters: await readDeadLetters(cluster, taskTopics),
  };
}

/** What cannot be read is in a dead-letter topic, or it is no record of this drill. */
async function readAll<T>(
  { connection }: Cluster,
  topic: string,
  decode: (bytes: Buffer) => T | Promise<T>,
): Promise<readonly Read<T>[]> {
  const records = await readTopic(connection, topic);
  const read: Read<T>[] = [];
  for (const record of records) {
    if (record.value === null) continue;
    try {
      read.push({ record, value: await decode(record.value) });
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
    }
  }
  return read;
}

/** Of every topic that there is from the start, and of the task queues. */
async function readDeadLetters({ connection }: Cluster, taskTopics: readonly string[]): Promise<readonly DeadLetter[]> {
  const steady = topicSpecs({ replication: 'development' }).map(({ name }) => name);
  const names = [...steady.filter((name) => name.endsWith('.dlq')), ...taskTopics.map((name) => `${name}.dlq`)];
  const letters: DeadLetter[] = [];
  for (const topic of names) {
    for (const { key, headers } of await readTopic(connection, topic)) {
      letters.push({ topic, key: key ?? '', reason: String(headers['ratchet-dlq-reason'] ?? 'without a reason') });
    }
  }
  return letters;
}
