interface Holder<V> {
  value: V | undefined;
}

/**
 * A map whose entries come and go by the thousand, as requests under way do.
 *
 * Trap: V8 gives a `Map` a new table whenever half of the old one is deleted entries. The old one keeps what was in it,
 * and knows its successor. Once one table is old enough to be left to the major garbage collection, so are all that
 * follow, with everything they ever held: objects that live for a moment are copied twice and marked. Here an entry that
 * is deleted lets go of its value.
 */
export class TransientMap<K, V extends object> {
  readonly #holders = new Map<K, Holder<V>>();

  get size(): number {
    return this.#holders.size;
  }

  has(key: K): boolean {
    return this.#holders.has(key);
  }

  get(key: K): V | undefined {
    return this.#holders.get(key)?.value;
  }

  set(key: K, value: V): this {
    const holder = this.#holders.get(key);
    if (holder === undefined) this.#holders.set(key, { value });
    else holder.value = value;
    return this;
  }

  delete(key: K): boolean {
    const holder = this.#holders.get(key);
    if (holder === undefined) return false;
    holder.value = undefined;
    return this.#holders.delete(key);
  }

  clear(): void {
    for (const holder of this.#holders.values()) holder.value = undefined;
    this.#holders.clear();
  }

  /** In the order in which the keys were set first. What is deleted meanwhile does not come. */
  *values(): Generator<V> {
    for (const { value } of this.#holders.values()) if (value !== undefined) yield value;
  }

  forEach(callback: (value: V) => void): void {
    for (const value of this.values()) callback(value);
  }
}
