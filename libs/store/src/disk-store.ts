import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import {
  stateTables,
  stateTopics,
  type StateBatch,
  type StateKey,
  type StatePosition,
  type StateStore,
  type StateTable,
  type StateValue,
} from '@ratchet/domain';
import { OperationalError, StateDoubtError } from '@ratchet/kafka';
import { BulkLoad } from './bulk-load.ts';

export interface DiskStoreParts {
  /** Made if it is not there. On a disk of this machine: locks of a shared one may not hold. */
  readonly folder: string;
  readonly partition: number;
  /** What the store is of: the cluster's id, the topics' real names. A file that says otherwise is not read. */
  readonly of: Readonly<Record<string, string>>;
  /** What pages of the file may take in memory, in bytes; while it is filled from nothing, as much again is for what is known of keys. */
  readonly pageBytesMax: number;
  /** Told why a file was thrown away. */
  readonly onDiscarded: (reason: string) => void;
}

/** Tables, keys and values as this code writes them. Another layout is not read. */
const layout = 3;

/** What SQLite says of a file whose bytes are not what was written. */
const corruptCodes = new Set([/* CORRUPT */ 11, /* NOTADB */ 26]);
const busyCode = 5;
const cannotOpenCode = 14;
/** Behind each value of bytes: its checksum. SQLite has none of its pages. */
const checksumBytes = 4;
/** Pages in the log of the file before they are moved into it. */
const checkpointPages = 2_000;

/** A file that cannot be trusted, as opposed to one that cannot be used now. */
class DoubtError extends Error {
  override readonly name = 'DoubtError';
}

interface Statements {
  readonly get: StatementSync;
  readonly put: StatementSync;
  /** As many rows as `manyRows`. */
  readonly putMany: StatementSync;
  readonly delete: StatementSync;
  readonly range: StatementSync;
  readonly reversed: StatementSync;
  readonly numbers: StatementSync;
}

/**
 * The state of one partition in one SQLite file, which belongs to this process alone while it is open.
 *
 * Until it is as of a progress for the first time it is filled in bulk, and begun anew if that is cut: there is no log of the file
 * then, and rows whose keys are drawn by lot wait to be put in order.
 *
 * It is a cache of the state topics, so nothing is flushed to the disk by itself: what the process has written is safe from
 * the death of the process, and a file that was open when its machine went down is thrown away. So is one that is damaged,
 * or of something else.
 *
 * @throws OperationalError RKT1012, retryable, of every method: the file cannot be opened, read or written. What was not
 * committed is not in it then. A file that turned out to be damaged is gone when it is opened the next time.
 */
export class DiskStore implements StateStore {
  readonly #parts: DiskStoreParts;
  readonly #path: string;
  #database: DatabaseSync;
  #statements = new Map<StateTable, Statements>();
  #position: StatePosition | undefined;
  /** While it is filled from nothing. */
  #load: BulkLoad | undefined;
  /** Rows that are put together with others. */
  readonly #waiting = new Map<StateTable, Map<StateKey, Stored>>();
  /** Why the file must go. */
  #doubt: string | undefined;
  #closed = false;

  constructor(parts: DiskStoreParts) {
    this.#parts = parts;
    this.#path = join(parts.folder, nameOf(parts.partition));
    try {
      mkdirSync(parts.folder, { recursive: true });
      this.#database = this.#openTrusted();
    } catch (error) {
      throw this.#cannot('open', error);
    }
  }

  get position(): StatePosition | undefined {
    return this.#position;
  }

  get(table: StateTable, key: StateKey): StateValue | undefined {
    if (this.#load === undefined || stateTables[table] !== 'point') return this.#get(table, key);
    if (!this.#load.mayHave(table, key as string)) return undefined;
    const staged = this.#load.staged(table, key as string);
    return staged === undefined ? this.#get(table, key) : staged.value;
  }

  range(
    table: StateTable,
    { from, to, countMax, reversed = false }: Parameters<StateStore['range']>[1],
  ): readonly (readonly [string, StateValue])[] {
    return this.#reading(() => {
      const { range, reversed: last } = this.#of(table);
      const rows = (reversed ? last : range).all(from, to, countMax) as { readonly k: string; readonly v: unknown }[];
      return rows.map((row) => [row.k, valueOf(row) ?? ''] as const);
    });
  }

