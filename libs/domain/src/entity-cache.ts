/** What gives room when the budget is used up. */
interface Evictable {
  readonly bytes: number;
  evictOldest(): void;
}

/**
 * The bytes that the caches of a process may take together. Where there is no room the largest cache gives it, so that one
 * that is not used any more leaves it to those that are.
 */
export class CacheBudget {
  readonly #bytesMax: number;
  readonly #caches = new Set<Evictable>();
  #usedBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** @param bytes negative: so many are free again. */
  use(cache: Evictable, bytes: number): void {
    this.#usedBytes += bytes;
    if (bytes > 0) this.#caches.add(cache);
    else if (cache.bytes === 0) this.#caches.delete(cache);
    while (this.#usedBytes > this.#bytesMax) this.#largest()?.evictOldest();
  }

  #largest(): Evictable | undefined {
    let largest: Evictable | undefined;
    for (const cache of this.#caches) if (cache.bytes > (largest?.bytes ?? 0)) largest = cache;
    return largest;
  }
}

interface Kept<T> {
  readonly entity: T;
  readonly bytes: number;
}

/**
 * Decoded entities of a partition by their key. What has changed since the last seal is pinned: nobody else has it. The
 * rest stays by latest use as far as the budget goes, and is read from the rows again when it is asked for.
 */
export class EntityCache<T> implements Evictable {
  readonly #budget: CacheBudget;
  readonly #pinned = new Map<string, T>();
  readonly #kept = new Map<string, Kept<T>>();
  /** Goes on where it was: from the start it would pass the places of all that were evicted before. */
  #oldest = this.#kept.keys();
  #bytes = 0;

  constructor(budget: CacheBudget) {
    this.#budget = budget;
  }

  /** Of what is not pinned. */
  get bytes(): number {
    return this.#bytes;
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

  has(key: string): boolean {
    return this.#pinned.has(key) || this.#kept.has(key);
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
    for (const [key, entity] of this.#pinned) this.keep(key, entity, bytesOf(entity));
    this.#pinned.clear();
  }

  keep(key: string, entity: T, bytes: number): void {
    this.#drop(key);
    this.#kept.set(key, { entity, bytes });
    this.#use(bytes);
  }

  evictOldest(): void {
    let oldest = this.#oldest.next();
    // An iterator that has come to the end stays there.
    if (oldest.done === true) oldest = (this.#oldest = this.#kept.keys()).next();
    if (oldest.done !== true) this.#drop(oldest.value);
  }

  delete(key: string): void {
    this.#pinned.delete(key);
    this.#drop(key);
  }

  clear(): void {
    this.#pinned.clear();
    this.#kept.clear();
    this.#use(-this.#bytes);
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#use(-kept.bytes);
  }

  #use(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.use(this, bytes);
  }
}
