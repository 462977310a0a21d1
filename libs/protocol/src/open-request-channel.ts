import { randomInt, randomUUID } from 'node:crypto';
import type { Reply } from '@ratchet/domain';
import { ReplyInbox } from '@ratchet/kafka';
import { topics, type RecordName } from '@ratchet/schemas';
import type { Cluster } from './connect-cluster.ts';
import { readable } from './readable.ts';
import { RequestChannel } from './request-channel.ts';
import type { RequestMetrics } from './request-metrics.ts';

export interface OpenRequestChannelOptions {
  /** How long to wait for an answer, in milliseconds; 30 s by default. */
  readonly requestTimeoutMs?: number;
  /** Absent: nothing is counted. */
  readonly metrics?: RequestMetrics | undefined;
}

/** A channel that hears: its inbox is read. */
export interface OpenRequestChannel {
  readonly channel: RequestChannel;
  /** Sends what is left, fails whoever still waits, and stops reading. */
  readonly close: () => Promise<void>;
}

const requestTimeoutMsDefault = 30_000;

/** What a channel writes and reads: `ClusterOptions.records` of who needs nothing else. */
export const requestRecords: readonly RecordName[] = ['ActivityCommand', 'ActivityQuery', 'Reply'];

/**
 * Gives this instance an address of its own in `ratchet.replies`, and a channel that sends from there.
 *
 * Instances share the partitions of that topic, so each skips, by their keys, the records of the others.
 */
export async function openRequestChannel(
  cluster: Cluster,
  { requestTimeoutMs = requestTimeoutMsDefault, metrics }: OpenRequestChannelOptions = {},
): Promise<OpenRequestChannel> {
  const { connection, codec, partitions } = cluster;
  const replyPartitions = await connection.partitionCounts.of(topics.replies);
  const replyTo = { partition: randomInt(replyPartitions), address: randomUUID() };
  const outbox = cluster.createOutbox();
  const prefixLength = connection.prefix.length;
  const channel = new RequestChannel({
    outbox,
    codec,
    partitions,
    prefixLength,
    replyTo,
    tracing: connection.tracing,
    metrics,
    requestTimeoutMs,
  });
  const ownAddresses = `${replyTo.address}/`;
  const inbox = new ReplyInbox({
    connection,
    topic: topics.replies,
    partition: replyTo.partition,
    outbox,
    isOurs: ({ key }) => key === replyTo.address || key?.startsWith(ownAddresses) === true,
    onRecord: ({ value }) => {
      const reply: Reply | Promise<Reply> = readable((bytes) => codec.decodeReply(bytes), value);
      if (!(reply instanceof Promise)) {
        channel.receive(reply);
        return;
      }
      return reply.then((decoded) => {
        channel.receive(decoded);
      });
    },
  });
  try {
    await inbox.open();
  } catch (error) {
    await outbox.close(0);
    throw error;
  }
  return {
    channel,
    close: async () => {
      channel.close();
      await outbox.close();
      await inbox.close();
    },
  };
}
