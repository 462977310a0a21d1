import type { Message, RecordMetadata } from 'kafkajs';
import type { KafkaClient, KafkaConnection } from '../cluster/connection.ts';
import { asDenied, naming, type AskedRights } from '../cluster/denied-rights.ts';
import { OperationalError } from '../errors.ts';
import { messageOf } from './outbox-request.ts';
import { recordBytes, recordBytesMax, type OutputRecord } from '../record.ts';
import type { Producer } from '../cluster/prefixed.ts';
import { transactionRetry } from '../kafkajs/retry-options.ts';
import { within } from '../waiting.ts';

export interface StateWriterOptions {
  readonly connection: KafkaConnection;
  /** One stable id per partition: whoever fences it last is the owner. */
  readonly transactionalId: string;
  readonly topics: readonly string[];
  readonly partition: number;
  /** A transaction that its owner left open is aborted after this long, if nobody fences it before. */
  readonly transactionTimeoutMs?: number;
}

const transactionTimeoutMsDefault = 30_000;
// Of one request.
const batchBytesMax = 4 * 1024 * 1024;
const batchRecordsMax = 1000;

/** What one request writes, by topic. */
type Batch = Map<string, Message[]>;

/**
 * Writes the state of one owned partition, all of a group or nothing.
 *
 * Trap: kafkajs knows no consumer generation in transactions (KIP-447), so ownership is the transactional id's epoch.
 * After any error the writer must be discarded: whether the transaction was committed is unknown, and kafkajs's state
 * machine stands still in the middle of it.
 */
export class StateWriter {
  readonly #options: StateWriterOptions;
  readonly #client: KafkaClient;
  readonly #producer: Producer;

  private constructor(options: StateWriterOptions, client: KafkaClient, producer: Producer) {
    this.#options = options;
    this.#client = client;
    this.#producer = producer;
  }

  /**
   * Takes the partition over: once it resolves, no former owner can write any more, and what a former owner left
   * open is aborted. An empty transaction does it: kafkajs asks for the new epoch only when a transaction begins.
   *
   * @param lost aborts when the partition is someone else's: a fence that is still under way must not fence the next owner.
   * @throws OperationalError RKT1010 (rejects) when a right is missing, RKT1008 when it takes too long; kafkajs's error.
   */
  static async fence(options: StateWriterOptions, lost?: AbortSignal): Promise<StateWriter> {
    const client = options.connection.createClient();
    lost?.addEventListener('abort', () => {
      client.cut();
    });
    const producer = client.producer({
      transactionalId: options.transactionalId,
      transactionTimeout: transactionTimeoutOf(options),
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: transactionRetry,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    const fencing = async (): Promise<void> => {
      await producer.connect();
      const empty = await producer.transaction();
      await empty.abort();
    };
    try {
      await within(transactionTimeoutOf(options), `${realIdOf(options)} to fence its partition`, fencing());
      return new StateWriter(options, client, producer);
    } catch (error) {
      client.cut();
      throw asDenied(error, askedOf(options));
    }
  }

  /**
   * Writes the records in one transaction, each into the topic that it names, cut by bytes into as many requests as it takes.
   *
   * @returns of each topic the offset behind the last of them.
   *
   * @throws OperationalError RKT1006 when a record alone is larger than a batch may be (nothing was written then),
   * RKT1010 when a right is missing, RKT1008 when it takes longer than the coordinator lets a transaction be open; kafkajs's error when the transaction
   * failed, or when nobody knows whether it did.
   */
  async write(records: readonly OutputRecord[]): Promise<ReadonlyMap<string, number>> {
    const batches = this.#batchesOf(records);
    if (batches.length === 0) return new Map();
    const writing = naming(askedOf(this.#options), this.#writeBatches(batches));
    return within(
      transactionTimeoutOf(this.#options),
      `a transaction of ${realIdOf(this.#options)} to be committed`,
      writing,
    );
  }

  async #writeBatches(batches: readonly Batch[]): Promise<ReadonlyMap<string, number>> {
    const transaction = await this.#producer.transaction();
    const ends = new Map<string, number>();
    for (const batch of batches) {
      const topicMessages = Array.from(batch, ([topic, messages]) => ({ topic, messages }));
      const results = await transaction.sendBatch({ acks: -1, topicMessages });
      for (const { topic, messages } of topicMessages)
        ends.set(topic, this.#baseOffset(results, topic) + messages.length);
    }
    await transaction.commit();
    return ends;
  }

  #baseOffset(results: readonly RecordMetadata[], topic: string): number {
    const { connection, partition } = this.#options;
    // Trap: kafkajs can resolve with records unwritten; see `Acknowledgements`.
    const written = results.find((result) => result.topicName === topic && result.partition === partition);
    if (written !== undefined) return Number(written.baseOffset);
    throw new OperationalError(
      `Expected to write state to ${connection.realName(topic)}[${String(partition)}], but the answer does not name it`,
      'RKT1007',
      true,
    );
  }

  /** Whatever it is about to write fails, and nothing of it can be written any more. */
  discard(): void {
    this.#client.cut();
  }

  #batchesOf(records: readonly OutputRecord[]): Batch[] {
    const { connection, partition } = this.#options;
    const batches: Batch[] = [];
    let batch: Batch = new Map();
    let [count, batchBytes] = [0, 0];
    for (const record of records) {
      const { topic } = record;
      const bytes = recordBytes(record);
      if (bytes > recordBytesMax) throw tooLarge(connection.realName(topic), record.key, bytes);
      if (count === 0 || batchBytes + bytes > batchBytesMax || count >= batchRecordsMax) {
        batch = new Map<string, Message[]>();
        batches.push(batch);
        [count, batchBytes] = [0, 0];
      }
      const messages = batch.get(topic);
      if (messages === undefined) batch.set(topic, [messageOf(record, partition)]);
      else messages.push(messageOf(record, partition));
      count++;
      batchBytes += bytes;
    }
    return batches;
  }
}

const realIdOf = ({ connection, transactionalId }: StateWriterOptions): string => connection.realName(transactionalId);

const askedOf = (options: StateWriterOptions): AskedRights => ({
  topic: { operation: 'Write', name: options.topics.map((topic) => options.connection.realName(topic)) },
  transactionalId: { operation: 'Write', name: realIdOf(options) },
});

const transactionTimeoutOf = ({ transactionTimeoutMs }: StateWriterOptions): number =>
  transactionTimeoutMs ?? transactionTimeoutMsDefault;

const tooLarge = (topic: string, key: string | null, bytes: number): OperationalError =>
  new OperationalError(
    `Expected to write the state '${key ?? ''}' to ${topic}, but it takes ${String(bytes)} bytes, and a record may ` +
      `take ${String(recordBytesMax)}`,
    'RKT1006',
    false,
  );
