import { coPartitionAssigner } from './assigners.ts';
import type { KafkaConnection } from '../cluster/connection.ts';
import { deadLetter } from '../dead-letter.ts';
import { GroupConsumer, type FetchedBatch, type JoinedGeneration } from './group-consumer.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { Outbox } from '../outbox/outbox.ts';
import { memoryBytesOf, type InputRecord } from '../record.ts';
import { backoffMs, sleep } from '../waiting.ts';
import { isSampled, readTrace, traceOfLine, type TraceContext } from '../tracing/trace-context.ts';
import { beginSettle, type ProcessedRecord } from '../tracing/spans.ts';

/** @param trace of the span in which the record was processed, if it has one. */
export type Done = (trace?: TraceContext) => void;

export interface TaskConsumerOptions {
  readonly connection: KafkaConnection;
  readonly groupId: string;
  readonly topic: string;
  /**
   * Called for every record of the partitions this instance has, in order per partition. `done` says that the record
   * is settled: its offset is committed once everything before it in its partition is done too. It may be called at any
   * later time, and more than once; for a partition that was lost meanwhile it does nothing.
   */
  readonly onRecord: (record: InputRecord, done: Done) => void;
  /** Where a record goes that nobody may read (see `InputRecord.unreadable`): to the dead letters of its topic. */
  readonly outbox: Pick<Outbox, 'send'>;
  /** These partitions belong to another instance now, and it will be given what was not done. */
  readonly onRevoked?: (partitions: readonly number[]) => void;
  /** How many records of a partition may be under way; 1000 by default. One slow record does not hold up the others. */
  readonly windowMax?: number;
  readonly commitIntervalMs?: number;
  readonly sessionTimeoutMs?: number;
  readonly fetchWaitMs?: number;
}

interface TaskPartition {
  readonly partition: number;
  readonly since: number;
  /** Fetched, and not yet handed out. */
  readonly waiting: FifoQueue<InputRecord>;
  waitingBytes: number;
  /** Nothing more is fetched: enough waits. */
  isFull: boolean;
  nextFetch: number | undefined;
  window: OffsetWindow | undefined;
  committed: number;
  /** Done, not yet committed, and processed in a span. */
  settling: ProcessedRecord[];
  lost: boolean;
}

/** So much of a partition is fetched ahead: what is urgent must be here to go before what is not. */
const waitingBytesMax = 256 * 1024;

/**
 * A member of a group that hands out records one by one and commits them as they are done, in any order.
 *
 * Starts from the earliest record. At least once: after a rebalance or a crash, what was not committed comes again.
 */
export class TaskConsumer {
  readonly #options: TaskConsumerOptions;
  readonly #windowMax: number;
  readonly #consumer: GroupConsumer;
  readonly #partitions = new Map<number, TaskPartition>();
  #member: string | undefined;
  #paused = false;
  #stopped = false;
  #draining = false;
  #commitTimer: NodeJS.Timeout | undefined;
  #committing: Promise<void> = Promise.resolve();