  numbers(table: StateTable, from: number, countMax: number): readonly number[] {
    return this.#reading(() =>
      this.#of(table)
        .numbers.all(from, countMax)
        .map(({ k }) => k as number),
    );
  }

  batch(): StateBatch {
    this.#writing(() => {
      this.#database.exec('BEGIN IMMEDIATE');
    });
    const undo: (() => void)[] = [];
    return {
      put: (table, key, value) => {
        this.#writing(() => {
          const load = stateTables[table] === 'point' ? this.#load : undefined;
          if (load === undefined) this.#put(table, key, value);
          else undo.push(load.stage(table, key as string, value));
        });
      },
      commit: (position) => {
        this.#writing(() => {
          this.#commit(position);
        });
      },
      rollback: () => {
        for (const back of undo.reverse()) back();
        this.#waiting.clear();
        if (!this.#closed && this.#database.isTransaction) this.#database.exec('ROLLBACK');
      },
    };
  }

  #commit(position: StatePosition): void {
    const written = { ...position, writtenAt: position.writtenAt ?? Date.now() };
    if (this.#load !== undefined) this.#commitLoad(this.#load, position.progress !== undefined);
    for (const topic of stateTopics) this.#put('notes', topic, written.offsets[topic]);
    this.#put('notes', 'progress', written.progress);
    this.#put('notes', 'writtenAt', written.writtenAt);
    this.#putWaiting();
    this.#database.exec('COMMIT');
    this.#position = written;
  }

  /** What is written without a log may be half there after a crash: that it is whole is written behind it, and with one. */
  #commitLoad(load: BulkLoad, isEnd: boolean): void {
    for (const row of load.take(isEnd)) this.#put(...row);
    this.#putWaiting();
    if (!isEnd) return;
    this.#database.exec(`COMMIT; ${logged} BEGIN IMMEDIATE`);
    this.#load = undefined;
  }

  #closeLoad(load: BulkLoad): void {
    this.#database.exec('BEGIN IMMEDIATE');
    this.#commitLoad(load, true);
    this.#database.exec('COMMIT');
  }

  #get(table: StateTable, key: StateKey): StateValue | undefined {
    return this.#reading(() => valueOf(this.#of(table).get.get(key)));
  }

  #put(table: StateTable, key: StateKey, value: StateValue | undefined): void {
    if (value !== undefined) return this.#putWithOthers(table, key, value);
    this.#waiting.get(table)?.delete(key);
    this.#of(table).delete.run(key);
  }

  #putWithOthers(table: StateTable, key: StateKey, value: StateValue): void {
    let rows = this.#waiting.get(table);
    if (rows === undefined) this.#waiting.set(table, (rows = new Map<StateKey, Stored>()));
    rows.set(key, storedOf(value));
    if (rows.size < manyRows) return;
    this.#of(table).putMany.run(...[...rows].flat());
    rows.clear();
  }

  /** Whoever reads finds what was put. */
  #putWaiting(): void {
    for (const [table, rows] of this.#waiting) {
      const { put: statement } = this.#of(table);
      for (const [key, value] of rows) statement.run(key, value);
    }
    this.#waiting.clear();
  }

  clear(): void {
    if (this.#closed) return;
    try {
      this.#database.close();
      this.#remove();
      this.#database = this.#openTrusted();
    } catch (error) {
      throw this.#cannot('empty', error);
    }
  }

  /** Leaves a file that is whole on the disk, whatever becomes of the machine. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      if (this.#load !== undefined) this.#closeLoad(this.#load);
      if (this.#doubt === undefined) this.#database.exec(`${durably} DELETE FROM notes WHERE k = 'openAt'; ${flush}`);
    } catch {
      // It is taken for what it is: one that was not closed.
    }
    this.#database.close();
    if (this.#doubt === undefined) return;
    this.#parts.onDiscarded(this.#doubt);
    this.#remove();
  }

  /** @throws what SQLite says when it cannot be had at all. */
  #openTrusted(): DatabaseSync {
    try {
      return this.#open();
    } catch (error) {
      if (!(error instanceof DoubtError) && !corruptCodes.has(codeOf(error))) throw error;
      this.#parts.onDiscarded(messageOf(error));
      this.#remove();
      return this.#open();
    }
  }

  #open(): DatabaseSync {
    const database = new DatabaseSync(this.#path, { timeout: 0 });
    try {
      database.exec(
        `PRAGMA locking_mode = EXCLUSIVE; ${logged} PRAGMA temp_store = MEMORY;
         PRAGMA cell_size_check = ON; PRAGMA cache_size = -${String(Math.ceil(this.#parts.pageBytesMax / 1024))};
         PRAGMA wal_autocheckpoint = ${String(checkpointPages)}; ${durably} BEGIN EXCLUSIVE; COMMIT;`,
      );
      this.#prepare(database);
      this.#checkOrigin();
      put(this.#of('notes'), 'openAt', bootId);
      database.exec(`${flush} PRAGMA synchronous = OFF;`);
      this.#position = this.#readPosition();
      this.#load = this.#position === undefined ? new BulkLoad(this.#parts.pageBytesMax) : undefined;
      if (this.#load !== undefined) database.exec('PRAGMA journal_mode = MEMORY;');
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }

  #prepare(database: DatabaseSync): void {
    this.#statements = new Map();
    for (const [table, kind] of Object.entries(stateTables) as [StateTable, string][]) {
      const [key, suffix] = kind === 'number' ? ['INTEGER PRIMARY KEY', ''] : ['TEXT PRIMARY KEY', 'WITHOUT ROWID'];
      database.exec(`CREATE TABLE IF NOT EXISTS ${table} (k ${key}, v) ${suffix}`);
      this.#statements.set(table, {
        get: database.prepare(`SELECT v FROM ${table} WHERE k = ?`),
        put: database.prepare(`INSERT INTO ${table} VALUES (?, ?) ${orUpdate}`),
        putMany: database.prepare(`INSERT INTO ${table} VALUES ${manyPlaces} ${orUpdate}`),
        delete: database.prepare(`DELETE FROM ${table} WHERE k = ?`),
        range: database.prepare(`SELECT k, v FROM ${table} WHERE k >= ? AND k < ? ORDER BY k LIMIT ?`),
        reversed: database.prepare(`SELECT k, v FROM ${table} WHERE k >= ? AND k < ? ORDER BY k DESC LIMIT ?`),
        numbers: database.prepare(`SELECT k FROM ${table} WHERE k >= ? ORDER BY k LIMIT ?`),
      });
    }
  }

  /** A file is new, or of what this store is of, and was closed or left open by a process on a machine that still runs. */
  #checkOrigin(): void {
    const notes = this.#of('notes');
    const origin = JSON.stringify({ layout, partition: this.#parts.partition, ...this.#parts.of });
    const found = valueOf(notes.get.get('origin'));
    if (found !== undefined && found !== origin) throw new DoubtError(`it is of ${String(found)} and not of ${origin}`);
    if (found === undefined) put(notes, 'origin', origin);
    const openAt = valueOf(notes.get.get('openAt'));
    if (openAt !== undefined && openAt !== bootId)
      throw new DoubtError('it was open when its machine went down, and may be half written');
  }

  #readPosition(): StatePosition | undefined {
    const { get } = this.#of('notes');
    const [executions, outcomes] = stateTopics.map((topic) => valueOf(get.get(topic)) as number | undefined);
    if (executions === undefined || outcomes === undefined) return undefined;
    const progress = valueOf(get.get('progress')) as Uint8Array | undefined;
    const writtenAt = valueOf(get.get('writtenAt')) as number;
    return { offsets: { executions, outcomes }, writtenAt, ...(progress === undefined ? {} : { progress }) };
  }

  #of(table: StateTable): Statements {
    const statements = this.#statements.get(table);
    if (statements === undefined) throw new RangeError(`no table ${table}`);
    return statements;
  }

  #reading<T>(read: () => T): T {
    try {
      if (this.#waiting.size > 0) this.#putWaiting();
      return read();
    } catch (error) {
      throw this.#cannot('read', error);
    }
  }

  #writing(write: () => void): void {
    try {
      write();
    } catch (error) {
      throw this.#cannot('write', error);
    }
  }

  #cannot(what: string, cause: unknown): OperationalError {
    const isDamaged = cause instanceof DoubtError || corruptCodes.has(codeOf(cause));
    if (isDamaged) this.#doubt = messageOf(cause);
    const why =
      codeOf(cause) === busyCode
        ? 'another process has it open: each needs a folder of its own'
        : isDamaged
          ? `it is damaged (${messageOf(cause)}) and will be made anew`
          : codeOf(cause) === cannotOpenCode
            ? `${messageOf(cause)}: may user ${String(process.geteuid?.())} write to its folder?`
            : messageOf(cause);
    const message = `Expected to ${what} the state store ${this.#path}, but ${why}`;
    return isDamaged
      ? new StateDoubtError(message, { cause })
      : new OperationalError(message, 'RKT1012', true, { cause });
  }

  #remove(): void {
    this.#doubt = undefined;
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${this.#path}${suffix}`, { force: true });
  }
}

