/**
 * The tables of a partition's state, and how their keys are ordered: by number, or as text of ASCII by its code units.
 * `point` tables are never asked for a range.
 *
 * What one activity takes stands together in the order in which activities were scheduled; the keys that are drawn by
 * lot (`digest`) lead to small rows only. So a store on disk appends nearly all that it writes.
 */
export const stateTables = {
  /** Schedule offset -> snapshot, input, heartbeat: the bytes of the records of `executions`. */
  activities: 'number',
  inputs: 'number',
  heartbeats: 'number',
  /** Schedule offset -> snapshot: those of `outcomes`. */
  outcomes: 'number',
  /** Digest of a run key -> snapshot: of `executions`, and of `outcomes`. */
  runs: 'ordered',
  runOutcomes: 'ordered',
  /** Place of a schedule offset, or digest of a run key -> the same: what has closed and stands in `executions` still. */
  former: 'ordered',
  /** Digest of a run key, offset -> signal that waits. */
  signals: 'ordered',
  /** Digest of an execution key -> schedule offset. */
  ids: 'point',
  /** Digest of a partition key -> its latest life; see `LifeIndex`. */
  latest: 'point',
  /** Digest of a partition key, order -> a life of an id that has had several. */
  lives: 'ordered',
  /** Digest of a run key, schedule offset -> activity id. */
  openInRun: 'ordered',
  keptInRun: 'ordered',
  /** When it expires, version, schedule offset (absent: a run) -> schedule offset, or digest of a run key. */
  expiry: 'ordered',
  /** Task queue, when its task was due, schedule offset -> schedule offset. */
  unclaimed: 'ordered',
  /** Name of a tally -> how many. */
  tallies: 'ordered',
  /** Of whoever keeps the state. */
  notes: 'ordered',
} as const;

export type StateTable = keyof typeof stateTables;

export type StateKey = string | number;

/** Bytes are records of the state topics; numbers and ASCII text are what indexes say. */
export type StateValue = number | string | Uint8Array;

/** Where a partition's state stands: what is open with the progress, and what is closed. */
export const stateTopics = ['executions', 'outcomes'] as const;
export type StateTopic = (typeof stateTopics)[number];

/** Of each state topic an offset. */
export type StateOffsets = Readonly<Record<StateTopic, number>>;

/** What a store is as of: everything before an offset of each state topic, and nothing behind it. */
export interface StatePosition {
  readonly offsets: StateOffsets;
  /** The latest progress before it; absent in a store that has seen none yet. */
  readonly progress?: Uint8Array;
  /** When the store came to be as of it, epoch milliseconds, by this machine's clock. Absent: it never left memory. */
  readonly writtenAt?: number;
}

/** Rows that become part of the store together, with their position, or not at all. */
export interface StateBatch {
  /** @param value `undefined` removes the row. */
  put(table: StateTable, key: StateKey, value: StateValue | undefined): void;
  commit(position: StatePosition): void;
  /** Nothing of it was written. */
  rollback(): void;
}

/**
 * Ordered tables of one partition: a cache of its state topics, which may be lost at any time but never be wrong.
 *
 * Every method is synchronous, for `decide` is. Whatever throws leaves the store as it was or makes it unusable.
 */
export interface StateStore {
  /** Absent: it is empty. */
  readonly position: StatePosition | undefined;
  get(table: StateTable, key: StateKey): StateValue | undefined;
  /** The first rows of an ordered table from a key on (inclusive) and before another; with `reversed` the last ones, the last first. */
  range(
    table: StateTable,
    bounds: { readonly from: string; readonly to: string; readonly countMax: number; readonly reversed?: boolean },
  ): readonly (readonly [key: string, value: StateValue])[];
  /** The first keys of a table of numbers from one on. */
  numbers(table: StateTable, from: number, countMax: number): readonly number[];
  /** One at a time. What was put can be read at once. */
  batch(): StateBatch;
  /** Removes everything. */
  clear(): void;
  close(): void;
}

