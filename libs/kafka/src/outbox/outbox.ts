import type { KafkaConnection } from '../cluster/connection.ts';
import { deadLetterOfEffect, deadLetterTopic, isDeadLetter } from '../dead-letter.ts';
import type { OutboxMetrics } from '../metrics.ts';
import { OutboxLane, type LaneOptions } from './outbox-lane.ts';
import { recordBytesMax, type SentRecord, type OutputRecord } from '../record.ts';
import type { RequestBounds } from './outbox-request.ts';
import { sleep } from '../waiting.ts';

export interface OutboxOptions {
  readonly connection: KafkaConnection;
  /**
   * The topics that are there for good. Every other topic may come and go, and one that is gone fails a whole request
   * and its producer: those go through a producer of their own.
   */
  readonly steadyTopics: Iterable<string>;
  /** Makes a topic that is missing, and resolves once every broker knows it. */
  readonly ensureTopic?: (topic: string) => Promise<void>;
  /**
   * Called with a record that no broker will ever take. What it returns is sent instead; by default a dead letter to
   * `<topic>.dlq`. Not called for records of `send`: whoever waits is told.
   */
  readonly replaceUnsendable?: (record: OutputRecord, error: Error) => OutputRecord | undefined;
  readonly bounds?: Partial<RequestBounds>;
  readonly metrics?: OutboxMetrics;
}

const MiB = 1024 * 1024;

const defaultBounds: RequestBounds = {
  recordBytesMax,
  batchBytesMax: 4 * MiB,
  batchRecordsMax: 1000,
  requestBytesMax: 16 * MiB,
  requestRecordsMax: 5000,
};

/**
 * Sends records in batches, each as soon as the one before it is acknowledged.
 *
 * Promises: the records of one partition are written in the order they were added; what was added is written at least
 * once, however long the brokers are away, or do not let this user write it (a record may be written twice when an answer was
 * lost); a record that can never be written goes to a dead-letter topic and holds up nothing else.
 */
export class Outbox {
  readonly #steadyTopics: Set<string>;
  readonly #steady: OutboxLane;
  readonly #volatile: OutboxLane;

  constructor(options: OutboxOptions) {
    const { connection, metrics = {}, ensureTopic, replaceUnsendable = toDeadLetterTopic } = options;
    this.#steadyTopics = new Set(options.steadyTopics);
    const lane: Omit<LaneOptions, 'name'> = {
      connection,
      metrics,
      bounds: { ...defaultBounds, ...options.bounds },
      replaceUnsendable,
      ...(ensureTopic === undefined ? {} : { ensureTopic }),
    };
    this.#steady = new OutboxLane({ ...lane, name: 'steady' });
    this.#volatile = new OutboxLane({ ...lane, name: 'volatile' });
  }

  /** Sends and forgets; see the promises of the class. */
  add(record: OutputRecord): void {
    this.#laneOf(record).add(record);
  }

  /** As `add`, for several. @param sent told where the last of them came to stand, once it does. */
  addAll(records: readonly OutputRecord[], sent: ((last: SentRecord) => void) | undefined): void {
    records.forEach((record, index) => {
      const isLast = index === records.length - 1;
      this.#laneOf(record).add(record, isLast && sent !== undefined ? { resolve: sent } : undefined);
    });
  }

  /**
   * Sends, and tells where the record came to stand.
   *
   * @throws OperationalError (rejects): RKT1006 when the record is larger than a batch may be, RKT1004 when the topic
   * or partition does not exist, RKT1010 when this user may not write there, RKT1201 when the outbox was closed meanwhile.
   */
  send(record: OutputRecord): Promise<SentRecord> {
    return new Promise((resolve, reject) => {
      this.#laneOf(record).add(record, { resolve, reject });
    });
  }

  /** Resolves once everything added so far is acknowledged. It waits as long as the brokers are away. */
  async settled(): Promise<void> {
    await Promise.all([this.#steady.settled(), this.#volatile.settled()]);
  }

  /** Bytes that were added and are not yet acknowledged: for back-pressure. */
  get pendingBytes(): number {
    return this.#steady.pendingBytes + this.#volatile.pendingBytes;
  }

  /** Waits until everything is acknowledged, but no longer than `timeoutMs`; then gives up what is left. */
  async close(timeoutMs = 10_000): Promise<void> {
    await Promise.race([this.settled().catch(() => undefined), sleep(timeoutMs)]);
    await Promise.all([this.#steady.close(), this.#volatile.close()]);
  }

  #laneOf({ topic }: OutputRecord): OutboxLane {
    return this.#steadyTopics.has(topic) ? this.#steady : this.#volatile;
  }
}

function toDeadLetterTopic(record: OutputRecord, error: Error): OutputRecord | undefined {
  // A dead letter that cannot be sent has no further place to go.
  if (isDeadLetter(record)) return undefined;
  return deadLetterOfEffect(record, error.message, deadLetterTopic(record.topic));
}
