import { OperationalError, PoisonousRecordError } from '../errors.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { InputRecord } from '../record.ts';
import { backoffMs, sleep } from '../waiting.ts';

/** A record that can never be read, and why. */
export class Poison {
  readonly error: Error;

  constructor(error: Error) {
    this.error = error;
  }
}

export interface BatchDecoderOptions<T> {
  readonly decode: (record: InputRecord) => T | Promise<T>;
  /** Whether waiting has become pointless. */
  readonly isClosed: () => boolean;
  /** Something that is needed to read a record does not answer; it is asked again. */
  readonly onHalted: (error: Error | undefined) => void;
}

/** Reads records, and waits for what must be there first. */
export class BatchDecoder<T> {
  readonly #options: BatchDecoderOptions<T>;

  constructor(options: BatchDecoderOptions<T>) {
    this.#options = options;
  }

  /**
   * One value or poison per record. A promise only when a record asked for one: the usual case costs no turn of the
   * event loop.
   */
  decode(records: readonly InputRecord[]): (T | Poison)[] | Promise<(T | Poison)[]> {
    const values = new Array<T | Poison | Promise<T>>(records.length);
    let anyWaits = false;
    for (const [index, record] of records.entries()) {
      const value = this.#attempt(record);
      values[index] = value;
      anyWaits ||= value instanceof Promise;
    }
    return anyWaits ? this.#settle(records, values) : (values as (T | Poison)[]);
  }

  /** What is thrown at once is about these bytes, unless it says that the world is to blame and may get better. */
  #attempt(record: InputRecord): T | Poison | Promise<T> {
    if (record.unreadable !== undefined) return new Poison(new PoisonousRecordError(record.unreadable));
    try {
      return this.#options.decode(record);
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
      settled.push(value instanceof Promise ? await this.#patiently(record, value) : (value as T | Poison));
    }
    return settled;
  }

  /** An unreachable registry halts the partition and is asked again; only a definite verdict is poison. */
  async #patiently(record: InputRecord, first: Promise<T>): Promise<T | Poison> {
    const { isClosed, onHalted } = this.#options;
    let value: T | Poison | Promise<T> = first;
    for (let attempt = 0; ; attempt++) {
      try {
        const settled: T | Poison = await value;
        if (attempt > 0) onHalted(undefined);
        return settled;
      } catch (thrown) {
        const error = asError(thrown);
        if (error instanceof PoisonousRecordError || isClosed()) {
          if (attempt > 0) onHalted(undefined);
          return new Poison(error);
        }
        onHalted(error);
        await sleep(backoffMs(attempt));
        value = this.#attempt(record);
      }
    }
  }
}

const isOfTheWorld = (error: Error): boolean => error instanceof OperationalError && error.retryable;
