import type { StateTable, StateValue } from '@ratchet/domain';

/** Rows of one table that wait; beyond, they are handed over. So many are sorted and put in about 25 ms. */
const stagedRowsMax = 8_000;
/** For ten million keys, of 8 MiB: of those that are not there one in twenty looks as if it were. */
const filterBitsMax = 2 ** 26;

type Rows = Map<string, StateValue | undefined>;

/**
 * The rows of `point` tables while a store is filled from nothing. Their keys are drawn by lot: put one by one, each would lie on
 * another page, and to look for one that is not there costs as much as to put it. So they wait and are put in the order of their
 * keys, and most that are not there are known not to be.
 */
export class BulkLoad {
  readonly #staged = new Map<StateTable, Rows>();
  readonly #filter: Uint32Array;

  /** @param bytesMax what may be remembered of keys that were put, in bytes. */
  constructor(bytesMax: number) {
    const bits = Math.min(2 ** Math.floor(Math.log2(Math.max(bytesMax, 4) * 8)), filterBitsMax);
    this.#filter = new Uint32Array(bits / 32);
  }

  /** Whether a row may be in the table or waits for it. */
  mayHave(table: StateTable, key: string): boolean {
    for (const bit of this.#bitsOf(table, key))
      if (((this.#filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    return true;
  }

  /** What waits under a key; `value` absent: the row is to be removed. */
  staged(table: StateTable, key: string): { readonly value: StateValue | undefined } | undefined {
    const rows = this.#staged.get(table);
    return rows?.has(key) === true ? { value: rows.get(key) } : undefined;
  }

  /** @returns what puts things back as they were. */
  stage(table: StateTable, key: string, value: StateValue | undefined): () => void {
    let rows = this.#staged.get(table);
    if (rows === undefined) this.#staged.set(table, (rows = new Map<string, StateValue | undefined>()));
    const former = this.staged(table, key);
    rows.set(key, value);
    if (value !== undefined) for (const bit of this.#bitsOf(table, key)) this.#mark(bit);
    return () => {
      if (former === undefined) this.#staged.get(table)?.delete(key);
      else this.#staged.get(table)?.set(key, former.value);
    };
  }

  /** Hands over a table of which enough waits, or all of them, each in the order of its keys. */
  *take(isAll: boolean): Generator<readonly [StateTable, string, StateValue | undefined]> {
    for (const [table, rows] of this.#staged) {
      if (!isAll && rows.size < stagedRowsMax) continue;
      this.#staged.delete(table);
      for (const key of [...rows.keys()].sort()) yield [table, key, rows.get(key)];
      if (!isAll) return;
    }
  }

  #mark(bit: number): void {
    this.#filter[bit >>> 5] = (this.#filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
  }

  /** FNV-1a, and three steps of another hash from there. */
  #bitsOf(table: StateTable, key: string): readonly [number, number, number] {
    let hash = 0x811c9dc5 ^ table.length;
    for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
    const step = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) | 1;
    const mask = this.#filter.length * 32 - 1;
    return [hash & mask, (hash + step) & mask, (hash + 2 * step) & mask];
  }
}
