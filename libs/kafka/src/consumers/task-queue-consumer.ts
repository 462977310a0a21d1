import { asError } from '../kafkajs/kafka-error.ts';
import { TaskConsumer, type TaskConsumerOptions } from './task-consumer.ts';

/** One topic of a queue, and the group that reads it. */
export interface TaskSource {
  readonly topic: string;
  readonly groupId: string;
}

export interface TaskQueueConsumerOptions extends Omit<TaskConsumerOptions, 'topic' | 'groupId' | 'onRevoked'> {
  /** The most urgent first. One that does not exist yet is looked for again and again: it is made by who first sends to it. */
  readonly sources: readonly TaskSource[];
  /** These partitions of the topic belong to another instance now, and it will be given what was not done. */
  readonly onRevoked?: (topic: string, partitions: readonly number[]) => void;
  /**
   * How often topics that do not exist yet are looked for; 2 s by default. While none of them does, the first looks follow
   * each other faster: a queue is often read just before it is used for the first time.
   */
  readonly discoverMs?: number;
}

/** Between the first two looks for a queue that nobody has used; then half as long again each time. */
const firstDiscoverMs = 50;

/**
 * Reads the topics of one queue: whenever it may hand out a record, it is one of the most urgent topic that has any here.
 *
 * Each topic is read by a group of its own, so that one that comes to exist disturbs none of the others. What is still
 * on its way from the broker is not waited for, and other instances hand out by themselves: the order holds for what
 * is here.
 */
export class TaskQueueConsumer {
  readonly #options: TaskQueueConsumerOptions;
  readonly #consumers = new Map<string, TaskConsumer>();
  #paused = false;
  #discoverTimer: NodeJS.Timeout | undefined;
  #lookCount = 0;
  #stopped = false;

  constructor(options: TaskQueueConsumerOptions) {
    this.#options = options;
  }

  /** How many topics of the queue are read. */
  get topicCount(): number {
    return this.#consumers.size;
  }

  /** The partitions of a topic that this instance has now. */
  partitionsOf(topic: string): readonly number[] {
    return this.#consumers.get(topic)?.partitions ?? [];
  }

  /** Whether no other instance reads a part of the queue, as far as is known. */
  get isAlone(): boolean {
    const { partitionCounts } = this.#options.connection;
    return Array.from(this.#consumers).every(
      ([topic, { partitions }]) => partitions.length === partitionCounts.known(topic),
    );
  }

  /** Records that were handed out and are not done. */
  get underWay(): number {
    let sum = 0;
    for (const consumer of this.#consumers.values()) sum += consumer.underWay;
    return sum;
  }

  /** Resolves once the topics that exist are read, or are tried to. @throws kafkajs's error (rejects) when no broker answers. */
  async start(): Promise<void> {
    await this.#discover();
    this.#discoverLater();
  }

  /** No record is handed out until `resume`; what is under way goes on. */
  pause(): void {
    this.#paused = true;
    for (const consumer of this.#consumers.values()) consumer.pause();
  }

  /** Hands out again, the most urgent first; whoever takes a record may pause before the next. */
  resume(): void {
    this.#paused = false;
    for (const { topic } of this.#options.sources) {
      if (this.#isPaused()) return;
      this.#consumers.get(topic)?.resume();
    }
  }

  /** Hands out nothing more, commits what is done, and leaves the groups. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#discoverTimer);
    await Promise.all(Array.from(this.#consumers.values(), (consumer) => consumer.stop()));
  }

  /** A call, since the compiler does not see that a handler pauses meanwhile. */
  #isPaused(): boolean {
    return this.#paused;
  }

  #discoverLater(): void {
    if (this.#stopped || this.#consumers.size === this.#options.sources.length) return;
    this.#discoverTimer = setTimeout(() => {
      void this.#discover()
        .catch((thrown: unknown) => {
          const { connection } = this.#options;
          connection.log('warn', `tasks: topics could not be looked for: ${asError(thrown).message}`);
        })
        .then(() => {
          this.#discoverLater();
        });
    }, this.#discoverMs());
  }

  #discoverMs(): number {
    const { discoverMs = 2_000 } = this.#options;
    if (this.#consumers.size > 0) return discoverMs;
    return Math.min(discoverMs, firstDiscoverMs * 1.5 ** this.#lookCount++);
  }

  /** All at once: a topic that cannot be read does not hold up the others. */
  async #discover(): Promise<void> {
    const { sources, connection } = this.#options;
    const missing = sources.filter(({ topic }) => !this.#consumers.has(topic));
    const looks = await Promise.allSettled(
      missing.map(async (source) => {
        if (await connection.partitionCounts.exists(source.topic)) await this.#consume(source);
      }),
    );
    for (const look of looks) if (look.status === 'rejected') throw look.reason;
  }

  async #consume({ topic, groupId }: TaskSource): Promise<void> {
    if (this.#stopped) return;
    const { sources: _sources, discoverMs: _discoverMs, onRevoked, ...rest } = this.#options;
    const revoked = (partitions: readonly number[]): void => onRevoked?.(topic, partitions);
    const consumer = new TaskConsumer({ ...rest, topic, groupId, onRevoked: revoked });
    if (this.#paused) consumer.pause();
    this.#consumers.set(topic, consumer);
    await consumer.start();
  }
}
