import type { Message } from 'kafkajs';
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
  readonly topic: string;
  readonly partition: number;
  /** A transaction that its owner left open is aborted after this long, if nobody fences it before. */
  readonly transactionTimeoutMs?: number;
}

const transactionTimeoutMsDefault = 30_000;
// Of one request.
const batchBytesMax = 4 * 1024 * 1024;
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
   * Writes the records in one transaction, cut by bytes into as many requests as it takes.
   *
   * @returns the offset behind the last of them; 0 when there are none.
   *
   * @throws OperationalError RKT1006 when a record alone is larger than a batch may be (nothing was written then),
   * RKT1010 when a right is missing, RKT1008 when it takes longer than the coordinator lets a transaction be open; kafkajs's error when the transaction
   * failed, or when nobody knows whether it did.
   */
  async write(records: readonly OutputRecord[]): Promise<number> {
    const batches = this.#batchesOf(records);
    if (batches.length === 0) return 0;
    const writing = naming(askedOf(this.#options), this.#writeBatches(batches));
    return within(
      transactionTimeoutOf(this.#options),
      `a transaction of ${realIdOf(this.#options)} to be committed`,
      writing,
    );
  }

  async #writeBatches(batches: readonly Message[][]): Promise<number> {
    const { connection, topic, partition } = this.#options;
    const transaction = await this.#producer.transaction();
    let end = 0;
    for (const messages of batches) {
      const results = await transaction.send({ topic, acks: -1, messages });
      // Trap: kafkajs can resolve with records unwritten; see `Acknowledgements`.
      const written = results.find((result) => result.topicName === topic && result.partition === partition);
      if (written === undefined) {
        throw new OperationalError(
          `Expected to write state to ${connection.realName(topic)}[${String(partition)}], but the answer does not name it`,
          'RKT1007',
          true,
        );
      }
      end = Number(written.baseOffset) + messages.length;
    }
    await transaction.commit();
    return end;
  }

  /** Whatever it is about to write fails, and nothing of it can be written any more. */
  discard(): void {
    this.#client.cut();
  }

  #batchesOf(records: readonly OutputRecord[]): Message[][] {
    const { connection, topic, partition } = this.#options;
    const batches: Message[][] = [];
    let batch: Message[] = [];
    let batchBytes = 0;
    for (const record of records) {
      const bytes = recordBytes(record);
      if (bytes > recordBytesMax) throw tooLarge(connection.realName(topic), record.key, bytes);
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

const realIdOf = ({ connection, transactionalId }: StateWriterOptions): string => connection.realName(transactionalId);

const askedOf = (options: StateWriterOptions): AskedRights => ({
  topic: { operation: 'Write', name: options.connection.realName(options.topic) },
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
