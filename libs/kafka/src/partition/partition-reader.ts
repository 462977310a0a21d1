import { OperationalError, PoisonousRecordError, StateDoubtError } from '../errors.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { InputRecord } from '../record.ts';
import { backoffMs, sleep, turnOfEventLoop } from '../waiting.ts';
import type { PartitionLogic } from './partition-logic.ts';

/** A record that can never be read, and why. */
export class Poison {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

/** What a reader says while it reads. */
export interface ReaderEvents {
  /** Something that is needed to read a record does not answer, and is asked again; `undefined`: it has answered. */
  halted(error: Error | undefined): void;
  /** A record of the restore that can never be read. */
  poisoned(record: InputRecord, error: Error): void;
  /** Whether waiting has become pointless. */
  isOver(): boolean;
}

/** Records of a restore after which the event loop gets its turn: heartbeats must go on. */
const sliceRecords = 512;

/**
 * Hands records to a logic for reading, and waits for what must be there first: a schema, a topic. The machine of the partition
 * never waits; the reader does it for the machine.
 */
export class PartitionReader<T> {
  readonly #logic: Pick<PartitionLogic<T>, 'decode' | 'restore'>;
  readonly #events: ReaderEvents;

  constructor(logic: Pick<PartitionLogic<T>, 'decode' | 'restore'>, events: ReaderEvents) {
    this.#logic = logic;
    this.#events = events;
  }

  /**
   * One value or poison per record. A promise only when a record asked for one: the usual case costs no turn of the
   * event loop.
   */
  decode(records: readonly InputRecord[]): (T | Poison)[] | Promise<(T | Poison)[]> {
    const values = new Array<T | Poison | Promise<T>>(records.length);
    let anyWaits = false;
    for (const [index, record] of records.entries()) {
      const value = this.#decode(record);
      values[index] = value;
      anyWaits ||= value instanceof Promise;
    }
    return anyWaits ? this.#settle(records, values) : (values as (T | Poison)[]);
  }

  /**
   * Restores the first `count` records, in order.
   *
   * @throws what the logic throws, but for poison and for what passes by waiting.
   */
  async restore(records: readonly InputRecord[], count: number): Promise<void> {
    for (const [index, record] of records.entries()) {
      if (index >= count || this.#events.isOver()) return;
      // Awaited only when it must be: a promise per record would double the time of a restore.
      const waiting = this.#restore(record);
      if (waiting !== undefined) await this.#restorePatiently(record, waiting);
      if ((index + 1) % sliceRecords === 0) await turnOfEventLoop();
    }
  }

  /** What is thrown at once is about these bytes, unless it says that the world is to blame and may get better. */
  #decode(record: InputRecord): T | Poison | Promise<T> {
    if (record.unreadable !== undefined) return new Poison(new PoisonousRecordError(record.unreadable));
    try {
      return this.#logic.decode(record);
    } catch (thrown) {
      const error = asError(thrown);
      return isOfTheWorld(error) ? Promise.reject<T>(error) : new Poison(error);
    }
  }

  async #settle(
    records: readonly InputRecord[],
    values: readonly (T | Poison | Promise<T>)[],
  ): Promise<(T | Poison)[]> {
    // Each rejection is looked at in its turn; until then it must not count as unhandled.
    for (const value of values) if (value instanceof Promise) value.catch(() => undefined);
    const settled: (T | Poison)[] = [];
    for (const [index, record] of records.entries()) {
      const value = values[index];
      settled.push(value instanceof Promise ? await this.#decodePatiently(record, value) : (value as T | Poison));
    }
    return settled;
  }

  /** An unreachable registry halts the partition and is asked again; only a definite verdict is poison. */
  async #decodePatiently(record: InputRecord, first: Promise<T>): Promise<T | Poison> {
    let value: T | Poison | Promise<T> = first;
    for (let attempt = 0; ; attempt++) {
      try {
        const settled: T | Poison = await value;
        if (attempt > 0) this.#events.halted(undefined);
        return settled;
      } catch (thrown) {
        const error = asError(thrown);
        if (error instanceof PoisonousRecordError || this.#events.isOver()) {
          if (attempt > 0) this.#events.halted(undefined);
          return new Poison(error);
        }
        this.#events.halted(error);
        await sleep(backoffMs(attempt));
        value = this.#decode(record);
      }
    }
  }

  #restore(record: InputRecord): Promise<void> | undefined {
    if (record.unreadable !== undefined) return Promise.reject(new PoisonousRecordError(record.unreadable));
    try {
      const waiting = this.#logic.restore(record);
      return waiting instanceof Promise ? waiting : undefined;
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
  }

  async #restorePatiently(record: InputRecord, first: Promise<void>): Promise<void> {
    let waiting: Promise<void> | undefined = first;
    for (let attempt = 0; waiting !== undefined; attempt++) {
      try {
        await waiting;
        break;
      } catch (thrown) {
        const error = asError(thrown);
        if (this.#events.isOver()) return;
        if (error instanceof PoisonousRecordError) {
          this.#events.poisoned(record, error);
          break;
        }
        if (!isOfTheWorld(error) || error instanceof StateDoubtError) throw error;
        this.#events.halted(error);
        await sleep(backoffMs(attempt));
        waiting = this.#events.isOver() ? undefined : this.#restore(record);
      }
    }
    this.#events.halted(undefined);
  }
}

const isOfTheWorld = (error: Error): boolean => error instanceof OperationalError && error.retryable;
