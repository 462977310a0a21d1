import type { InputRecord, LogRange, OutputRecord } from '@ratchet/kafka';
import type { FetchedBatch } from '@ratchet/kafka/testing';
import type { SimulatedProcess, World } from './world.ts';

/** Records that are written together or not at all. */
interface Transaction {
  fate: 'open' | 'committed' | 'aborted';
  readonly logs: Map<PartitionLog, OutputRecord[]>;
}

/** A record as the log has it; the marker behind a transaction is one, too. */
export interface LogEntry extends InputRecord {
  readonly transaction?: Transaction;
  readonly isMarker?: boolean;
}

/** One partition of a topic. */
export class PartitionLog {
  readonly topic: string;
  readonly partition: number;
  /** Which broker leads it. */
  leader: number;
  start = 0;
  end = 0;
  /** What compaction and retention have left. */
  entries: LogEntry[] = [];
  /** All that was ever written, for whoever judges. */
  readonly all: LogEntry[] = [];
  readonly openTransactions = new Map<Transaction, number>();
  readonly listeners = new Set<() => void>();

  constructor(topic: string, partition: number, leader: number) {
    this.topic = topic;
    this.partition = partition;
    this.leader = leader;
  }

  /** The end of what may be read: before the first record of a transaction that is open. */
  get stableEnd(): number {
    let end = this.end;
    for (const first of this.openTransactions.values()) end = Math.min(end, first);
    return end;
  }

  add(record: Omit<OutputRecord, 'topic'>, at: number, more: Partial<LogEntry> = {}): number {
    const { topic, partition } = this;
    const { key, value, headers = {} } = record;
    const offset = this.end++;
    const entry: LogEntry = { topic, partition, offset, key, value, headers, timestampMs: at, ...more };
    this.entries.push(entry);
    this.all.push(entry);
    return offset;
  }

  /** The first entry at or behind an offset. */
  indexOf(offset: number): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.entries[middle]?.offset ?? Infinity) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Told whenever there is more to read. @returns ends it. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

/** Whether a reader of what is committed gets it. */
export const isVisible = ({ transaction, isMarker }: LogEntry): boolean =>
  isMarker !== true && (transaction === undefined || transaction.fate === 'committed');

/** What a transaction has written to one log, and the offset behind that. */
export interface WrittenPart {
  readonly log: PartitionLog;
  readonly records: readonly OutputRecord[];
  readonly end: number;
}

interface Producer {
  epoch: number;
  transaction: Transaction | undefined;
}

/** As the client library names it when a later producer of the same id has come. */
const fencedError = (): Error =>
  Object.assign(new Error('The producer attempted to use an old epoch'), { type: 'INVALID_PRODUCER_EPOCH' });

const unreachable = (): Error => new Error('Connection timeout');

const transactionTimeoutMs = 10_000;
/** Behind the decision of a transaction, until its markers stand in the log. */
const markerMsMax = 20;

/** Two brokers: topics, transactions, leaders, and what the network between them and everyone else does. */
export class SimulatedLog {
  readonly #world: World;
  readonly #topics = new Map<string, Map<number, PartitionLog>>();
  readonly #producers = new Map<string, Producer>();
  readonly brokers = [
    { isUp: true, aheadMs: 0 },
    { isUp: true, aheadMs: 0 },
  ];
  /** Told of what a transaction has written, once it is committed and its markers stand in the log. */
  onCommitted: (written: readonly WrittenPart[]) => void = () => undefined;

  constructor(world: World) {
    this.#world = world;
  }

  of(topic: string, partition: number): PartitionLog {
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) this.#topics.set(topic, (partitions = new Map<number, PartitionLog>()));
    let log = partitions.get(partition);
    if (log === undefined) {
      log = new PartitionLog(topic, partition, this.#world.roll(2));
      partitions.set(partition, log);
    }
    return log;
  }

