import type { EpochMillis, Offset, Query } from '@ratchet/domain';

/** A question that has waited for this long is dropped: its asker asks again every few seconds. */
const parkedMsMax = 30_000;

/** Questions of one partition that may be parked; beyond, the oldest is dropped. */
export const parkedMax = 10_000;

interface Parked {
  readonly query: Query;
  readonly askedAt: number;
}

/**
 * Questions that wait until the log has come to what their askers have seen of it.
 *
 * They stand by the offset they wait for, and in a queue by their age: parking, answering and dropping one costs the same
 * however many wait.
 */
export class ParkedQueries {
  readonly #byOffset = new Map<Offset, Set<Parked>>();
  /** The oldest first, from `#first` on; what was answered meanwhile is passed over. */
  #queue: Parked[] = [];
  #first = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param askedAt the query's own timestamp, epoch milliseconds. */
  park(query: Query, askedAt: number): void {
    this.#dropBefore(askedAt - parkedMsMax);
    while (this.#count >= parkedMax) this.#dropOldest();
    const parked = { query, askedAt };
    const waiting = this.#byOffset.get(query.seenOffset);
    if (waiting === undefined) this.#byOffset.set(query.seenOffset, new Set([parked]));
    else waiting.add(parked);
    this.#queue.push(parked);
    this.#count++;
  }

  /** Those that waited for no more than the commands up to `offset`, which came after `former`. */
  take(former: Offset, offset: Offset, now: EpochMillis): readonly Query[] {
    if (this.#count === 0) return [];
    const taken: Query[] = [];
    const isShort = offset - former <= this.#byOffset.size;
    const reached = isShort ? range(former + 1, offset) : [...this.#byOffset.keys()].filter((each) => each <= offset);
    for (const each of reached) {
      const waiting = this.#byOffset.get(each);
      if (waiting === undefined) continue;
      this.#byOffset.delete(each);
      this.#count -= waiting.size;
      for (const { query } of waiting) taken.push(query);
    }
    this.#dropBefore(now - parkedMsMax);
    return taken;
  }

  #dropBefore(askedAt: number): void {
    for (let oldest = this.#queue[this.#first]; oldest !== undefined; oldest = this.#queue[this.#first]) {
      if (this.#isParked(oldest) && oldest.askedAt > askedAt) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const oldest = this.#queue[this.#first];
    if (oldest === undefined) return;
    this.#first++;
    if (this.#first * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#first = 0;
    }
    const { seenOffset } = oldest.query;
    const waiting = this.#byOffset.get(seenOffset);
    if (waiting?.delete(oldest) !== true) return;
    this.#count--;
    if (waiting.size === 0) this.#byOffset.delete(seenOffset);
  }

  #isParked(parked: Parked): boolean {
    return this.#byOffset.get(parked.query.seenOffset)?.has(parked) === true;
  }
}

function* range(from: Offset, to: Offset): Generator<Offset> {
  for (let each = from; each <= to; each++) yield each;
}
