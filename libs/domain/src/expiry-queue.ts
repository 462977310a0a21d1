import type { EpochMillis, Offset } from './units.ts';

/** Something that is removed at an instant. */
export interface Expiring<T> {
  readonly expiresAt: EpochMillis;
  readonly version: Offset;
  /** Orders what one command closed. */
  readonly key: string;
  readonly value: T;
}

/**
 * What was closed, the first to expire first: a binary heap by `expiresAt`, then by version, then by key.
 *
 * Entries are not taken out when their execution is replaced or removed: whoever reads says which are still current,
 * and the others are dropped when they come up.
 */
export class ExpiryQueue<T> {
  readonly #heap: Expiring<T>[] = [];

  push(entry: Expiring<T>): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = entry;
  }

  /** The current entries that expire at or before an instant, in order, at most `countMax`. They stay. */
  due(before: EpochMillis, countMax: number, isCurrent: (value: T) => boolean): readonly Expiring<T>[] {
    const due: Expiring<T>[] = [];
    while (due.length < countMax) {
      const first = this.#heap[0];
      if (first === undefined || first.expiresAt > before) break;
      this.#dropFirst();
      if (isCurrent(first.value)) due.push(first);
    }
    for (const entry of due) this.push(entry);
    return due;
  }

  #dropFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const child = this.#earlierChild(index);
      const entry = heap[child];
      if (entry === undefined || !isBefore(entry, last)) break;
      heap[index] = entry;
      index = child;
    }
    heap[index] = last;
  }

  #earlierChild(index: number): number {
    const left = this.#heap[2 * index + 1];
    const right = this.#heap[2 * index + 2];
    return left !== undefined && right !== undefined && isBefore(right, left) ? 2 * index + 2 : 2 * index + 1;
  }
}

function isBefore<T>(one: Expiring<T>, other: Expiring<T>): boolean {
  if (one.expiresAt !== other.expiresAt) return one.expiresAt < other.expiresAt;
  if (one.version !== other.version) return one.version < other.version;
  return one.key < other.key;
}