const nameOf = (partition: number): string => `partition-${String(partition)}.db`;

/**
 * The partitions that a folder has files of, and when each was written last, in milliseconds of this machine's clock. Of two machines'
 * files of a partition the later is closer to its log's end: whoever owns it writes within a second of each commit.
 */
export function storesIn(folder: string): ReadonlyMap<number, number> {
  const stores = new Map<number, number>();
  for (const name of namesIn(folder)) {
    const [, partition] = /^partition-(\d+)\.db(?:-wal)?$/.exec(name) ?? [];
    const writtenAt = statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs;
    if (partition === undefined || writtenAt === undefined) continue;
    stores.set(Number(partition), Math.max(stores.get(Number(partition)) ?? 0, Math.floor(writtenAt)));
  }
  return stores;
}

/** A folder that cannot be read has none: whoever opens a store in it is told why. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const orUpdate = 'ON CONFLICT (k) DO UPDATE SET v = excluded.v';
/** Rows of one statement, where there are many: half of what a row costs is its statement. */
const manyRows = 50;
const manyPlaces = Array<string>(manyRows).fill('(?, ?)').join(', ');

const logged = 'PRAGMA journal_mode = WAL;';
const durably = 'PRAGMA synchronous = FULL;';
const flush = 'PRAGMA wal_checkpoint(TRUNCATE);';

