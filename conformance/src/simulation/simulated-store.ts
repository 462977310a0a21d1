import {
  stateTables,
  type StateBatch,
  type StateKey,
  type StatePosition,
  type StateStore,
  type StateTable,
  type StateValue,
  Table,
} from '@ratchet/domain';
import { OperationalError } from '@ratchet/kafka';
import type { SimulatedProcess, World } from './world.ts';

interface Contents {
  readonly tables: ReadonlyMap<StateTable, Table>;
  position: StatePosition | undefined;
  /** Of what was put and not committed. */
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

/** The local disk of one instance of the scheduler: a file for each partition, which outlives the process. */
export class SimulatedDisk {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #files = new Map<number, Contents>();
  /** As a file was some time ago. */
  readonly #copies = new Map<number, Contents>();
  /** Until when nothing can be written. */
  fullUntil = -Infinity;

  constructor(world: World, process: SimulatedProcess) {
    this.#world = world;
    this.#process = process;
  }

  open(partition: number): StateStore {
    this.check();
    let contents = this.#files.get(partition);
    if (contents === undefined) this.#files.set(partition, (contents = emptyContents()));
    // A process that died in the middle of a batch has left nothing of it.
    contents.undo?.();
    contents.undo = undefined;
    if (this.#world.roll(4) === 0) this.#copies.set(partition, copyOf(contents));
    return new SimulatedStore(this, this.#process, contents);
  }

  /** What someone does to the files while nobody uses them. */
  harm(): void {
    for (const partition of this.#files.keys()) {
      const copy = this.#copies.get(partition);
      if (this.#world.happens('store-lost', 15)) this.#files.delete(partition);
      else if (copy !== undefined && this.#world.happens('store-old', 30)) this.#files.set(partition, copyOf(copy));
    }
  }

  check(): void {
    if (this.#world.now < this.fullUntil)
      throw new OperationalError('Expected to write the state store, but the disk is full', 'RKT1012', true);
    if (this.#world.happens('disk-slow', 0.5))
      this.#process.sleepsUntil = this.#world.now + this.#world.between(50, 800);
  }
}

/** A file as whoever has opened it sees it. What was not committed is not in it. */
class SimulatedStore implements StateStore {
  readonly #disk: SimulatedDisk;
  readonly #process: SimulatedProcess;
  readonly #life: number;
  readonly #contents: Contents;
  #isClosed = false;

  constructor(disk: SimulatedDisk, process: SimulatedProcess, contents: Contents) {
    this.#disk = disk;
    this.#process = process;
    this.#life = process.life;
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
    this.#disk.check();
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
    if (this.#isClosed || this.#process.life !== this.#life)
      throw new OperationalError('Expected an open state store, but it is closed', 'RKT1012', true);
  }
}
