import {
  stateTables,
  Table,
  type StateBatch,
  type StateKey,
  type StateOffsets,
  type StatePosition,
  type StateStore,
  type StateTable,
  type StateValue,
} from './state-store.ts';
import { invariant } from './units.ts';

/** A value that has no bytes yet. */
export type Row = StateValue | object;

const bodies = ['activities', 'outcomes'] as const;

const isOrdered = (table: StateTable): boolean => stateTables[table] === 'ordered';

/** What was put since some moment; `removed` hides a row of what is below. */
class Layer {
  readonly #tables = new Map<StateTable, Table<Row | typeof removed>>();
  /** Keys of rows that nothing below has. */
  readonly #added = new Map<StateTable, Set<StateKey>>();
  /** Of a sealed one: where it leads. */
  position: StatePosition | undefined;
  rowCount = 0;

  get(table: StateTable, key: StateKey): Row | typeof removed | undefined {
    return this.#tables.get(table)?.rows.get(key);
  }

  put(table: StateTable, key: StateKey, value: Row | undefined): void {
    let rows = this.#tables.get(table);
    if (rows === undefined) this.#tables.set(table, (rows = new Table(isOrdered(table))));
    if (!rows.rows.has(key)) this.rowCount++;
    rows.put(key, value ?? removed);
  }

  /** A row that nothing below has. */
  add(table: StateTable, key: StateKey, value: Row): void {
    if (this.get(table, key) === undefined) this.#addedIn(table).add(key);
    this.put(table, key, value);
  }

  isAdded(table: StateTable, key: StateKey): boolean {
    return this.#added.get(table)?.has(key) === true;
  }

  /** What is nowhere below leaves no trace. */
  remove(table: StateTable, key: StateKey): void {
    if (this.isAdded(table, key)) this.drop(table, key);
    else this.put(table, key, undefined);
  }

  /** Whether it has a row that is there. */
  has(table: StateTable, key: StateKey): boolean {
    const row = this.get(table, key);
    return row !== undefined && row !== removed;
  }

  drop(table: StateTable, key: StateKey): void {
    this.#tables.get(table)?.put(key, undefined);
    this.#added.get(table)?.delete(key);
    this.rowCount--;
  }

  keysIn(table: StateTable, bounds: RangeBounds): readonly StateKey[] {
    return this.#tables.get(table)?.keysIn(bounds) ?? [];
  }

  *rows(): Generator<readonly [StateTable, StateKey, Row | typeof removed]> {
    for (const [table, { rows }] of this.#tables) for (const [key, value] of rows) yield [table, key, value];
  }

  /** Puts what a later layer has over it. */
  merge(later: Layer): void {
    for (const [table, key, value] of later.rows()) {
      if (value === removed) this.remove(table, key);
      else if (later.isAdded(table, key)) this.add(table, key, value);
      else this.put(table, key, value);
    }
  }

  #addedIn(table: StateTable): Set<StateKey> {
    let keys = this.#added.get(table);
    if (keys === undefined) this.#added.set(table, (keys = new Set()));
    return keys;
  }
}

const removed = Symbol('removed');

/** Rows that are put into a store at once; a batch of more gives the event loop its turn in between. */
const sliceRows = 500;
/** Rows that a page of a range has. */
const pageRows = 256;

/**
 * The rows of a partition's state: those of its store, and above it in layers what the store must not have yet.
 *
 * ```
 * put -> open --seal--> sealed, one after the other --committed--> unwritten --write--> writing -> store
 * ```
 *
 * A layer that is sealed waits for the transaction that commits the same records, so the store never has what Kafka has
 * not; what was committed is written in batches, so that what changes often is written seldom. Reading goes from above.
 */
export class StateRows {
  #store: StateStore;
  #open = new Layer();
  readonly #sealed: Layer[] = [];
  #unwritten = new Layer();
  #writing: Layer | undefined;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** Goes on with what another store has. */
  use(store: StateStore): void {
    invariant(
      this.#open.rowCount === 0 && this.unwrittenCount === 0,
      'a store is exchanged under a state that has changed',
    );
    this.#store = store;
  }

