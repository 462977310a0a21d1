import { createHash } from 'node:crypto';
import { PoisonousRecordError } from '../errors.ts';
import type { Output, PartitionLogic, Positions } from '../partition/partition-logic.ts';
import type { InputRecord, OutputRecord } from '../record.ts';

/** The topics of a counter service; everything but `commands` may be left out. */
export interface CounterTopics {
  readonly commands: string;
  readonly state?: string;
  readonly effects?: string;
}

export const progressKey = '__progress';

/**
 * The smallest logic that can be checked: it counts the records of each key, and folds their offsets into a hash.
 *
 * Values that steer it: `poison` cannot be read, `throw` cannot be handled, `delete` removes the key, `to:<partition>`
 * sends its effect to a partition, `large:<bytes>` makes the state that large, `spread:<keys>` counts that many keys
 * under the record's own, without effects. Everything else counts.
 */
export class CounterLogic implements PartitionLogic<string> {
  readonly counts = new Map<string, { count: number; hash: string; padding: number }>();
  readonly #topics: CounterTopics;
  readonly #partition: number;
  readonly #owner: string;
  #isClosed = false;
  #progress = new Map<string, number>();
  readonly #restoredTo = new Map<string, number>();

  constructor(topics: CounterTopics, partition: number, owner = 'test') {
    this.#topics = topics;
    this.#partition = partition;
    this.#owner = owner;
  }

  /** Nothing is known at first; a copy that becomes the owner's goes on where it is. */
  restoreFrom(): Positions {
    return this.#restoredTo;
  }

  restore({ topic, offset, key, value }: InputRecord): void {
    this.#restoredTo.set(topic, offset + 1);
    if (key === null) return;
    if (key === progressKey) this.#progress = new Map(JSON.parse(String(value)) as [string, number][]);
    else if (value === null) this.counts.delete(key);
    else this.counts.set(key, JSON.parse(value.subarray(0, value.indexOf(10)).toString()) as never);
  }

  restored(): Positions {
    return this.#progress;
  }

  decode({ value }: InputRecord): string {
    const text = String(value);
    if (text === 'poison') throw new PoisonousRecordError('Expected to read a command, but it is poison');
    return text;
  }

  handle({ key, offset }: InputRecord, value: string): Output {
    if (key === null || value === 'throw') throw new Error('Expected to handle a command, but it says throw');
    if (value.startsWith('spread:')) return this.#spread(key, offset, Number(value.slice(7)));
    const padding = value.startsWith('large:') ? Number(value.slice(6)) : 0;
    const count = this.#count(key, offset, padding);
    if (value === 'delete') this.counts.delete(key);
    return { effects: this.#effects(key, offset, value, count), changedKeys: [key] };
  }

  #count(key: string, offset: number, padding: number): number {
    const before = this.counts.get(key) ?? { count: 0, hash: '', padding: 0 };
    const hash = createHash('sha1')
      .update(`${before.hash}${String(offset)}`)
      .digest('base64');
    this.counts.set(key, { count: before.count + 1, hash, padding });
    return before.count + 1;
  }

  #spread(key: string, offset: number, keys: number): Output {
    const changedKeys = Array.from({ length: keys }, (_, index) => `${key}/${String(index)}`);
    for (const changed of changedKeys) this.#count(changed, offset, 0);
    return { effects: [], changedKeys };
  }

  encodeState(key: string): readonly OutputRecord[] {
    const { state: topic = '' } = this.#topics;
    const entry = this.counts.get(key);
    if (entry === undefined) return [{ topic, partition: this.#partition, key, value: null }];
    const text = `${JSON.stringify(entry)}\n`;
    const headers = { owner: this.#owner };
    const value = Buffer.from(text + 'x'.repeat(entry.padding));
    return [{ topic, partition: this.#partition, key, value, headers }];
  }

  encodeProgress(positions: Positions): OutputRecord {
    const { state: topic = '' } = this.#topics;
    const value = Buffer.from(JSON.stringify([...positions]));
    return { topic, partition: this.#partition, key: progressKey, value, headers: { owner: this.#owner } };
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Whether the partition was lost; its counts are stale then. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Handles a record without anyone else being told; what cannot be handled changes nothing. */
  replay(record: InputRecord): void {
    try {
      this.handle(record, this.decode(record));
    } catch {
      return;
    }
  }

  /** The same for the same records in the same order, whoever has handled them. */
  hash(): string {
    const entries = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return createHash('sha1').update(JSON.stringify(entries)).digest('hex');
  }

  #effects(key: string, offset: number, value: string, count: number): OutputRecord[] {
    const { effects: topic } = this.#topics;
    if (topic === undefined) return [];
    const effect = { topic, key, value: Buffer.from(JSON.stringify({ offset, count, partition: this.#partition })) };
    return [value.startsWith('to:') ? { ...effect, partition: Number(value.slice(3)) } : effect];
  }
}
