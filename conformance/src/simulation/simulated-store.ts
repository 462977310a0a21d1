import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  stateTables,
  Table,
  type StateBatch,
  type StateKey,
  type StatePosition,
  type StateStore,
  type StateTable,
  type StateValue,
} from '@ratchet/domain';
import { OperationalError } from '@ratchet/kafka';
import { DiskStore } from '@ratchet/store';
import type { SimulatedProcess, World } from './world.ts';

/** Where an instance of the scheduler keeps the state of its partitions: what outlives its process. */
interface StateFiles {
  open(partition: number): StateStore;
  /** The process dies: the files are as they stand now. */
  crash(): void;
  /** Someone keeps a copy of them as they stand now. */
  copy(): void;
  lose(): void;
  /** The copy takes their place. @returns false where there is none. */
  restoreCopy(): boolean;
  /** Nobody needs them any more. */
  remove(): void;
}

/** The local disk of one instance of the scheduler, and what may go wrong with it. */
export class SimulatedDisk {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #files: StateFiles;
  /** Until when nothing can be written. */
  fullUntil = -Infinity;

  constructor(world: World, process: SimulatedProcess) {
    this.#world = world;
    this.#process = process;
    // SQLite takes more time than all else, so only some have it.
    this.#files = world.roll(8) === 0 ? new DiskFiles() : new MemoryFiles();
  }

  open(partition: number): StateStore {
    this.#checkRoom();
    if (this.#world.roll(6) === 0) this.#files.copy();
    const store = this.#files.open(partition);
    const { life } = this.#process;
    const batch = store.batch.bind(store);
    store.batch = () => {
      if (this.#process.life !== life) throw closed();
      this.#checkRoom();
      return batch();
    };
    return store;
  }

  /** The process dies, and someone may do something to the files before the next one begins. */
  crash(): void {
    this.#files.crash();
    if (this.#world.happens('store-lost', 10)) this.#files.lose();
    else if (this.#world.roll(4) === 0 && this.#files.restoreCopy()) this.#world.count('store-old');
  }

  remove(): void {
    this.#files.remove();
  }

  #checkRoom(): void {
    if (this.#world.now < this.fullUntil)
      throw new OperationalError('Expected to write the state store, but the disk is full', 'RKT1012', true);
    if (this.#world.happens('disk-slow', 1)) this.#process.sleepsUntil = this.#world.now + this.#world.between(50, 800);
  }
}

const closed = (): OperationalError =>
  new OperationalError('Expected an open state store, but it is closed', 'RKT1012', true);

// --- SQLite ---

/** The product's own store. What a process leaves behind that is killed is a copy of its files while they are open. */
class DiskFiles implements StateFiles {
  readonly #root = mkdtempSync(join(tmpdir(), 'ratchet-simulation-'));
  readonly #folder = join(this.#root, 'state');
  readonly #copied = join(this.#root, 'copy');
  readonly #left = join(this.#root, 'left');
  readonly #open = new Set<DiskStore>();
  #hasCopy = false;

  constructor() {
    mkdirSync(this.#folder);
  }

  open(partition: number): StateStore {
    const of = { cluster: 'simulated' };
    const store = new DiskStore({
      folder: this.#folder,
      partition,
      of,
      pageBytesMax: 1_000_000,
      onDiscarded: () => undefined,
    });
    this.#open.add(store);
    return store;
  }

  crash(): void {
    cpSync(this.#folder, this.#left, { recursive: true });
    this.#closeAll();
    rmSync(this.#folder, { recursive: true });
    renameSync(this.#left, this.#folder);
  }

  copy(): void {
    rmSync(this.#copied, { recursive: true, force: true });
    cpSync(this.#folder, this.#copied, { recursive: true });
    this.#hasCopy = true;
  }

  lose(): void {
    rmSync(this.#folder, { recursive: true });
    mkdirSync(this.#folder);
  }

  restoreCopy(): boolean {
    if (!this.#hasCopy) return false;
    rmSync(this.#folder, { recursive: true });
    cpSync(this.#copied, this.#folder, { recursive: true });
    return true;
  }

  remove(): void {
    this.#closeAll();
    rmSync(this.#root, { recursive: true, force: true });
  }

  #closeAll(): void {
    for (const store of this.#open) store.close();
    this.#open.clear();
  }
}

// --- memory ---

interface Contents {
  readonly tables: ReadonlyMap<StateTable, Table>;
  position: StatePosition | undefined;
  /** Takes back what was put and not committed. */
  undo: (() => void) | undefined;
}

const emptyContents = (): Contents => ({
  tables: new Map(Object.entries(stateTables).map(([name, kind]) => [name as StateTable, new Table(kind !== 'point')])),
  position: undefined,
  undo: undefined,
});

function copyOf({ tables, position }: Contents): Contents {
  const copy = emptyContents();
  for (const [name, table] of tables) for (const [key, value] of table.rows) copy.tables.get(name)?.put(key, value);
  copy.position = position;
  return copy;
}

/** As a disk has them, without one: what was not committed is not in it after a crash. */
class MemoryFiles implements StateFiles {
  #files = new Map<number, Contents>();
  #copied: Map<number, Contents> | undefined;

  open(partition: number): StateStore {
    const contents = this.#files.get(partition) ?? emptyContents();
    this.#files.set(partition, contents);
    return new FileInMemory(contents);
  }

  crash(): void {
    for (const contents of this.#files.values()) contents.undo?.();
  }

  copy(): void {
    this.#copied = new Map(Array.from(this.#files, ([partition, contents]) => [partition, copyOf(contents)]));
  }

  lose(): void {
    this.#files = new Map();
  }

  restoreCopy(): boolean {
    if (this.#copied === undefined) return false;
    this.#files = new Map(Array.from(this.#copied, ([partition, contents]) => [partition, copyOf(contents)]));
    return true;
  }

  remove(): void {
    this.lose();
  }
}

class FileInMemory implements StateStore {
  readonly #contents: Contents;
  #isClosed = false;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  get position(): StatePosition | undefined {
    return this.#contents.position;
  }

  get(table: StateTable, key: StateKey): StateValue | undefined {
    return this.#table(table).rows.get(key);
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
    const former: [Table, StateKey, StateValue | undefined][] = [];
    const contents = this.#contents;
    const undo = (): void => {
      for (const [table, key, value] of former.reverse()) table.put(key, value);
      contents.undo = undefined;
    };
    contents.undo = undo;
    return {
      put: (name, key, value) => {
        const table = this.#table(name);
        former.push([table, key, table.rows.get(key)]);
        table.put(key, value);
      },
      commit: (position) => {
        this.#checkOpen();
        contents.position = { writtenAt: Date.now(), ...position };
        contents.undo = undefined;
      },
      rollback: undo,
    };
  }

  clear(): void {
    this.#checkOpen();
    for (const table of this.#contents.tables.values())
      for (const key of [...table.rows.keys()]) table.put(key, undefined);
    this.#contents.position = undefined;
  }

  close(): void {
    this.#isClosed = true;
  }

  #table(name: StateTable): Table {
    this.#checkOpen();
    const table = this.#contents.tables.get(name);
    if (table === undefined) throw new RangeError(`Expected a table of the state, but there is no ${name}`);
    return table;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw closed();
  }
}
