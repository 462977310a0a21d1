/** The bytes that the caches of a process may take together: what one holds the others must do without. */
export interface CacheBudget {
  readonly bytesMax: number;
  usedBytes: number;
}

export const cacheBudget = (bytesMax: number): CacheBudget => ({ bytesMax, usedBytes: 0 });

interface Kept<T> {
  readonly entity: T;
  readonly bytes: number;
}

/**
 * Decoded entities of a partition by their key. What has changed since the last seal is pinned: nobody else has it. The
 * rest stays by latest use as far as the budget goes, and is read from the rows again when it is asked for.
 */
export class EntityCache<T> {
  readonly #budget: CacheBudget;
  readonly #pinned = new Map<string, T>();
  readonly #kept = new Map<string, Kept<T>>();

  constructor(budget: CacheBudget) {
    this.#budget = budget;
  }

  get(key: string): T | undefined {
    const pinned = this.#pinned.get(key);
    if (pinned !== undefined) return pinned;
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    return kept.entity;
  }

  isPinned(key: string): boolean {
    return this.#pinned.has(key);
  }

  pinned(): Iterable<readonly [key: string, entity: T]> {
    return this.#pinned;
  }

  pin(key: string, entity: T): void {
    this.#drop(key);
    this.#pinned.set(key, entity);
  }

  /** What was pinned can be read from the rows from now on. */
  unpin(bytesOf: (entity: T) => number): void {
    const all = [...this.#pinned];
    this.#pinned.clear();
    for (const [key, entity] of all) this.keep(key, entity, bytesOf(entity));
  }

  keep(key: string, entity: T, bytes: number): void {
    this.#drop(key);
    this.#kept.set(key, { entity, bytes });
    this.#budget.usedBytes += bytes;
    for (const [oldest] of this.#kept) {
      if (this.#budget.usedBytes <= this.#budget.bytesMax) return;
      this.#drop(oldest);
    }
  }

  delete(key: string): void {
    this.#pinned.delete(key);
    this.#drop(key);
  }

  clear(): void {
    this.#pinned.clear();
    for (const { bytes } of this.#kept.values()) this.#budget.usedBytes -= bytes;
    this.#kept.clear();
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#budget.usedBytes -= kept.bytes;
  }
}