/** A store in memory, for whoever needs none that outlives it. */
export class MemoryStore implements StateStore {
  #position: StatePosition | undefined;
  readonly #tables = new Map<StateTable, Table>();

  get position(): StatePosition | undefined {
    return this.#position;
  }

  get(table: StateTable, key: StateKey): StateValue | undefined {
    return this.#tables.get(table)?.rows.get(key);
  }

  range(
    table: StateTable,
    { from, to, countMax, reversed = false }: Parameters<StateStore['range']>[1],
  ): readonly (readonly [string, StateValue])[] {
    const keys = this.#table(table).keysIn({ from, to, countMax, reversed }) as readonly string[];
    return keys.map((key) => [key, this.get(table, key) ?? ''] as const);
  }

  numbers(table: StateTable, from: number, countMax: number): readonly number[] {
    return this.#table(table).keysIn({ from, to: Infinity, countMax }) as readonly number[];
  }

  batch(): StateBatch {
    const former: [StateTable, StateKey, StateValue | undefined][] = [];
    return {
      put: (table, key, value) => {
        former.push([table, key, this.get(table, key)]);
        this.#table(table).put(key, value);
      },
      commit: (position) => {
        this.#position = position;
      },
      rollback: () => {
        for (const [table, key, value] of former.reverse()) this.#table(table).put(key, value);
      },
    };
  }

  clear(): void {
    this.#tables.clear();
    this.#position = undefined;
  }

  close(): void {
    this.clear();
  }

  #table(name: StateTable): Table {
    let table = this.#tables.get(name);
    if (table === undefined) this.#tables.set(name, (table = new Table(stateTables[name] !== 'point')));
    return table;
  }
}

interface KeyBounds {
  readonly from: StateKey;
  readonly to: StateKey;
  readonly countMax: number;
  readonly reversed?: boolean;
}

/** Rows, and their keys in order where somebody asks for ranges of them. */
export class Table<T = StateValue> {
  readonly rows = new Map<StateKey, T>();
  readonly #keys: StateKey[] = [];
  readonly #isOrdered: boolean;

  constructor(isOrdered: boolean) {
    this.#isOrdered = isOrdered;
  }

  /** @param value `undefined` removes the row. */
  put(key: StateKey, value: T | undefined): void {
    const isKnown = this.rows.has(key);
    if (value === undefined) this.rows.delete(key);
    else this.rows.set(key, value);
    if (!this.#isOrdered || isKnown === (value !== undefined)) return;
    this.#keys.splice(this.#indexOf(key), isKnown ? 1 : 0, ...(isKnown ? [] : [key]));
  }

  /** As `StateStore.range`. */
  keysIn({ from, to, countMax, reversed = false }: KeyBounds): readonly StateKey[] {
    const [start, end] = [this.#indexOf(from), this.#indexOf(to)];
    if (reversed) return this.#keys.slice(Math.max(start, end - countMax), end).reverse();
    return this.#keys.slice(start, Math.min(end, start + countMax));
  }

  /** Where the first one stands that does not come before a key. */
  #indexOf(key: StateKey): number {
    const keys = this.#keys;
    let [low, high] = [0, keys.length];
    // Nearly always the next one is the last.
    if (high === 0 || (keys[high - 1] ?? key) < key) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] ?? key) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const digits = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const numberMax = 2 ** 48 - 1;

/** The number that `ordered` made a text of, or whose text it begins with. */
export function orderedNumber(text: string): number {
  let value = 0;
  for (let index = 0; index < 8; index++) value = value * 64 + digits.indexOf(text.charAt(index));
  return value;
}

const pairs = Array.from({ length: 4096 }, (_, index) => digits.charAt(index >>> 6) + digits.charAt(index & 63));
const pair = (index: number): string => pairs[index] ?? '';

/** A whole number from 0 on as eight characters that are ordered as the numbers are. */
export function ordered(value: number): string {
  const bounded = Math.min(value, numberMax);
  const [high, low] = [Math.floor(bounded / 2 ** 24), bounded % 2 ** 24];
  return pair(high >>> 12) + pair(high & 4095) + pair(low >>> 12) + pair(low & 4095);
}