  /** Rows that are committed and not in the store yet. */
  get unwrittenCount(): number {
    return this.#unwritten.rowCount + (this.#writing?.rowCount ?? 0);
  }

  /** Rows that were put since the last seal. */
  get openCount(): number {
    return this.#open.rowCount;
  }

  get(table: StateTable, key: StateKey): Row | undefined {
    return valueOf(this.#open.get(table, key) ?? this.#below(table, key));
  }

  /** As of the last seal. */
  sealed(table: StateTable, key: StateKey): Row | undefined {
    return valueOf(this.#below(table, key));
  }

  put(table: StateTable, key: StateKey, value: Row | undefined): void {
    if (value !== undefined) return this.#open.put(table, key, value);
    // What came and went within the group leaves no trace: many do.
    const isKnown = this.#open.isAdded(table, key);
    const isGone = !isKnown && this.#open.has(table, key) && this.#below(table, key) === undefined;
    if (isGone) this.#open.drop(table, key);
    else this.#open.remove(table, key);
  }

  /** Puts a row that is not there: if it goes before it is in the store, the store never hears of it. */
  add(table: StateTable, key: StateKey, value: Row): void {
    this.#open.add(table, key, value);
  }

  tally(name: string): number {
    return (this.get('tallies', name) as number | undefined) ?? 0;
  }

  count(name: string, change: number): void {
    const tally = this.tally(name) + change;
    this.put('tallies', name, tally === 0 ? undefined : tally);
  }

  /** The rows whose keys begin with `prefix`, from one key on or (`reversed`) up to it. Rows may be put meanwhile. */
  *range(
    table: StateTable,
    prefix: string,
    { from = prefix, to = `${prefix}\x7F`, reversed = false, countMax = pageRows }: RangeOptions = {},
  ): Generator<readonly [key: string, value: Row]> {
    let bounds = { from, to };
    for (;;) {
      const page = this.#page(table, { ...bounds, countMax, reversed });
      yield* page.rows;
      if (page.last === undefined) return;
      bounds = reversed ? { ...bounds, to: page.last } : { ...bounds, from: `${page.last} ` };
    }
  }

  /** Removes the parts of activities that are not in the store, as `PartitionState.sweep` says. */
  *sweep(from: number): Generator<void, void> {
    for (const table of ['inputs', 'heartbeats'] as const) {
      for (let next = from; ;) {
        const parts = this.#store.numbers(table, next, sweptRows);
        const there = new Set(this.#store.numbers('activities', next, sweptRows));
        const last = Math.min(lastOf(parts), lastOf([...there]));
        for (const offset of parts) if (offset <= last && !there.has(offset)) this.put(table, offset, undefined);
        if (last === Infinity || parts.length === 0) break;
        next = last + 1;
        yield;
      }
    }
  }

  /** The keys of the activities, open and closed, in no particular order. */
  offsets(): Iterable<number> {
    const offsets = new Set<number>();
    for (const table of bodies) {
      for (let from = 0; ;) {
        const page = this.#store.numbers(table, from, pageRows);
        for (const offset of page) offsets.add(offset);
        if (page.length < pageRows) break;
        from = (page.at(-1) ?? 0) + 1;
      }
    }
    for (const layer of this.#layers())
      for (const [table, key] of layer.rows()) if (bodies.some((body) => body === table)) offsets.add(key as number);
    return offsets;
  }

  /** What was put so far is to be committed, and leads to `progress` then. */
  seal(progress: Uint8Array): void {
    this.#open.position = { offsets: { executions: -1, outcomes: -1 }, progress };
    this.#sealed.push(this.#open);
    this.#open = new Layer();
  }

  /** The oldest sealed layer is committed; behind it the state topics go on at `offsets`. */
  committed(offsets: StateOffsets): void {
    const layer = this.#sealed.shift();
    invariant(layer?.position !== undefined, 'a group is committed that was not sealed');
    if (this.#unwritten.rowCount === 0) this.#unwritten = layer;
    else this.#unwritten.merge(layer);
    this.#unwritten.position = { ...layer.position, offsets };
  }

  /** Takes what was put so far for what the state topics have up to a position: of a restore, where nothing is sealed. */
  restored(position: StatePosition): void {
    invariant(this.#sealed.length === 0 && this.#unwritten.rowCount === 0, 'a restore into a state that has changed');
    this.#open.position = position;
    this.#unwritten = this.#open;
    this.#open = new Layer();
  }

  /** Writes what is committed into the store; the event loop may have its turn wherever it yields. */
  *write(): Generator<void, void> {
    invariant(this.#writing === undefined, 'two batches are written at once');
    const layer = this.#unwritten;
    if (layer.position === undefined) return;
    this.#unwritten = new Layer();
    this.#writing = layer;
    const batch = this.#store.batch();
    let isWritten = false;
    try {
      yield* putAll(batch, layer);
      batch.commit(layer.position);
      isWritten = true;
    } finally {
      // Ended before its end: by an error, or by whoever closes the state.
      if (!isWritten) batch.rollback();
    }
    this.#writing = undefined;
  }

  #below(table: StateTable, key: StateKey): Row | typeof removed | undefined {
    for (let index = this.#sealed.length - 1; index >= 0; index--) {
      const found = this.#sealed[index]?.get(table, key);
      if (found !== undefined) return found;
    }
    return this.#unwritten.get(table, key) ?? this.#writing?.get(table, key) ?? this.#store.get(table, key);
  }

  /** The rows up to where the first of the sources has more of them than it was asked for; `last`: there. */
  #page(
    table: StateTable,
    bounds: RangeBounds,
  ): { readonly rows: readonly (readonly [string, Row])[]; readonly last?: string } {
    const { reversed, countMax } = bounds;
    const isBefore = (one: string, other: string): boolean => one < other !== reversed && one !== other;
    const stored = this.#store.range(table, bounds);
    const merged = new Map<string, Row | typeof removed>(stored);
    let last = stored.length < countMax ? undefined : stored.at(-1)?.[0];
    for (const layer of this.#layers()) {
      const keys = layer.keysIn(table, bounds) as readonly string[];
      const end = keys.length < countMax ? undefined : keys.at(-1);
      if (end !== undefined && (last === undefined || isBefore(end, last))) last = end;
      for (const key of keys) merged.set(key, layer.get(table, key) ?? removed);
    }
    const rows = [...merged].filter(
      (row): row is [string, Row] => row[1] !== removed && isWithin(row[0], last, isBefore),
    );
    rows.sort(([one], [other]) => (isBefore(one, other) ? -1 : 1));
    return last === undefined ? { rows } : { rows, last };
  }

  /** What hides what, the lowest first. */
  #layers(): readonly Layer[] {
    const above = [this.#unwritten, ...this.#sealed, this.#open];
    return this.#writing === undefined ? above : [this.#writing, ...above];
  }
}

type RangeBounds = Parameters<StateStore['range']>[1] & { readonly reversed: boolean };

const isWithin = (key: string, last: string | undefined, isBefore: (one: string, other: string) => boolean): boolean =>
  last === undefined || !isBefore(last, key);

/** Keys that a sweep reads at once. */
const sweptRows = 2_000;

const lastOf = (offsets: readonly number[]): number =>
  offsets.length < sweptRows ? Infinity : (offsets.at(-1) ?? Infinity);

export interface RangeOptions {
  readonly from?: string;
  readonly to?: string;
  readonly reversed?: boolean;
  /** Rows that are asked of the store at once. */
  readonly countMax?: number;
}

function* putAll(batch: StateBatch, layer: Layer): Generator<void, void> {
  let count = 0;
  for (const [table, key, value] of layer.rows()) {
    batch.put(table, key, valueOf(value) as StateValue | undefined);
    if (++count % sliceRows === 0) yield;
  }
}

const valueOf = (value: Row | typeof removed | undefined): Row | undefined => (value === removed ? undefined : value);
