import { randomUUID } from 'node:crypto';
import { partitionsOf } from '../consumers/assigners.ts';
import { GroupConsumer, type FetchedBatch } from '../consumers/group-consumer.ts';
import { PoisonousRecordError } from '../errors.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { InputRecord } from '../record.ts';
import type { PartitionContext, PartitionLogic } from './partition-logic.ts';
import type { PartitionProcessorOptions, ProcessorTuning } from './processor-options.ts';
import { turnOfEventLoop } from '../waiting.ts';

/** Of one fetch: little, for owned partitions come first. */
const fetchBytesMax = 1024 * 1024;
const sliceRecords = 64;
/** How long a copy that could not be kept is left alone. */
const retryMs = 2_000;

/** The logic of a partition that has restored all that its copy has read, for the owner to go on with. */
export interface StandbyLogic<T> {
  readonly logic: PartitionLogic<T>;
  /** What it sends goes this way from now on. */
  adopt(context: PartitionContext): void;
}

/**
 * Keeps the logics of partitions that another instance owns, restored up to where their state topics are now, so that a takeover has
 * only their last records to read.
 *
 * They are read outside of the service's group: by a member of a group of its own, whose assigner names the partitions. A copy that
 * cannot be kept, whatever the reason, is dropped and begun anew; the owner of a partition whose copy is not there restores it as ever.
 */
export class StandbyCopies<T> {
  readonly #options: PartitionProcessorOptions<T>;
  readonly #consumer: GroupConsumer;
  readonly #topics: readonly string[];
  readonly #copies = new Map<number, Copy<T>>();
  #wanted: readonly number[] = [];
  #started: Promise<void> | undefined;
  #stopped = false;

