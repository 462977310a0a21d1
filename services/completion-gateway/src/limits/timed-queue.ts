import type { Bound, OnReached } from './quota.ts';

export interface TimedQueueParts {
  readonly count: Bound;
  readonly ms: Bound;
  readonly onReached: OnReached;
}

export type Cut = (why: 'time' | 'count') => void;

interface Entry {
  readonly since: number;
  /** Let go when it leaves: a former table of a `Set` keeps what was in it (see `TransientMap`). */
  cut: Cut | undefined;
}

const lookMs = 250;

/**
 * What may take a moment and no longer, such as a request that has begun to arrive: the oldest is cut off when it has
 * taken too long, and when there are too many, so that whoever is slow gives way to whoever comes.
 */
export class TimedQueue {
  readonly #parts: TimedQueueParts;
  /** In the order in which they came. */
  readonly #entries = new Set<Entry>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: TimedQueueParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** @param cut called once, unless it has left before. @returns the function by which it leaves. */
  add(cut: Cut): () => void {
    if (this.#entries.size >= this.#parts.count.max) this.#cutOldest('count');
    const entry: Entry = { since: performance.now(), cut };
    this.#entries.add(entry);
    this.#timer ??= setInterval(() => {
      this.#look();
    }, lookMs).unref();
    return () => {
      entry.cut = undefined;
      this.#entries.delete(entry);
    };
  }

  #look(): void {
    const overdue = performance.now() - this.#parts.ms.max;
    for (const entry of this.#entries) {
      if (entry.since > overdue) break;
      this.#cut(entry, 'time');
    }
    if (this.#entries.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #cutOldest(why: 'count'): void {
    const [oldest] = this.#entries;
    if (oldest !== undefined) this.#cut(oldest, why);
  }

  #cut(entry: Entry, why: 'time' | 'count'): void {
    const { cut } = entry;
    entry.cut = undefined;
    this.#entries.delete(entry);
    this.#parts.onReached(this.#parts[why === 'time' ? 'ms' : 'count'].variable);
    cut?.(why);
  }
}
