import { type Command, type Millis, type StateRecord } from '@ratchet/domain';
import type { InputRecord, Output, OutputRecord, PartitionContext, PartitionLogic, Positions } from '@ratchet/kafka';
import { readable } from '@ratchet/protocol';
import { DeadlineBook } from './deadline-book.ts';
import { ExecutionsHandler } from './executions.handler.ts';
import { LogClockEstimate } from './log-clock-estimate.ts';
import type { OwnClock } from './own-clock.ts';
import { Proposer } from './proposer.ts';

export interface TimeoutTrackerParts {
  readonly context: PartitionContext;
  readonly codec: {
    encodeCommand(command: Command): Buffer;
    decodeState(bytes: Buffer): StateRecord | Promise<StateRecord>;
  };
  readonly taskRetentionMs: Millis;
  readonly own: OwnClock;
}

const nothing: Output = { effects: [], changedKeys: [] };

/**
 * The timers of one partition, made of its `executions` alone and kept nowhere: whoever gets the partition next makes
 * them again. Of what is closed it knows nothing but when the first of it may go: the progress says so. A timer is a hint; it
 * goes only when `executions` shows that what it was for is over.
 */
export class TimeoutTrackerLogic implements PartitionLogic<StateRecord | undefined> {
  readonly #parts: TimeoutTrackerParts;
  readonly #book = new DeadlineBook();
  readonly #handler: ExecutionsHandler;
  readonly #proposer: Proposer;
  #live = false;

  constructor(parts: TimeoutTrackerParts) {
    this.#parts = parts;
    const { context, codec, taskRetentionMs, own } = parts;
    const clock = new LogClockEstimate(own);
    const shared = { book: this.#book, clock };
    const encode = (command: Command): Buffer => codec.encodeCommand(command);
    this.#proposer = new Proposer({ ...shared, own, context, encode });
    const expiresFirst = (at: number | undefined): void => {
      this.#proposer.expiresFirst(at);
    };
    const decided = (before: number): void => {
      this.#proposer.decided(before);
    };
    this.#handler = new ExecutionsHandler({ ...shared, taskRetentionMs, expiresFirst, decided });
  }

  /** Activities with a deadline; none once it is closed. */
  get pendingCount(): number {
    return this.#book.size;
  }

  /** What stood in `executions` at the assignment: it says what is pending, but not what time it is. */
  restore(record: InputRecord): void | Promise<void> {
    const value = this.decode(record);
    if (value instanceof Promise) return value.then((read) => void this.handle(record, read));
    this.handle(record, value);
  }

  restored(): Positions {
    this.#live = true;
    this.#proposer.start();
    return new Map();
  }

  /** Inputs and signals have no deadlines; inputs may be large, so they are not even read. */
  decode({ key, value }: InputRecord): StateRecord | undefined | Promise<StateRecord> {
    if (value === null || (key !== null && isWithoutDeadline(key))) return undefined;
    return readable((bytes) => this.#parts.codec.decodeState(bytes), value);
  }

  handle({ key, value, headers, timestampMs }: InputRecord, record: StateRecord | undefined): Output {
    if (record !== undefined) this.#handler.handle(key ?? '', record, headers, this.#live ? timestampMs : undefined);
    else if (value === null && key !== null) this.#handler.tombstone(key);
    this.#proposer.rearm();
    return nothing;
  }

  encodeState(): readonly [] {
    return [];
  }

  encodeProgress(): OutputRecord {
    throw new Error('Expected to have no progress, but was asked for it');
  }

  close(): void {
    this.#proposer.stop();
    this.#book.clear();
  }
}

/** Keys of parts have four slashes, execution keys three, so an activity that is called `#input` is no input. */
const isWithoutDeadline = (key: string): boolean => /^(?:[^/]*\/){4}#input$|^(?:[^/]*\/){4}\d+$/.test(key);