/** Another one after every start of the machine. Where none is to be had, only what was closed is trusted. */
const bootId = ((): string => {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return randomUUID();
  }
})();

const put = ({ put: statement }: Statements, key: string, value: StateValue): void => {
  statement.run(key, storedOf(value));
};

type Stored = bigint | string | Uint8Array;

/** Whole numbers as SQLite's, which take fewer bytes than a double. */
function storedOf(value: StateValue): Stored {
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'string') return value;
  const stored = Buffer.allocUnsafe(value.length + checksumBytes);
  stored.set(value);
  stored.writeUInt32LE(crc32(value), value.length);
  return stored;
}

/** @throws DoubtError when the bytes are not those that were written. */
function valueOf(row: unknown): StateValue | undefined {
  if (row === undefined) return undefined;
  const { v } = row as { readonly v: unknown };
  if (typeof v === 'number' || typeof v === 'string') return v;
  if (!(v instanceof Uint8Array) || v.length < checksumBytes) throw new DoubtError('a value is of another kind');
  const value = v.subarray(0, v.length - checksumBytes);
  const checksum = new DataView(v.buffer, v.byteOffset).getUint32(value.length, true);
  if (crc32(value) !== checksum) throw new DoubtError('a value does not match its checksum');
  return value;
}

const codeOf = (error: unknown): number =>
  hasErrorCode(error) && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;

const messageOf = (error: unknown): string => (hasMessage(error) ? String(error.message) : String(error));

const hasErrorCode = (error: unknown): error is { readonly errcode: unknown } =>
  typeof error === 'object' && error !== null && 'errcode' in error;

const hasMessage = (error: unknown): error is { readonly message: unknown } =>
  typeof error === 'object' && error !== null && 'message' in error;