  constructor(
    options: PartitionProcessorOptions<T>,
    tuning: Pick<ProcessorTuning, 'sessionTimeoutMs' | 'fetchWaitMs'>,
  ) {
    const { connection, service, stateTopics = [] } = options;
    this.#options = options;
    this.#topics = stateTopics;
    this.#consumer = new GroupConsumer({
      connection,
      groupId: `${service}.copies.${randomUUID()}`,
      topics: stateTopics,
      fromBeginning: true,
      isSteady: true,
      sessionTimeoutMs: tuning.sessionTimeoutMs,
      fetchWaitMs: tuning.fetchWaitMs,
      fetchBytesMax,
      assigner: (onCluster) => partitionsOf(() => this.#wanted, onCluster),
      events: {
        onBatch: (batch) => this.#copies.get(batch.partition)?.take(batch),
        onJoined: ({ assignment }) => {
          this.#joined(assignment.get(stateTopics[0] ?? '') ?? []);
        },
      },
    });
  }

  /** How many records the copies have not read, by partition; of one that has not begun, none is known. */
  get lags(): ReadonlyMap<number, number> {
    return new Map(Array.from(this.#copies.values(), ({ partition, lag }) => [partition, lag]));
  }

  /** From now on copies of these partitions are kept, and of no others. */
  keep(partitions: readonly number[]): void {
    if (this.#stopped) return;
    for (const partition of this.#copies.keys()) if (!partitions.includes(partition)) this.#drop(partition);
    const isChanged = partitions.join() !== this.#wanted.join();
    this.#wanted = partitions;
    if (this.#started === undefined && partitions.length > 0) this.#started = this.#consumer.start();
    else if (isChanged) this.#consumer.rejoin();
  }

  /** Hands a copy over to the owner, if there is one that is whole: it is kept no longer. */
  take(partition: number): StandbyLogic<T> | undefined {
    const copy = this.#copies.get(partition);
    this.#copies.delete(partition);
    return copy?.handOver();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const partition of [...this.#copies.keys()]) this.#drop(partition);
    if (this.#started === undefined) return;
    await this.#consumer.stop();
  }

  #drop(partition: number): void {
    this.#copies.get(partition)?.close();
    this.#copies.delete(partition);
  }

  #joined(assigned: readonly number[]): void {
    // Others were wanted while the group formed.
    if (assigned.join() !== this.#wanted.join())
      setImmediate(() => {
        this.#consumer.rejoin();
      });
    for (const partition of assigned) {
      const copy = this.#copies.get(partition);
      if (copy !== undefined) copy.seek();
      else if (this.#wanted.includes(partition)) this.#begin(partition);
    }
  }

  #begin(partition: number): void {
    const copy = new Copy(partition, this.#options, this.#consumer, this.#topics, (error) => {
      this.#failed(copy, error);
    });
    this.#copies.set(partition, copy);
    void copy.begin();
  }

  #failed(copy: Copy<T>, error: Error): void {
    const { partition } = copy;
    if (this.#copies.get(partition) !== copy) return;
    this.#drop(partition);
    const { connection, service } = this.#options;
    connection.log('warn', `${service} begins its copy of partition ${String(partition)} anew: ${error.message}`, {
      partition,
      error,
    });
    setTimeout(() => {
      if (!this.#stopped && this.#wanted.includes(partition) && !this.#copies.has(partition)) this.#begin(partition);
    }, retryMs).unref();
  }
}

class Copy<T> {
  readonly partition: number;
  readonly #consumer: GroupConsumer;
  readonly #topics: readonly string[];
  readonly #logic: PartitionLogic<T>;
  readonly #failed: (error: Error) => void;
  /** Of each topic what is read next; empty until it has begun. */
  readonly #positions = new Map<string, number>();
  readonly #ends = new Map<string, number>();
  readonly #queue: InputRecord[] = [];
  #isReading = false;
  #isWaiting = false;
  #isOver = false;
  #owner: PartitionContext | undefined;

  constructor(
    partition: number,
    { createLogic }: PartitionProcessorOptions<T>,
    consumer: GroupConsumer,
    topics: readonly string[],
    failed: (error: Error) => void,
  ) {
    this.partition = partition;
    this.#consumer = consumer;
    this.#topics = topics;
    this.#failed = failed;
    const send: PartitionContext['send'] = (records, sent) => {
      this.#owner?.send(records, sent);
    };
    this.#logic = createLogic({ partition, send });
  }

  get lag(): number {
    let lag = this.#queue.length;
    for (const [topic, end] of this.#ends) lag += Math.max(0, end - (this.#positions.get(topic) ?? 0));
    return lag;
  }

  async begin(): Promise<void> {
    this.#flow(false);
    try {
      const ranges = await this.#consumer.logRanges(this.#topics, this.partition);
      if (this.#isOver) return;
      const from = (await this.#logic.restoreFrom?.(ranges)) ?? new Map<string, number>();
      for (const [topic, { start, end }] of ranges) {
        this.#positions.set(topic, from.get(topic) ?? start);
        this.#ends.set(topic, end);
      }
      this.seek();
      this.#flow(true);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Where it goes on; a group that has formed anew has forgotten. */
  seek(): void {
    if (this.#isOver) return;
    for (const [topic, offset] of this.#positions) this.#consumer.seek(topic, this.partition, offset);
  }

  take({ topic, records, fetchedOffset, nextOffset, highWatermark }: FetchedBatch): void {
    const expected = this.#positions.get(topic);
    if (this.#isOver || expected === undefined || nextOffset <= expected) return;
    if (highWatermark < expected || (fetchedOffset > expected && records.length > 0)) {
      this.#fail(new Error(`its log has no offset ${String(expected)} of ${topic} any more`));
      return;
    }
    this.#positions.set(topic, nextOffset);
    this.#ends.set(topic, highWatermark);
    for (const record of records) if (record.offset >= expected) this.#queue.push(record);
    if (!this.#isReading && this.#queue.length > 0) void this.#read();
  }

  /** All that is read is restored first. One that waits for something, such as a schema, is not whole. */
  handOver(): StandbyLogic<T> | undefined {
    const isWhole = this.#positions.size > 0 && !this.#isWaiting && !this.#isOver && this.#restoreRest();
    if (!isWhole) {
      this.close();
      return undefined;
    }
    this.#isOver = true;
    this.#flow(false);
    return {
      logic: this.#logic,
      adopt: (context) => {
        this.#owner = context;
      },
    };
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#flow(false);
    this.#logic.close();
  }

  #flow(flows: boolean): void {
    for (const topic of this.#topics)
      if (flows) this.#consumer.resume(topic, this.partition);
      else this.#consumer.pause(topic, this.partition);
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    this.#flow(false);
    try {
      for (let count = 1; this.#queue.length > 0 && !this.#isOver; count++) {
        await this.#restoreNext();
        if (count % sliceRecords === 0) await turnOfEventLoop();
      }
      if (this.#isOver) return;
      this.#logic.kept?.();
      this.#flow(true);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isReading = false;
    }
  }

  #restoreNext(): Promise<void> | undefined {
    const record = this.#queue.shift();
    if (record === undefined) return undefined;
    const waiting = this.#restore(record);
    if (waiting === undefined) return undefined;
    this.#isWaiting = true;
    return waiting.finally(() => (this.#isWaiting = false)).catch(unlessPoisonous);
  }

  /** Its former owner has said what can never be read. */
  #restore(record: InputRecord): Promise<void> | undefined {
    if (record.unreadable !== undefined) return undefined;
    try {
      return this.#logic.restore(record) ?? undefined;
    } catch (error) {
      unlessPoisonous(error);
      return undefined;
    }
  }

  #restoreRest(): boolean {
    try {
      while (this.#queue.length > 0) if (this.#restoreNext() !== undefined) return false;
      return true;
    } catch {
      return false;
    }
  }

  #fail(thrown: unknown): void {
    if (!this.#isOver) this.#failed(asError(thrown));
  }
}

function unlessPoisonous(error: unknown): void {
  if (!(error instanceof PoisonousRecordError)) throw error;
}
