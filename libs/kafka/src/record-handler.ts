import { Poison } from './batch-decoder.ts';
import { deadLetter } from './dead-letter.ts';
import { InvariantError } from './errors.ts';
import { asError } from './kafka-error.ts';
import type { Output, PartitionLogic, Positions } from './partition-logic.ts';
import type { PartitionProcessorOptions, ProcessorTuning } from './processor-options.ts';
import type { InputRecord, OutputRecord } from './record.ts';
import { OpenGroup, sealedGroup, type SealedGroup } from './sealed-group.ts';
import { readTraceparent, traceparentHeader } from './traceparent.ts';

/** Applies records to a logic, sends their effects at once, and remembers what must be committed because of them. */
export class RecordHandler<T> {
  readonly #options: PartitionProcessorOptions<T>;
  readonly #tuning: ProcessorTuning;
  readonly #logic: PartitionLogic<T>;
  readonly #positions = new Map<string, number>();
  #group = new OpenGroup();

  constructor(options: PartitionProcessorOptions<T>, tuning: ProcessorTuning, logic: PartitionLogic<T>) {
    this.#options = options;
    this.#tuning = tuning;
    this.#logic = logic;
  }

  /** Topic to the offset before which everything was handled. */
  get positions(): Positions {
    return this.#positions;
  }

  moveTo(topic: string, offset: number): void {
    this.#positions.set(topic, offset);
  }

  get hasUncommitted(): boolean {
    return !this.#group.isEmpty;
  }

  get hasChangedState(): boolean {
    return this.#group.changed.size > 0;
  }

  /** So much has come together that the group must be sealed, whether its turn has come or not. */
  get isGroupFull(): boolean {
    return this.#group.bytes >= this.#tuning.groupBytesMax || this.#group.changed.size >= this.#tuning.groupKeysMax;
  }

  handle(record: InputRecord, value: T | Poison): void {
    if (value instanceof Poison) this.deadLetter(record, value.error);
    else this.#apply(record, value);
    this.#group.records++;
    this.#group.bytes += record.value === null ? 0 : record.value.length;
    this.#positions.set(record.topic, record.offset + 1);
  }

  deadLetter(record: InputRecord, error: Error): void {
    const { outbox, metrics, connection, service, deadLetterTopic } = this.#options;
    const { topic, partition, offset } = record;
    outbox.add(deadLetter(record, error.message, deadLetterTopic?.(topic)));
    metrics?.deadLettered?.(topic, partition);
    const message = `${service} sends a record to the dead-letter topic: ${error.message}`;
    connection.log('error', message, { topic, partition, offset, error });
  }

  /** The states of all changed keys as of now, with the progress; what comes next opens a new group. */
  seal(): SealedGroup {
    const group = this.#group;
    this.#group = new OpenGroup();
    const positions = new Map(this.#positions);
    if (this.#options.stateTopic === undefined) return sealedGroup(group.records, [], positions);
    return sealedGroup(group.records, this.#statesOf(group, positions), positions);
  }

  #statesOf(group: OpenGroup, positions: Positions): readonly OutputRecord[] {
    const states: OutputRecord[] = [];
    try {
      for (const [key, traceparent] of group.changed) {
        const state = this.#logic.encodeState(key);
        if (state !== undefined) states.push(traceparent === undefined ? state : traced(state, traceparent));
      }
      states.push(this.#logic.encodeProgress(positions));
      return states;
    } catch (cause) {
      // Decided and not written down: to repeat it would fail again, and to leave it out would be a lie.
      throw new InvariantError(`Expected to encode the state of a group, but ${asError(cause).message}`, { cause });
    }
  }

  #apply(record: InputRecord, value: T): void {
    let output: Output;
    try {
      output = this.#logic.handle(record, value);
    } catch (thrown) {
      // Something was changed already: to go on would write a lie.
      if (thrown instanceof InvariantError) throw thrown;
      this.deadLetter(record, asError(thrown));
      return;
    }
    const { outbox } = this.#options;
    const traceparent = readTraceparent(record.headers[traceparentHeader]);
    for (const effect of output.effects) outbox.add(traceparent === undefined ? effect : traced(effect, traceparent));
    for (const key of output.changedKeys) this.#group.changed.set(key, traceparent);
  }
}

function traced(record: OutputRecord, traceparent: string): OutputRecord {
  if (record.headers?.[traceparentHeader] !== undefined) return record;
  return { ...record, headers: { ...record.headers, [traceparentHeader]: traceparent } };
}
