import { taskTopic } from '@ratchet/domain';
import { TaskQueueConsumer, type Log, type Outbox } from '@ratchet/kafka';
import {
  TaskReader,
  taskSources,
  type Cluster,
  type DeadlineClock,
  type ReadTask,
  type RequestChannel,
} from '@ratchet/protocol';
import type { GrantedTask, TaskRequest } from '../front-door/index.ts';
import { QueueDoor, type TaskSupply } from './queue-door.ts';

export interface QueueReaderParts {
  readonly cluster: Cluster;
  readonly channel: RequestChannel;
  readonly outbox: Outbox;
  readonly clock: DeadlineClock;
  readonly log: Log;
  readonly sessionTimeoutMs: number;
}

/**
 * Reads the topic of one task queue as a member of the group of its workers: those that poll here and those that read
 * Kafka share the queue.
 */
export class QueueReader implements TaskSupply {
  readonly #parts: QueueReaderParts;
  readonly #topic: string;
  readonly #reader: TaskReader;
  readonly #consumer: TaskQueueConsumer;
  readonly #door: QueueDoor;
  #starting: Promise<void> | undefined;

  constructor(namespace: string, taskQueue: string, parts: QueueReaderParts) {
    const { cluster, channel, outbox, clock, log, sessionTimeoutMs } = parts;
    this.#parts = parts;
    this.#topic = taskTopic(namespace, taskQueue);
    this.#reader = new TaskReader({
      codec: cluster.codec,
      outbox,
      log,
      partitionCount: (topic) => this.#partitionCount(topic),
      ownPartitions: (topic) => this.#consumer.partitionsOf(topic),
      onTask: (read) => {
        this.#door.offer(read);
      },
    });
    this.#consumer = new TaskQueueConsumer({
      connection: cluster.connection,
      sources: taskSources(namespace, taskQueue),
      outbox,
      sessionTimeoutMs,
      onRecord: (record, done) => {
        this.#reader.read(record, done);
      },
      onRevoked: (topic, partitions) => {
        this.#door.forget(topic, partitions);
      },
    });
    this.#door = new QueueDoor({ channel, clock, log, connection: cluster.connection, source: this });
  }

  get idleSince(): number {
    return this.#door.idleSince;
  }

  /**
   * Resolves once the queue is read, or, where nobody has used it yet, is looked for: a poll makes no topic.
   * @throws (rejects) when no broker answers: the next poll tries again.
   */
  start(): Promise<void> {
    return (this.#starting ??= this.#consumer.start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    }));
  }

  poll(request: TaskRequest, signal: AbortSignal): Promise<GrantedTask | undefined> {
    return this.#door.poll(request, signal);
  }

  endPolls(workerInstanceKey: string): void {
    this.#door.endPolls(workerInstanceKey);
  }

  async stop(): Promise<void> {
    this.#door.close();
    this.#reader.stop();
    await this.#starting?.catch(() => undefined);
    await this.#consumer.stop();
  }

  pause(): void {
    this.#consumer.pause();
  }

  resume(): void {
    this.#consumer.resume();
  }

  passOn(read: ReadTask): boolean {
    return this.#reader.passOn(read);
  }

  get isAlone(): boolean {
    return this.#consumer.isAlone;
  }

  share(): number {
    const all = this.#partitionCount(this.#topic);
    return all === 0 ? 1 : this.#consumer.partitionsOf(this.#topic).length / all;
  }

  #partitionCount(topic: string): number {
    return this.#parts.cluster.connection.partitionCounts.known(topic) ?? 0;
  }
}
