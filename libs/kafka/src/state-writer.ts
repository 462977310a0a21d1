import type { Message, Producer } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { OperationalError } from './errors.ts';
import { messageOf, recordBytes } from './outbox-request.ts';
import type { OutputRecord } from './record.ts';
import { transactionRetry } from './retry-options.ts';

export interface StateWriterOptions {
  readonly connection: KafkaConnection;
  /** One stable id per partition: whoever fences it last is the owner. */
  readonly transactionalId: string;
  readonly topic: string;
  readonly partition: number;
  /** A transaction that its owner left open is aborted after this long, if nobody fences it before. */
  readonly transactionTimeoutMs?: number;
  /** The largest batch the topic takes. */
  readonly batchBytesMax?: number;
}

const defaultBatchBytesMax = 4 * 1024 * 1024 - 64 * 1024;
/** Where its grouping could not be replaced, kafkajs copies a partition's list once per record: long lists are cut. */
const batchRecordsMax = 1000;

/**
 * Writes the state of one owned partition, all of a group or nothing.
 *
 * Trap: kafkajs knows no consumer generation in transactions (KIP-447), so ownership is the transactional id's epoch.
 * After any error the writer must be discarded: whether the transaction was committed is unknown, and kafkajs's state
 * machine stands still in the middle of it.
 */
export class StateWriter {
  readonly #options: StateWriterOptions;
  readonly #producer: Producer;
  #discarded = false;

  private constructor(options: StateWriterOptions, producer: Producer) {
    this.#options = options;
    this.#producer = producer;
  }

  /**
   * Takes the partition over: once it resolves, no former owner can write any more, and what a former owner left
   * open is aborted. An empty transaction does it: kafkajs asks for the new epoch only when a transaction begins.
   */
  static async fence(options: StateWriterOptions): Promise<StateWriter> {
    const producer = options.connection.kafka.producer({
      transactionalId: options.transactionalId,
      transactionTimeout: options.transactionTimeoutMs ?? 30_000,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: transactionRetry,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    try {
      await producer.connect();
      const empty = await producer.transaction();
      await empty.abort();
      return new StateWriter(options, producer);
    } catch (error) {
      void producer.disconnect().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Writes the records in one transaction, cut by bytes into as many requests as it takes.
   *
   * @throws OperationalError RKT1006 when a record alone is larger than a batch may be (nothing was written then);
   * kafkajs's error when the transaction failed, or when nobody knows whether it did.
   */
  async write(records: readonly OutputRecord[]): Promise<void> {
    const batches = this.#batchesOf(records);
    if (batches.length === 0) return;
    try {
      await this.#writeBatches(batches);
    } finally {
      // Trap: a request that is under way when a producer is disconnected may connect it again.
      if (this.#discarded) this.discard();
    }
  }

  async #writeBatches(batches: readonly Message[][]): Promise<void> {
    const { topic, partition } = this.#options;
    const transaction = await this.#producer.transaction();
    for (const messages of batches) {
      const results = await transaction.send({ topic, acks: -1, messages });
      // Trap: kafkajs can resolve with records unwritten; see `Acknowledgements`.
      if (!results.some((result) => result.topicName === topic && result.partition === partition)) {
        throw new OperationalError(
          `Expected to write state to ${topic}[${String(partition)}], but the answer does not name it`,
          'RKT1007',
          true,
        );
      }
    }
    await transaction.commit();
  }

  /** Not awaited: it waits for answers that may never come. */
  discard(): void {
    this.#discarded = true;
    void this.#producer.disconnect().catch(() => undefined);
  }

  #batchesOf(records: readonly OutputRecord[]): Message[][] {
    const { topic, partition, batchBytesMax = defaultBatchBytesMax } = this.#options;
    const batches: Message[][] = [];
    let batch: Message[] = [];
    let batchBytes = 0;
    for (const record of records) {
      const bytes = recordBytes(record);
      if (bytes > batchBytesMax) throw tooLarge(topic, record.key, bytes, batchBytesMax);
      if (batch.length === 0 || batchBytes + bytes > batchBytesMax || batch.length >= batchRecordsMax) {
        batch = [];
        batches.push(batch);
        batchBytes = 0;
      }
      batch.push(messageOf(record, partition));
      batchBytes += bytes;
    }
    return batches;
  }
}

const tooLarge = (topic: string, key: string | null, bytes: number, bytesMax: number): OperationalError =>
  new OperationalError(
    `Expected to write the state '${key ?? ''}' to ${topic}, but it takes ${String(bytes)} bytes, and a batch may ` +
      `take ${String(bytesMax)}`,
    'RKT1006',
    false,
  );
