import type { KafkaConnection } from './connection.ts';
import { isDenied } from './denied-rights.ts';
import { kafkaErrorType } from '../kafkajs/kafka-error.ts';
import type { Admin } from './prefixed.ts';
import { clientRetry } from '../kafkajs/retry-options.ts';
import { within } from '../waiting.ts';

/** Topics that are used together, and the groups that read them. */
export interface TopicsInUse {
  readonly topics: readonly string[];
  readonly groupIds: readonly string[];
}

const lookMsMax = 30_000;

/** A topic that is just being made, or deleted, by someone else. */
const comesOrGoes = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE']);

/**
 * Where the logs of topics end that hold no record and that no group reads; `undefined` where one holds a record or is read,
 * comes or goes.
 *
 * The same ends at two looks say that nothing was written in between: what was deleted by its retention leaves the end.
 *
 * @throws kafkajs's error (rejects) when no broker answers.
 */
export async function endsOfUnused(
  connection: KafkaConnection,
  { topics, groupIds }: TopicsInUse,
): Promise<string | undefined> {
  return withAdmin(connection, async (admin) => {
    const ends: string[] = [];
    for (const topic of topics) {
      for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
        if (low !== high) return undefined;
        ends.push(`${topic}[${String(partition)}]=${high}`);
      }
    }
    const { groups } = await admin.describeGroups([...groupIds]);
    return groups.some(({ members }) => members.length > 0) ? undefined : ends.join();
  }).catch((error: unknown) => {
    if (comesOrGoes.has(kafkaErrorType(error) ?? '')) return undefined;
    throw error;
  });
}

/**
 * Deletes topics, and the groups that have read them. Groups that someone has joined meanwhile, or that were none, are left.
 *
 * @throws kafkajs's error (rejects) when the topics cannot be deleted.
 */
export async function removeTopics(connection: KafkaConnection, { topics, groupIds }: TopicsInUse): Promise<void> {
  await withAdmin(connection, async (admin) => {
    await admin.deleteTopics({ topics: [...topics] });
    for (const topic of topics) connection.partitionCounts.forget(topic);
    // The brokers forget the offsets of a topic with the topic; an empty group would only be seen in lists.
    await admin.deleteGroups([...groupIds]).catch((error: unknown) => {
      if (isDenied(error)) connection.deniedRights.note(error, 'groups of a deleted queue stay behind');
    });
  });
}

/**
 * Trap: whoever asks kafkajs for the offsets of a topic asks for that topic's metadata ever after, and fails altogether once
 * it is gone. So this is asked by a client of its own.
 */
async function withAdmin<T>(connection: KafkaConnection, work: (admin: Admin) => Promise<T>): Promise<T> {
  const client = connection.createClient();
  try {
    return await within(lookMsMax, 'the brokers to answer', work(client.admin(clientRetry)));
  } finally {
    client.cut();
  }
}
