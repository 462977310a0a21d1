import type { FetchedBatch, LogRange } from '../consumers/group-consumer.ts';
import { InvariantError, OperationalError } from '../errors.ts';
import { memoryBytesOf, type InputRecord } from '../record.ts';
import type { Positions } from './partition-logic.ts';
import type { MachineOptions, ProcessorInput } from './processor-options.ts';

/** What a fetched batch is, seen from what was expected. */
export type Verdict =
  /** The records that are new, in order. */
  | { readonly kind: 'take'; readonly records: readonly InputRecord[] }
  /** Everything in it was here before: a fetch of a former leader or position. */
  | { readonly kind: 'stale' }
  /** The consumer has jumped, or the log is shorter than it was. */
  | { readonly kind: 'suspect' };

/** Whose log it is. */
type LogOwner = Pick<MachineOptions<never>, 'connection' | 'partition'>;

/**
 * One topic of an owned partition, as the partition reads it: which offset comes next, and whether it may be fetched.
 *
 * Trap: on OFFSET_OUT_OF_RANGE kafkajs silently goes on at the topic's default offset, which skips what retention
 * deleted, or reads a log that was made anew. So every batch is judged by the offset that was expected.
 */
export class TopicSource {
  readonly topic: string;
  /** `undefined`: a state topic, which is only restored. */
  readonly input: ProcessorInput | undefined;
  /** The offset of the next record that may be taken; `undefined` until it is known where reading begins. */
  expected: number | undefined;
  /** Where its restore ends; `undefined` when nothing of it is restored, or all is. */
  restoreEnd: number | undefined;
  /** How far it is restored. */
  restoredTo = 0;
  /** Where its log ended when the partition was taken: what stands before may have been handled by a former owner. */
  formerEnd = 0;
  /** The brokers are asked what is true; nothing of it is taken meanwhile. */
  isHeld = false;
  /** The log was made anew while it was read, where that may be skipped: its offsets count from 0 again. */
  isAnew = false;
  /** What the consumer was told last. */
  flows: boolean | undefined;

  constructor(topic: string, input?: ProcessorInput) {
    this.topic = topic;
    this.input = input;
  }

  /** Where to go on in its log: see `offsetInLog`. */
  inLog(offset: number, range: LogRange, { connection, partition }: LogOwner): number {
    const at = { topic: connection.realName(this.topic), partition, offset };
    return offsetInLog(at, range, this.input?.onGap === 'skip');
  }

  /** Moves on behind a batch that is taken. */
  judge({ records, fetchedOffset, nextOffset, highWatermark }: FetchedBatch): Verdict {
    const { expected } = this;
    if (expected === undefined) return { kind: 'stale' };
    if (highWatermark < expected) return { kind: 'suspect' };
    if (nextOffset <= expected) return { kind: 'stale' };
    // What was filtered out tells only its own first offset: in a compacted log that may lie anywhere behind.
    if (fetchedOffset > expected && records.length > 0) return { kind: 'suspect' };
    this.expected = nextOffset;
    if (fetchedOffset === expected) return { kind: 'take', records };
    return { kind: 'take', records: records.filter(({ offset }) => offset >= expected) };
  }
}

/** All topics of an owned partition. */
export class TopicSources {
  readonly all: readonly TopicSource[];
  readonly #byTopic: ReadonlyMap<string, TopicSource>;

  /** @param stateTopics in the order in which they are restored. */
  constructor(inputs: readonly ProcessorInput[], stateTopics: readonly string[]) {
    const state = stateTopics.map((topic) => new TopicSource(topic));
    this.all = [...state, ...inputs.map((input) => new TopicSource(input.topic, input))];
    this.#byTopic = new Map(this.all.map((source) => [source.topic, source]));
  }

  get areRestored(): boolean {
    return this.all.every(({ restoreEnd }) => restoreEnd === undefined);
  }

  /** Whether something of it is to be restored, now: a state topic waits until those before it are. */
  isRestoring({ topic, input, restoreEnd }: TopicSource): boolean {
    if (restoreEnd === undefined || input !== undefined) return restoreEnd !== undefined;
    return this.all.find((source) => source.input === undefined && source.restoreEnd !== undefined)?.topic === topic;
  }

  of(topic: string): TopicSource {
    const source = this.#byTopic.get(topic);
    if (source === undefined) throw new InvariantError(`Expected a topic that the partition reads, but got ${topic}`);
    return source;
  }

  /** What stands behind another input waits until that has come to where it ended before. */
  isItsTurn(topic: string, handled: Positions): boolean {
    const behind = this.#byTopic.get(topic)?.input?.behind;
    if (behind === undefined) return true;
    return (handled.get(behind) ?? 0) >= (this.#byTopic.get(behind)?.formerEnd ?? 0);
  }
}

/** Values of records of a batch, from the record `from` on. */
export interface DecodedRecords<V> {
  readonly of: readonly V[];
  readonly from: number;
}

/** What of all topics of a partition is fetched and not handled, in the order it came. */
export class FetchedRecords<V> {
  #batches: { readonly batch: FetchedBatch; readonly bytes: number }[] = [];
  #bytes = 0;
  /** How many records of the head are handled. */
  handledCount = 0;
  /** Of the records of the head, from `from` on, once they are decoded. */
  values: DecodedRecords<V> | undefined;

  get bytes(): number {
    return this.#bytes;
  }

  get head(): FetchedBatch | undefined {
    return this.#batches[0]?.batch;
  }

  push(batch: FetchedBatch): void {
    let bytes = 0;
    for (const record of batch.records) bytes += memoryBytesOf(record);
    this.#batches.push({ batch, bytes });
    this.#bytes += bytes;
  }

  /** Removes the head, once it is handled. */
  shift(): void {
    this.#bytes -= this.#batches.shift()?.bytes ?? 0;
    this.handledCount = 0;
    this.values = undefined;
  }

  /** Of the head only what stands behind its first `count` records is left to be handled. */
  cutHead(count: number): void {
    const [head] = this.#batches;
    if (head === undefined) return;
    const { batch, bytes } = head;
    this.#batches[0] = { batch: { ...batch, records: batch.records.slice(count) }, bytes };
  }

  drop(topic: string): void {
    this.#keep((batch) => batch.topic !== topic);
  }

  clear(): void {
    this.#keep(() => false);
  }

  #keep(isKept: (batch: FetchedBatch) => boolean): void {
    this.#batches = this.#batches.filter(({ batch }) => isKept(batch));
    this.#bytes = this.#batches.reduce((sum, { bytes }) => sum + bytes, 0);
    this.handledCount = 0;
    this.values = undefined;
  }
}

/**
 * Where to go on in a log.
 *
 * @returns `offset` when the log has it; where gaps may be skipped, else its first one: behind what was deleted, and at the
 * beginning of a log that was made anew, of which nothing was read.
 * @throws OperationalError RKT1005 when records were deleted before they were read, or the log was made anew.
 */
export function offsetInLog(
  at: { readonly topic: string; readonly partition: number; readonly offset: number },
  log: LogRange,
  skip: boolean,
): number {
  const { topic, partition, offset } = at;
  if (offset >= log.start && offset <= log.end) return offset;
  if (skip) return log.start;
  throw new OperationalError(
    `Expected to go on at offset ${String(offset)} of ${topic}[${String(partition)}], but its log has the offsets ` +
      `${String(log.start)} to ${String(log.end)}`,
    'RKT1005',
    false,
  );
}

/** How many of its records stand before an offset. */
export function countBefore({ records }: FetchedBatch, end: number): number {
  const index = records.findLastIndex(({ offset }) => offset < end);
  return index + 1;
}
