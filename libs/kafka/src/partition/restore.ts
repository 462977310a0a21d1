import { OperationalError, PoisonousRecordError, StateDoubtError } from '../errors.ts';
import type { FetchedBatch } from '../consumers/group-consumer.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { InputRecord } from '../record.ts';
import { backoffMs, sleep, turnOfEventLoop } from '../waiting.ts';

export interface RestoreOptions {
  /** Topic to the end its log had when the restore began. */
  readonly ends: ReadonlyMap<string, number>;
  readonly restore: (record: InputRecord) => void | Promise<void>;
  /** The record can never be read. */
  readonly onPoison: (record: InputRecord, error: Error) => void;
  /** Something that is needed to read a record does not answer; it is asked again. */
  readonly onHalted: (error: Error | undefined) => void;
  readonly isClosed: () => boolean;
}

/** Records after which the event loop gets its turn: heartbeats must go on. */
const sliceRecords = 512;

/**
 * Feeds a logic what its topics held when the partition was assigned.
 *
 * The end of a log counts as reached when the consumer's position has reached it: a tail of aborted or control records
 * brings no record that could tell.
 */
export class Restore {
  readonly #options: RestoreOptions;
  readonly #open: Map<string, number>;
  readonly #startedAt = performance.now();
  #records = 0;

  constructor(options: RestoreOptions) {
    this.#options = options;
    this.#open = new Map(options.ends);
  }

  get isDone(): boolean {
    return this.#open.size === 0;
  }

  /** How many records it was, and how long it took so far. */
  get progress(): { readonly records: number; readonly durationMs: number } {
    return { records: this.#records, durationMs: performance.now() - this.#startedAt };
  }

  /** Where the end of a topic is, while it is not reached. */
  endOf(topic: string): number | undefined {
    return this.#open.get(topic);
  }

  /**
   * @returns how many records of the batch belonged to the restore; the rest came after its end.
   * @throws what the logic throws, but for poison and for what passes by waiting.
   */
  async take(batch: FetchedBatch): Promise<number> {
    const end = this.#open.get(batch.topic) ?? 0;
    const { restore, isClosed } = this.#options;
    let restored = 0;
    for (const record of batch.records) {
      if (record.offset >= end || isClosed()) break;
      // Awaited only when it must be: a promise per record would double the time of a restore.
      const waiting = this.#attempt(restore, record);
      if (waiting !== undefined) await this.#patiently(record, waiting);
      restored++;
      if (restored % sliceRecords === 0) await turnOfEventLoop();
    }
    this.#records += restored;
    if (batch.nextOffset >= end) this.#open.delete(batch.topic);
    return restored;
  }

  #attempt(restore: RestoreOptions['restore'], record: InputRecord): Promise<void> | undefined {
    if (record.unreadable !== undefined) return Promise.reject(new PoisonousRecordError(record.unreadable));
    try {
      const waiting = restore(record);
      return waiting instanceof Promise ? waiting : undefined;
    } catch (thrown) {
      return Promise.reject(asError(thrown));
    }
  }

  async #patiently(record: InputRecord, first: Promise<void>): Promise<void> {
    const { restore, onPoison, onHalted, isClosed } = this.#options;
    let waiting: Promise<void> | undefined = first;
    for (let attempt = 0; waiting !== undefined; attempt++) {
      try {
        await waiting;
        break;
      } catch (thrown) {
        const error = asError(thrown);
        if (isClosed()) return;
        if (error instanceof PoisonousRecordError) {
          onPoison(record, error);
          break;
        }
        if (!(error instanceof OperationalError && error.retryable) || error instanceof StateDoubtError) throw error;
        onHalted(error);
        await sleep(backoffMs(attempt));
        waiting = isClosed() ? undefined : this.#attempt(restore, record);
      }
    }
    onHalted(undefined);
  }
}
