import type { FetchedBatch } from '../consumers/group-consumer.ts';
import type { InputRecord } from '../record.ts';

/** What a fetched batch is, seen from what was expected. */
export type Verdict =
  /** The records that are new, in order. */
  | { readonly kind: 'take'; readonly records: readonly InputRecord[] }
  /** Everything in it was here before: a fetch of a former leader or position. */
  | { readonly kind: 'stale' }
  /** The consumer has jumped, or the log is shorter than it was. */
  | { readonly kind: 'suspect' };

/**
 * Knows the next offset of one partition of one topic and looks whether that is what came.
 *
 * Trap: on OFFSET_OUT_OF_RANGE kafkajs silently goes on at the topic's default offset, which skips what retention
 * deleted, or reads a log that was made anew.
 */
export class PositionGuard {
  #expected: number;

  constructor(expected: number) {
    this.#expected = expected;
  }

  /** The offset of the next record that may be taken. */
  get expected(): number {
    return this.#expected;
  }

  moveTo(offset: number): void {
    this.#expected = offset;
  }

  judge(batch: FetchedBatch): Verdict {
    const { records, fetchedOffset, nextOffset, highWatermark } = batch;
    const expected = this.#expected;
    if (highWatermark < expected) return { kind: 'suspect' };
    if (nextOffset <= expected) return { kind: 'stale' };
    // What was filtered out tells only its own first offset: in a compacted log that may lie anywhere behind.
    if (fetchedOffset > expected && records.length > 0) return { kind: 'suspect' };
    this.#expected = nextOffset;
    if (fetchedOffset === expected) return { kind: 'take', records };
    return { kind: 'take', records: records.filter(({ offset }) => offset >= expected) };
  }
}
