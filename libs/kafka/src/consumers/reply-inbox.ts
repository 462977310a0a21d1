import { randomUUID } from 'node:crypto';
import type { KafkaConnection } from '../cluster/connection.ts';
import { deadLetter } from '../dead-letter.ts';
import { isDenied } from '../cluster/denied-rights.ts';
import { OperationalError, PoisonousRecordError } from '../errors.ts';
import { GroupConsumer, type FetchedBatch } from './group-consumer.ts';
import { asError, kafkaErrorType } from '../kafkajs/kafka-error.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { InputRecord } from '../record.ts';
import { backoffMs, sleep } from '../waiting.ts';
import { partitionsOf } from './assigners.ts';

export interface ReplyInboxOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  /** The only partition that is read. */
  readonly partition: number;
  /** Reads all there is before `open` resolves; else reading begins at the end. */
  readonly fromBeginning?: boolean;
  /**
   * Called for every record in order; whoever needs time to read one returns a promise, and the next comes meanwhile.
   * PoisonousRecordError, thrown or rejected, sends the record to the dead letters; anything else is logged.
   */
  readonly onRecord: (record: InputRecord) => void | Promise<void>;
  /** Which records are read at all; the others are another instance's. All by default. */
  readonly isOurs?: (record: InputRecord) => boolean;
  /** Where dead letters go; whoever only looks on writes none, and they are only logged. */
  readonly outbox?: Pick<Outbox, 'send'>;
  readonly sessionTimeoutMs?: number;
  readonly fetchWaitMs?: number;
  /** How long `open` may take; 30 s by default. */
  readonly openTimeoutMs?: number;
}

/**
 * Reads one partition of a topic, for its own instance alone: the answers that arrive from now on, or a small topic that
 * everyone must know whole.
 *
 * Every record that is appended after `open` has resolved is delivered, across rebalances and lost connections, unless
 * the topic's retention deletes it first.
 */
export class ReplyInbox {
  readonly #options: ReplyInboxOptions;
  readonly #groupId: string;
  readonly #consumer: GroupConsumer;
  #nextOffset = 0;
  #openAt = 0;
  #markOpen: () => void = () => undefined;
  #failOpening: (error: Error) => void = () => undefined;

  constructor(options: ReplyInboxOptions) {
    this.#options = options;
    const { connection, topic, partition } = options;
    this.#groupId = `${topic}.${String(partition)}.${randomUUID()}`;
    this.#consumer = new GroupConsumer({
      connection,
      groupId: this.#groupId,
      topics: [topic],
      fromBeginning: false,
      assigner: (onCluster) => partitionsOf(() => [partition], onCluster),
      fetchWaitMs: options.fetchWaitMs ?? 250,
      ...(options.sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs: options.sessionTimeoutMs }),
      events: {
        onBatch: (batch) => {
          this.#take(batch);
        },
        onDenied: (error) => {
          this.#failOpening(error);
        },
        onJoined: () => {
          this.#consumer.seek(topic, partition, this.#nextOffset);
          this.#openWhenRead();
        },
      },
    });
  }

  /**
   * Fixes where reading begins, and resolves once it has begun, or has come to where the log ended then.
   *
   * @returns where the log ended.
   * @throws OperationalError RKT1004 when the topic has no such partition, RKT1010 when a right is missing, RKT1201 when it took too long.
   */
  async open(): Promise<number> {
    const { low, high } = await this.#logRange();
    this.#openAt = high;
    this.#nextOffset = this.#options.fromBeginning === true ? low : high;
    const opened = new Promise<true>((resolve, reject) => {
      this.#failOpening = reject;
      this.#markOpen = () => {
        resolve(true);
      };
    });
    const closed = (error: unknown): never => {
      // Not awaited: what did not form the group may not let it go either.
      void this.close().catch(() => undefined);
      throw error;
    };
    const opening = opened.catch(closed);
    opening.catch(() => undefined);
    await this.#consumer.start();
    const { connection, topic, partition, openTimeoutMs: timeoutMs = 30_000 } = this.#options;
    if ((await Promise.race([opening, sleep(timeoutMs)])) === true) return high;
    return closed(
      new OperationalError(
        `Expected to read partition ${String(partition)} of ${connection.realName(topic)} within ` +
          `${String(timeoutMs)} ms, but the group has not formed`,
        'RKT1201',
        true,
      ),
    );
  }

  /** Stops reading and deletes its group, so that nothing of it stays behind. */
  async close(): Promise<void> {
    await this.#consumer.stop();
    const { connection } = this.#options;
    await connection.admin.deleteGroups([this.#groupId]).catch((error: unknown) => {
      if (isDenied(error)) connection.deniedRights.note(error, 'a group stays behind');
    });
  }

  #take({ records, nextOffset }: FetchedBatch): void {
    for (const record of records) {
      if (record.offset >= this.#nextOffset) this.#deliver(record);
    }
    this.#nextOffset = Math.max(this.#nextOffset, nextOffset);
    this.#openWhenRead();
  }

  #openWhenRead(): void {
    if (this.#nextOffset >= this.#openAt) this.#markOpen();
  }

  #deliver(record: InputRecord): void {
    const { onRecord, isOurs } = this.#options;
    if (isOurs?.(record) === false) return;
    if (record.unreadable !== undefined) {
      this.#notUnderstood(record, new PoisonousRecordError(record.unreadable));
      return;
    }
    try {
      const reading = onRecord(record);
      if (reading instanceof Promise) reading.catch((thrown: unknown) => this.#notUnderstood(record, asError(thrown)));
    } catch (thrown) {
      this.#notUnderstood(record, asError(thrown));
    }
  }

  #notUnderstood(record: InputRecord, error: Error): void {
    const { connection, outbox } = this.#options;
    const { topic, partition, offset } = record;
    const fields = { topic, partition, offset };
    if (!(error instanceof PoisonousRecordError)) {
      connection.log('error', `inbox: a record was not handled: ${error.message}`, fields);
      return;
    }
    connection.log('error', `inbox: a record goes to the dead-letter topic: ${error.message}`, fields);
    outbox?.send(deadLetter(record, error.message)).catch((thrown: unknown) => {
      connection.log('error', `inbox: a dead letter was not written: ${asError(thrown).message}`, fields);
    });
  }

  async #logRange(): Promise<{ readonly low: number; readonly high: number }> {
    const { connection, topic, partition } = this.#options;
    const partitions = await connection.partitionCounts.of(topic);
    const found = (await this.#offsets()).find((each) => each.partition === partition);
    if (found !== undefined) return { low: Number(found.low), high: Number(found.high) };
    throw new OperationalError(
      `Expected to read partition ${String(partition)} of ${connection.realName(topic)}, but it has ${String(partitions)} partitions`,
      'RKT1004',
      false,
    );
  }

  /** Asked again while the leader of a topic that was just made does not know yet that it is: kafkajs gives up at once. */
  async #offsets(): Promise<Awaited<ReturnType<KafkaConnection['admin']['fetchTopicOffsets']>>> {
    const { connection, topic } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await connection.admin.fetchTopicOffsets(topic);
      } catch (error) {
        if (kafkaErrorType(error) !== 'NOT_LEADER_FOR_PARTITION' || attempt >= offsetsAttemptsMax) throw error;
        await sleep(backoffMs(attempt));
      }
    }
  }
}

/** About ten seconds in all. */
const offsetsAttemptsMax = 15;