  constructor(options: TaskConsumerOptions) {
    this.#options = options;
    this.#windowMax = options.windowMax ?? 1000;
    const { connection, groupId, topic, sessionTimeoutMs, fetchWaitMs } = options;
    this.#consumer = new GroupConsumer({
      connection,
      groupId,
      topics: [topic],
      fromBeginning: true,
      assigner: (onCluster) => coPartitionAssigner({ onCluster, said: () => ({ held: this.#held() }) }),
      ...(sessionTimeoutMs === undefined ? {} : { sessionTimeoutMs }),
      ...(fetchWaitMs === undefined ? {} : { fetchWaitMs }),
      events: {
        onBatch: (batch) => {
          this.#take(batch);
        },
        onJoined: (joined) => {
          this.#joined(joined);
        },
        // The generation that ends still takes commits; what is not committed now will come again elsewhere.
        onRebalancing: () => {
          this.#commitSoon(0);
        },
      },
    });
  }

  /** The partitions this instance has now. */
  get partitions(): readonly number[] {
    return [...this.#partitions.keys()].sort((a, b) => a - b);
  }

  /** Records that were handed out and are not done. */
  get underWay(): number {
    let sum = 0;
    for (const { window } of this.#partitions.values()) sum += window?.underWay ?? 0;
    return sum;
  }

  async start(): Promise<void> {
    await this.#consumer.start();
  }

  /** No record is handed out until `resume`; what is under way goes on. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drain();
  }

  /** Hands out nothing more, commits what is done, and leaves the group. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#commitTimer);
    await this.#committing;
    await this.#commit();
    await this.#consumer.stop();
    this.#dropAll();
  }

  #held(): ReadonlyMap<number, number> {
    return new Map(Array.from(this.#partitions.values(), ({ partition, since }) => [partition, since]));
  }

  #joined({ assignment, member, generation }: JoinedGeneration): void {
    const numbers = assignment.get(this.#options.topic) ?? [];
    // A new member id means that the group went on without this instance: what it holds may be done by others.
    const kept = member === this.#member ? new Set(numbers) : new Set<number>();
    this.#member = member;
    const lost = [...this.#partitions.keys()].filter((partition) => !kept.has(partition));
    for (const partition of lost) this.#drop(partition);
    for (const partition of numbers) this.#add(partition, generation);
    if (lost.length > 0) this.#options.onRevoked?.(lost);
  }

  #add(partition: number, generation: number): void {
    const { topic } = this.#options;
    const held = this.#partitions.get(partition);
    if (held === undefined) {
      this.#partitions.set(partition, {
        partition,
        since: generation,
        waiting: new FifoQueue(),
        waitingBytes: 0,
        isFull: false,
        nextFetch: undefined,
        window: undefined,
        committed: -1,
        settling: [],
        lost: false,
      });
      this.#consumer.resume(topic, partition);
    } else if (held.nextFetch !== undefined) {
      this.#consumer.seek(topic, partition, held.nextFetch);
    }
  }

  #drop(partition: number): void {
    const dropped = this.#partitions.get(partition);
    this.#partitions.delete(partition);
    if (dropped !== undefined) dropped.lost = true;
  }

  #dropAll(): void {
    for (const partition of [...this.#partitions.keys()]) this.#drop(partition);
  }

  #take({ partition, records, fetchedOffset, nextOffset }: FetchedBatch): void {
    const held = this.#partitions.get(partition);
    if (held === undefined) return;
    held.window ??= new OffsetWindow(fetchedOffset);
    const from = held.nextFetch ?? fetchedOffset;
    for (const record of records) {
      if (record.offset < from) continue;
      held.waiting.push(record);
      held.waitingBytes += memoryBytesOf(record);
    }
    held.nextFetch = Math.max(from, nextOffset);
    if (held.waiting.length === 0) held.window.skipTo(held.nextFetch);
    this.#drain();
    if (held.waitingBytes <= waitingBytesMax) return;
    held.isFull = true;
    this.#consumer.pause(this.#options.topic, partition);
  }

  /** Hands out in turns, one record of each partition: no partition waits for another's backlog. */
  #drain(): void {
    // A handler that calls `resume` must not start a second round inside the first.
    if (this.#draining) return;
    this.#draining = true;
    for (let handedOut = true; handedOut;) {
      handedOut = false;
      for (const held of [...this.#partitions.values()]) {
        if (!this.#handOutOne(held)) continue;
        handedOut = true;
        // The last in the next round, which may be much later: whoever takes one at a time must not always take the first's.
        this.#partitions.delete(held.partition);
        this.#partitions.set(held.partition, held);
      }
    }
    this.#draining = false;
  }

  #handOutOne(held: TaskPartition): boolean {
    const { window, waiting } = held;
    if (this.#paused || this.#stopped || window === undefined || window.underWay >= this.#windowMax) return false;
    const record = waiting.shift();
    if (record === undefined) return false;
    window.add(record.offset);
    held.waitingBytes -= memoryBytesOf(record);
    if (held.isFull && held.waitingBytes <= waitingBytesMax) {
      held.isFull = false;
      this.#consumer.resume(this.#options.topic, held.partition);
    }
    this.#deliver(record, (trace) => {
      if (held.lost) return;
      window.done(record.offset);
      if (trace !== undefined) this.#settles(held, record, trace);
      if (waiting.length === 0 && held.nextFetch !== undefined) window.skipTo(held.nextFetch);
      this.#commitSoon(this.#options.commitIntervalMs ?? 200);
      if (waiting.length > 0) this.#drain();
    });
    return true;
  }

  #settles(held: TaskPartition, { topic, partition, offset }: InputRecord, trace: TraceContext): void {
    if (isSampled(trace) === true && held.settling.length < this.#windowMax)
      held.settling.push({ topic, partition, offset, trace });
  }

  #deliver(record: InputRecord, done: Done): void {
    if (record.unreadable !== undefined) {
      void this.#bury(record, record.unreadable, done);
      return;
    }
    try {
      this.#options.onRecord(record, done);
    } catch (thrown) {
      const { topic, partition, offset } = record;
      const fields = { topic, partition, offset, ...traceOfLine(readTrace(record.headers)), error: thrown };
      this.#options.connection.log('error', `tasks: a record was not taken: ${asError(thrown).message}`, fields);
      done();
    }
  }

  /** Never rejects: until the dead letter is written the record is not done, and comes again to whoever reads on. */
  async #bury(record: InputRecord, reason: string, done: Done): Promise<void> {
    const { connection, outbox } = this.#options;
    const { topic, partition, offset } = record;
    connection.log('error', `tasks: a record goes to the dead-letter topic: ${reason}`, { topic, partition, offset });
    for (let attempt = 0; !this.#stopped; attempt++) {
      try {
        await outbox.send(deadLetter(record, reason));
        done();
        return;
      } catch (thrown) {
        connection.log('error', `tasks: a dead letter was not written: ${asError(thrown).message}`, {
          topic,
          error: thrown,
        });
        await sleep(backoffMs(attempt));
      }
    }
  }

  #commitSoon(afterMs: number): void {
    if (this.#commitTimer !== undefined && afterMs > 0) return;
    clearTimeout(this.#commitTimer);
    const commit = (): void => {
      this.#commitTimer = undefined;
      this.#committing = this.#committing.then(() => this.#commit());
    };
    if (afterMs === 0) commit();
    else this.#commitTimer = setTimeout(commit, afterMs);
  }

  #settled(held: TaskPartition, startedAt: number): void {
    const { connection, groupId: group } = this.#options;
    const due = held.settling.filter(({ offset }) => offset < held.committed);
    held.settling = held.settling.filter(({ offset }) => offset >= held.committed);
    for (const record of due) beginSettle(connection, record, { group, startedAt })?.end();
  }

  async #commit(): Promise<void> {
    const { topic, connection } = this.#options;
    const due = [...this.#partitions.values()].filter(
      ({ window, committed }) => (window?.committable ?? -1) > committed,
    );
    const offsets = due.map(({ partition, window }) => ({ topic, partition, offset: window?.committable ?? 0 }));
    const startedAt = Date.now();
    try {
      await this.#consumer.commit(offsets);
      for (const [index, held] of due.entries()) {
        held.committed = offsets[index]?.offset ?? held.committed;
        if (held.settling.length > 0) this.#settled(held, startedAt);
      }
    } catch (thrown) {
      connection.log('warn', `tasks: offsets could not be committed: ${asError(thrown).message}`, {
        topic,
        error: thrown,
      });
    }
  }
}

/**
 * Offsets under way, in the order they were read, that are done in any order.
 *
 * What may be committed is only what is done without a gap: an offset says "everything before me is done".
 */
export class OffsetWindow {
  readonly #offsets: number[] = [];
  readonly #done = new Set<number>();
  #head = 0;
  #committable: number;

  /** @param start the first offset that will be added, or less. */
  constructor(start: number) {
    this.#committable = start;
  }

  get underWay(): number {
    return this.#offsets.length - this.#head;
  }

  /** Everything before this offset is done. */
  get committable(): number {
    return this.#committable;
  }

  add(offset: number): void {
    this.#offsets.push(offset);
  }

  /** Marking an offset twice changes nothing. */
  done(offset: number): void {
    if (offset < this.#committable) return;
    this.#done.add(offset);
    for (let next = this.#offsets[this.#head]; next !== undefined; next = this.#offsets[this.#head]) {
      if (!this.#done.delete(next)) break;
      this.#head++;
      this.#committable = next + 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#offsets.length) {
      this.#offsets.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Nothing is under way or waiting before `offset`. */
  skipTo(offset: number): void {
    if (this.underWay === 0 && offset > this.#committable) this.#committable = offset;
  }
}

/**
 * First in, first out, at the same cost however long it has become.
 *
 * Trap: `shift()` of an array that is too long for V8's young generation moves all that is left, each time.
 */
export class FifoQueue<T> {
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (this.length > 0) this.#first++;
    // What is behind is let go of now and then, so that each item is moved at most once on average.
    if (this.#first >= 1024 && this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
