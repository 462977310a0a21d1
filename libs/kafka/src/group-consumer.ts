import type { Batch, Cluster, Consumer, PartitionAssigner } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { asError } from './kafka-error.ts';
import type { InputRecord } from './record.ts';
import { backoffMs, consumerRetry } from './retry-options.ts';
import { sleep } from './sleep.ts';
import { toInputRecord } from './to-input-record.ts';

/** What was fetched of one partition. */
export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly InputRecord[];
  /** Where the fetch began; of a batch without records, where what was filtered out begins. */
  readonly fetchedOffset: number;
  /** Where the next one will begin: behind control and aborted records too. */
  readonly nextOffset: number;
  /** The end of the log as the broker told it with this fetch. */
  readonly highWatermark: number;
}

/** Topic to partition numbers. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

export interface GroupConsumerEvents {
  /** Must only take note: the next fetch waits until all handlers of this one have returned. */
  onBatch(batch: FetchedBatch): void;
  /**
   * The group has a new generation. Called before anything is fetched under it; every position is forgotten by then, so
   * whoever does not rely on the group's offsets must `seek` here.
   *
   * @param member changes when this instance was expelled meanwhile and has come as a new one.
   */
  onJoined(assignment: Assignment, member: string): void;
  /** The group says that this instance is still a member of its generation. */
  onHeartbeat?(): void;
  /** The generation has ended; the old one still takes commits for a moment. */
  onRebalancing?(): void;
}

export interface GroupConsumerOptions {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a partition without a committed offset begins. */
  readonly fromBeginning: boolean;
  readonly assigner: (onCluster: (cluster: Cluster) => void) => PartitionAssigner;
  readonly events: GroupConsumerEvents;
  readonly sessionTimeoutMs?: number;
  /** How long a fetch waits at the broker for something to come; also how long a resumed partition may wait. */
  readonly fetchWaitMs?: number;
  readonly fetchBytesMax?: number;
}

export const defaultSessionTimeoutMs = 10_000;

/**
 * A member of a consumer group that does not give up.
 *
 * Trap: kafkajs restarts its consumer after errors it calls retriable, and leaves it dead after all others. This one is
 * made anew then. Offsets are never committed by themselves.
 */
export class GroupConsumer {
  readonly #options: GroupConsumerOptions;
  readonly #sessionTimeoutMs: number;
  #consumer: Consumer | undefined;
  #cluster: Cluster | undefined;
  #starting: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #joined = false;

  constructor(options: GroupConsumerOptions) {
    this.#options = options;
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? defaultSessionTimeoutMs;
  }

  /** Resolves once it has joined for the first time, or goes on trying to. */
  async start(): Promise<void> {
    await this.#run();
  }