  /** Of a topic, as far as anyone has used them. */
  partitionsOf(topic: string): readonly PartitionLog[] {
    return [...(this.#topics.get(topic)?.values() ?? [])].toSorted((a, b) => a.partition - b.partition);
  }

  /** What a consumer that reads committed records can read. */
  rangeOf(log: PartitionLog): LogRange {
    return { start: log.start, end: log.stableEnd };
  }

  // --- plain records ---

  /** @returns the offset of the first, and the time that the leader gave them. */
  append(
    log: PartitionLog,
    records: readonly OutputRecord[],
  ): { readonly offset: number; readonly appendedAt: number } {
    const offset = log.end;
    const appendedAt = this.#timeOf(log);
    for (const record of records) log.add(record, appendedAt);
    this.#tell(log);
    return { offset, appendedAt };
  }

  /** What a fetch brings; `undefined`: nothing stands there yet. */
  fetch(log: PartitionLog, position: number, countMax: number): FetchedBatch | undefined {
    // The client library goes on at the beginning when the position is not in the log.
    const from = position < log.start || position > log.end ? log.start : position;
    const { topic, partition, end: highWatermark } = log;
    const end = log.stableEnd;
    const first = log.indexOf(from);
    const records: InputRecord[] = [];
    let nextOffset = from;
    for (let index = first; index < log.entries.length; index++) {
      const entry = log.entries[index];
      if (entry === undefined || entry.offset >= end) break;
      if (isVisible(entry)) {
        if (records.length === countMax) break;
        records.push(entry);
      }
      nextOffset = entry.offset + 1;
    }
    if (nextOffset === from) return undefined;
    const fetchedOffset = records.length > 0 ? from : (log.entries[first]?.offset ?? from);
    return { topic, partition, records, fetchedOffset, nextOffset, highWatermark };
  }

  // --- transactions ---

  /** A producer of this id begins anew: no other can write under it any more. @returns `undefined` while one is being ended. */
  fence(id: string): number | undefined {
    const producer = this.#producerOf(id);
    const { transaction } = producer;
    if (transaction !== undefined && transaction.fate !== 'open') return undefined;
    if (transaction !== undefined) {
      this.#world.count('transaction-aborted');
      this.#end(producer, transaction, 'aborted');
      producer.epoch++;
      return undefined;
    }
    return ++producer.epoch;
  }

  /**
   * Adds records to the open transaction of a producer.
   *
   * @returns the offset behind the last; `undefined` while its former one is being ended.
   * @throws Error when it is fenced.
   */
  write(id: string, epoch: number, log: PartitionLog, records: readonly OutputRecord[]): number | undefined {
    const producer = this.#producerOf(id);
    if (producer.epoch !== epoch) throw this.#fenced();
    const transaction = (producer.transaction ??= this.#opened(producer));
    if (transaction.fate !== 'open') return undefined;
    if (!transaction.logs.has(log)) {
      transaction.logs.set(log, []);
      log.openTransactions.set(transaction, log.end);
    }
    const at = this.#timeOf(log);
    for (const record of records) log.add(record, at, { transaction });
    transaction.logs.get(log)?.push(...records);
    return log.end;
  }

  /** Commits the open transaction of a producer. @throws when it is fenced, or the transaction was aborted. */
  commit(id: string, epoch: number): void {
    const producer = this.#producerOf(id);
    if (producer.epoch !== epoch) throw this.#fenced();
    if (producer.transaction === undefined) throw new Error('There is no transaction to be committed');
    this.#end(producer, producer.transaction, 'committed');
  }

  #fenced(): Error {
    this.#world.count('producer-fenced');
    return fencedError();
  }

  #producerOf(id: string): Producer {
    let producer = this.#producers.get(id);
    if (producer === undefined) this.#producers.set(id, (producer = { epoch: -1, transaction: undefined }));
    return producer;
  }

  /** One that its owner leaves open is aborted after a while. */
  #opened(producer: Producer): Transaction {
    const transaction: Transaction = { fate: 'open', logs: new Map() };
    this.#world.later(undefined, transactionTimeoutMs, () => {
      if (producer.transaction !== transaction || transaction.fate !== 'open') return;
      this.#world.count('transaction-aborted');
      producer.epoch++;
      this.#end(producer, transaction, 'aborted');
    });
    return transaction;
  }

  #end(producer: Producer, transaction: Transaction, fate: 'committed' | 'aborted'): void {
    if (transaction.fate !== 'open') return;
    transaction.fate = fate;
    this.#world.later(undefined, this.#world.between(0, markerMsMax), () => {
      producer.transaction = undefined;
      const written = Array.from(transaction.logs, ([log, records]): WrittenPart => ({ log, records, end: log.end }));
      for (const { log } of written) {
        log.add({ key: null, value: null }, this.#timeOf(log), { isMarker: true });
        log.openTransactions.delete(transaction);
      }
      if (fate === 'committed') this.onCommitted(written);
      for (const { log } of written) this.#tell(log);
    });
  }

  // --- what time does to a log ---

  /** Leaves the latest of each key, of what stands before an offset; the last entry stays. */
  compact(log: PartitionLog, before: number): void {
    const bound = Math.min(before, log.stableEnd - 1);
    const latest = new Map<string, number>();
    for (const entry of log.entries) if (entry.key !== null && isVisible(entry)) latest.set(entry.key, entry.offset);
    log.entries = log.entries.filter(
      (entry) => entry.offset >= bound || (isVisible(entry) && latest.get(entry.key ?? '') === entry.offset),
    );
  }

  /** Removes what stands before an offset. */
  trim(log: PartitionLog, before: number): void {
    log.start = Math.max(log.start, Math.min(before, log.stableEnd));
    log.entries = log.entries.slice(log.indexOf(log.start));
  }

  /** Another broker leads from now on. */
  moveLeader(log: PartitionLog): void {
    if (this.brokers[1 - log.leader]?.isUp !== true) return;
    log.leader = 1 - log.leader;
    this.#world.count('leader-moved');
  }

  get allLogs(): readonly PartitionLog[] {
    return [...this.#topics.values()].flatMap((partitions) => [...partitions.values()]);
  }

  #timeOf({ leader }: PartitionLog): number {
    return this.#world.clock(this.brokers[leader]?.aheadMs);
  }

  #tell(log: PartitionLog): void {
    for (const listener of log.listeners) listener();
  }

  // --- the network ---

  /**
   * A request on its way to a broker and its answer on the way back. The request arrives although its sender has died
   * meanwhile; the answer does not.
   *
   * @param log whose leader is asked; `undefined`: a coordinator, which is always there.
   * @param perform what the broker does; what it throws is its answer.
   */
  call<T>(
    process: SimulatedProcess,
    log: PartitionLog | undefined,
    perform: () => T,
    answered: (result: T) => void,
    failed: (error: Error) => void,
  ): void {
    const world = this.#world;
    const { life } = process;
    const answer = (delayMs: number, act: () => void): void => void world.later(process, delayMs, act, life);
    if (world.happens('request-lost', 1.5)) {
      answer(world.between(50, 600), () => failed(unreachable()));
      return;
    }
    const isAnswerLost = world.happens('answer-lost', 1.5);
    const late = world.happens('request-late', 2) ? world.between(200, 2_500) : 0;
    world.later(undefined, world.between(1, 8) + late, () => {
      if (log !== undefined && this.brokers[log.leader]?.isUp !== true) {
        answer(world.between(20, 400), () => failed(unreachable()));
        return;
      }
      try {
        const result = perform();
        if (isAnswerLost) answer(world.between(50, 600), () => failed(unreachable()));
        else answer(world.between(1, 8), () => answered(result));
      } catch (error) {
        answer(world.between(1, 8), () => failed(error as Error));
      }
    });
  }
}