  /** Leaves the group after the fetch in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const consumer = this.#consumer;
    this.#consumer = undefined;
    // Trap: kafkajs takes no notice of a stop before it has joined, and then runs on for ever.
    await Promise.race([this.#starting, sleep(this.#sessionTimeoutMs)]);
    await consumer?.disconnect();
  }

  /** The consumer's own view of the cluster, which reads only what is committed. */
  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('Expected to have a cluster, but the consumer was not started');
    return this.#cluster;
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#whileJoined((consumer) => {
      consumer.seek({ topic, partition, offset: String(offset) });
    });
  }

  pause(topic: string, partition: number): void {
    this.#whileJoined((consumer) => {
      consumer.pause([{ topic, partitions: [partition] }]);
    });
  }

  resume(topic: string, partition: number): void {
    this.#whileJoined((consumer) => {
      consumer.resume([{ topic, partitions: [partition] }]);
    });
  }

  /** Commits under the present generation. */
  async commit(
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
  ): Promise<void> {
    const consumer = this.#consumer;
    if (consumer === undefined || !this.#joined || offsets.length === 0) return;
    await consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset: String(offset) })),
    );
  }

  /** After a crash kafkajs has no group for a moment; what was asked for then is asked again at the next join. */
  #whileJoined(act: (consumer: Consumer) => void): void {
    if (this.#consumer !== undefined && this.#joined) act(this.#consumer);
  }

  #isStopped(): boolean {
    return this.#stopped;
  }

  async #run(): Promise<void> {
    const { connection, groupId, topics, fromBeginning, assigner } = this.#options;
    const consumer = connection.kafka.consumer({
      groupId,
      partitionAssigners: [assigner((cluster) => (this.#cluster = cluster))],
      allowAutoTopicCreation: false,
      sessionTimeout: this.#sessionTimeoutMs,
      rebalanceTimeout: Math.max(this.#sessionTimeoutMs, 10_000),
      heartbeatInterval: Math.min(1000, this.#sessionTimeoutMs / 4),
      minBytes: 1,
      maxWaitTimeInMs: this.#options.fetchWaitMs ?? 100,
      maxBytesPerPartition: 256 * 1024,
      maxBytes: this.#options.fetchBytesMax ?? 8 * 1024 * 1024,
      retry: { ...consumerRetry, restartOnFailure: () => Promise.resolve(!this.#stopped) },
    });
    this.#consumer = consumer;
    this.#listen(consumer);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning });
      // Stopped meanwhile: kafkajs would connect again to run.
      if (this.#consumer !== consumer) return;
      const consuming = this.#consume(consumer);
      this.#starting = consuming.catch(() => undefined);
      await consuming;
    } catch (error) {
      void consumer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  #consume(consumer: Consumer): Promise<void> {
    return consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: ({ batch }) => {
        if (!this.#stopped) this.#options.events.onBatch(fetchedBatch(batch));
        return Promise.resolve();
      },
    });
  }

  #listen(consumer: Consumer): void {
    const { events } = this.#options;
    const current = (): boolean => this.#consumer === consumer && !this.#stopped;
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (!current()) {
        // Joined after all, although it was stopped; at this moment it could not be stopped either.
        setImmediate(() => void consumer.disconnect().catch(() => undefined));
        return;
      }
      this.#joined = true;
      events.onJoined(new Map(Object.entries(payload.memberAssignment)), payload.memberId);
    });
    consumer.on(consumer.events.HEARTBEAT, () => {
      if (current()) events.onHeartbeat?.();
    });
    consumer.on(consumer.events.REBALANCING, () => {
      if (current()) events.onRebalancing?.();
    });
    // Trap: a batch of only aborted or control records never reaches `eachBatch`; this event alone tells of it.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (current() && payload.batchSize === 0) events.onBatch(filteredBatch(payload));
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!current()) return;
      this.#joined = false;
      if (!payload.restart) void this.#runAgain(consumer, payload.error);
    });
  }

  async #runAgain(dead: Consumer, error: Error): Promise<void> {
    const { connection, groupId } = this.#options;
    connection.log('error', `consumer of group ${groupId} has crashed and is made anew: ${error.message}`, { groupId });
    this.#consumer = undefined;
    void dead.disconnect().catch(() => undefined);
    for (let attempt = 0; !this.#stopped; attempt++) {
      await sleep(backoffMs(attempt + 3));
      try {
        if (!this.#isStopped()) await this.#run();
        return;
      } catch (caught) {
        connection.log('warn', `consumer of group ${groupId} cannot start: ${asError(caught).message}`, { groupId });
      }
    }
  }
}

function fetchedBatch(batch: Batch): FetchedBatch {
  const { topic, partition, messages } = batch;
  const records = new Array<InputRecord>(messages.length);
  for (const [index, message] of messages.entries()) records[index] = toInputRecord(topic, partition, message);
  return {
    topic,
    partition,
    records,
    fetchedOffset: fetchedOffsetOf(batch),
    nextOffset: Number(batch.lastOffset()) + 1,
    highWatermark: Number(batch.highWatermark),
  };
}

/** kafkajs's batch knows where its fetch began, and does not say so in its types. */
const fetchedOffsetOf = (batch: Batch): number =>
  'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number(batch.firstOffset());

function filteredBatch(payload: {
  readonly topic: string;
  readonly partition: number;
  readonly highWatermark: string;
  readonly firstOffset: string | null;
  readonly lastOffset: string;
}): FetchedBatch {
  const { topic, partition, firstOffset, lastOffset } = payload;
  return {
    topic,
    partition,
    records: [],
    // Compaction can have taken all that the fetch asked for; there is no first offset then.
    fetchedOffset: Number(firstOffset ?? lastOffset),
    nextOffset: Number(lastOffset) + 1,
    highWatermark: Number(payload.highWatermark),
  };
}
