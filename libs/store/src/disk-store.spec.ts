import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { Readable } from 'node:stream';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MemoryStore, type StateStore, type StateTable, type StateValue } from '@ratchet/domain';
import fc from 'fast-check';
import { DiskStore, type DiskStoreParts } from './disk-store.ts';

let folder: string;
let discarded: string[];
const opened: DiskStore[] = [];
const others: { kill(signal: 'SIGKILL'): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ratchet-store-'));
  discarded = [];
});

afterEach(() => {
  for (const other of others.splice(0)) other.kill('SIGKILL');
  for (const store of opened.splice(0)) store.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(change: Partial<DiskStoreParts> = {}): DiskStore {
  const store = new DiskStore({
    folder,
    partition: 3,
    of: { cluster: 'cluster-1', topic: 'ratchet.activity.executions' },
    pageBytesMax: 1024 * 1024,
    onDiscarded: (reason) => discarded.push(reason),
    ...change,
  });
  opened.push(store);
  return store;
}

const path = (): string => join(folder, 'partition-3.db');
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const progress = bytes('progress');

function fill(store: StateStore, count = 1): void {
  const batch = store.batch();
  for (let index = 0; index < count; index++) {
    batch.put('activities', index, bytes(`activity ${String(index)}`.repeat(20)));
    batch.put('ids', `id-${String(index)}`, index);
  }
  batch.commit({ offsets: { executions: 10, outcomes: 4 }, progress });
}

/** What another reader would find. */
const contents = (store: StateStore): unknown => [
  store.position?.offsets.executions,
  store.numbers('activities', 0, 1000).map((key) => [key, textOf(store.get('activities', key))]),
  store.range('lives', { from: '', to: '~', countMax: 1000 }).map(([key, value]) => [key, textOf(value)]),
  store.range('lives', { from: '', to: '~', countMax: 2, reversed: true }).map(([key]) => key),
  store.range('lives', { from: 'b', to: 'd', countMax: 1 }).map(([key]) => key),
  ...['i', 'j', 'k', 'l'].map((key) => store.get('ids', key)),
];

const textOf = (value: StateValue | undefined): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;

const put = fc.oneof(
  fc.record({
    table: fc.constant<StateTable>('activities'),
    key: fc.nat({ max: 8 }),
    value: fc.option(fc.uint8Array({ maxLength: 6 }) as fc.Arbitrary<StateValue>, { nil: undefined }),
  }),
  fc.record({
    table: fc.constant<StateTable>('lives'),
    key: fc.constantFrom<string | number>('a', 'a/1', 'b', 'b/2', 'c', 'd', 'e'),
    value: fc.option(fc.oneof<fc.Arbitrary<StateValue>[]>(fc.nat(), fc.constantFrom('+12', '-1/x', '')), {
      nil: undefined,
    }),
  }),
);
const point = fc.record({
  table: fc.constant<StateTable>('ids'),
  key: fc.constantFrom<string | number>('i', 'j', 'k', 'l'),
  value: fc.option(fc.nat() as fc.Arbitrary<StateValue>, { nil: undefined }),
});
const action = fc.record({
  puts: fc.array(fc.oneof({ arbitrary: put, weight: 2 }, point), { maxLength: 12 }),
  end: fc.constantFrom('commit', 'commit', 'rollback', 'reopen', 'clear', 'bulk', 'bulk', 'bulk and reopen'),
});

test('it has what a store in memory has, through batches, rollbacks and reopenings', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 12 }), (actions) => {
      const memory = new MemoryStore();
      let disk = open();
      disk.clear();
      actions.forEach(({ puts, end }, offset) => {
        const batches = [memory.batch(), disk.batch()];
        for (const { table, key, value } of puts) for (const batch of batches) batch.put(table, key, value);
        for (const batch of batches) {
          if (end === 'rollback') batch.rollback();
          else
            batch.commit({
              offsets: { executions: offset, outcomes: 0 },
              ...(end.startsWith('bulk') ? {} : { progress }),
            });
        }
        if (end === 'clear') for (const store of [memory, disk]) store.clear();
        if (end.endsWith('reopen')) {
          disk.close();
          disk = open();
        }
        expect(contents(disk)).toEqual(contents(memory));
      });
      disk.close();
    }),
    { numRuns: 40, endOnFailure: true },
  );
  expect(discarded).toEqual([]);
});

/** Another process, which opens the store and then does as it is told. */
function inAnother(work: string, shell = 'exec "$0" "$@"'): ChildProcessByStdio<null, Readable, null> {
  const script = `
    import { DiskStore } from ${JSON.stringify(join(import.meta.dirname, 'disk-store.ts'))};
    const store = new DiskStore({ folder: ${JSON.stringify(folder)}, partition: 3, pageBytesMax: 1e6, onDiscarded: () => {},
      of: { cluster: 'cluster-1', topic: 'ratchet.activity.executions' } });
    const batch = store.batch();
    batch.put('ids', 'a', 7);
    batch.commit({ offsets: { executions: 5, outcomes: 0 }, progress: new Uint8Array([1]) });
    ${work}`;
  const args = ['--conditions=@ratchet/source', '--input-type=module', '-e', script];
  const other = spawn('bash', ['-c', shell, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  others.push(other);
  return other;
}

test('what a process has written outlives it when it is killed, and its lock does not', async () => {
  const holder = inAnother(`store.batch().put('ids', 'b', 8); console.log('open'); setInterval(() => {}, 1000);`);
  await once(holder.stdout, 'data');
  expect(() => open()).toThrow(/\[RKT1012\] .*partition-3\.db, but another process has it open/);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  const store = open();
  expect([store.position?.offsets.executions, store.get('ids', 'a'), store.get('ids', 'b')]).toEqual([5, 7, undefined]);
  expect(discarded).toEqual([]);
});

test('a disk without room refuses the batch, and what was there before stays', async () => {
  const writer = inAnother(
    `const large = store.batch();
    try {
      for (let index = 0; index < 100; index++) large.put('inputs', index, new Uint8Array(100_000));
      large.commit({ offsets: { executions: 99, outcomes: 0 } });
    } catch (error) {
      console.log(error.code, error.retryable, error.message);
    }
    large.rollback();
    console.log(store.position.offsets.executions, store.get('ids', 'a'), store.get('inputs', 0));
    store.close();`,
    'ulimit -f 2000; exec "$0" "$@"',
  );
  let said = '';
  writer.stdout.on('data', (text) => (said += String(text)));
  await once(writer.stdout, 'close');
  expect(said).toMatch(
    /^RKT1012 true \[RKT1012\] Expected to write the state store .*, but (database or disk is full|disk I\/O error)\n5 7 undefined\n$/,
  );
  const store = open();
  expect([store.position?.offsets.executions, store.get('inputs', 0)]).toEqual([5, undefined]);
});

test('of two in one process the second is told, too', () => {
  open();
  expect(() => open()).toThrow('another process has it open: each needs a folder of its own');
});

test.each<[of: string, change: Partial<DiskStoreParts>, reason: RegExp]>([
  ['another cluster', { of: { cluster: 'cluster-2', topic: 'ratchet.activity.executions' } }, /cluster-1.*cluster-2/],
  ['another prefix', { of: { cluster: 'cluster-1', topic: 'team.ratchet.activity.executions' } }, /team\./],
])('a file of %s is thrown away, and said so once', (_, change, reason) => {
  const store = open();
  fill(store);
  store.close();
  expect(open(change).position).toBeUndefined();
  expect(discarded).toEqual([expect.stringMatching(reason)]);
});

/** Changes the file as no store would. */
function tamper(sql: string): void {
  const database = new DatabaseSync(path());
  database.exec(sql);
  database.close();
}

test.each<[what: string, harm: () => void, reason: RegExp]>([
  [
    'has another layout',
    () => {
      tamper(`UPDATE notes SET v = '{"layout":0}' WHERE k = 'origin'`);
    },
    /"layout":0/,
  ],
  [
    'was open when the machine went down',
    () => {
      tamper(`INSERT INTO notes VALUES ('openAt', 'another boot')`);
    },
    /machine went down/,
  ],
  [
    'is no database',
    () => {
      writeFileSync(path(), 'x'.repeat(20_000));
    },
    /not a database/,
  ],
  [
    'was cut',
    () => {
      truncateSync(path(), 8_192);
    },
    /malformed|not a database/,
  ],
])('a file that %s is thrown away when it is opened', (_, harm, reason) => {
  const store = open();
  fill(store, 500);
  store.close();
  harm();
  const anew = open();
  expect(anew.position).toBeUndefined();
  expect(anew.get('ids', 'id-1')).toBeUndefined();
  expect(discarded).toEqual([expect.stringMatching(reason)]);
  fill(anew);
  expect(anew.get('ids', 'id-0')).toBe(0);
});

test('a flipped bit in a record is found where it is read, and the file is gone after that', () => {
  const store = open();
  fill(store, 500);
  store.close();
  const file = readFileSync(path());
  const at = file.indexOf('activity 77activity');
  file[at + 3] = (file[at + 3] ?? 0) ^ 1;
  writeFileSync(path(), file);
  const harmed = open();
  expect(harmed.get('activities', 76)).toBeDefined();
  expect(() => harmed.get('activities', 77)).toThrow(
    /\[RKT1012\] .* does not match its checksum\) and will be made anew/,
  );
  harmed.close();
  expect(discarded).toEqual([expect.stringMatching('checksum')]);
  expect(open().position).toBeUndefined();
});

test('a folder that cannot be made or written is named', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => open({ folder: join(folder, 'file', 'state') })).toThrow(/\[RKT1012\] .*partition-3\.db, but ENOTDIR/);
});

test('a volume that the user of the service may not write to is named as that', () => {
  chmodSync(folder, 0o555);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(10_001);
  try {
    expect(() => open()).toThrow(/\[RKT1012\] .*partition-3\.db, but unable to open database file: may user \d+ write/);
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(folder, 0o755);
  }
});

test('a copy of a file is as of when it was copied', () => {
  const store = open();
  fill(store);
  store.close();
  cpSync(path(), join(folder, 'copy'));
  fill(open(), 5);
  opened.at(-1)?.close();
  cpSync(join(folder, 'copy'), path());
  expect(open().get('ids', 'id-4')).toBeUndefined();
});

test('what it is filled with from nothing is there, however much it is, and removed where it was removed', () => {
  const store = open();
  const keyOf = (index: number): string => `key-${String((index * 7_919) % 100_003)}`;
  for (let from = 0; from < 20_000; from += 4_000) {
    const batch = store.batch();
    for (let index = from; index < from + 4_000; index++) {
      batch.put('ids', keyOf(index), index);
      batch.put('outcomes', index, bytes(String(index)));
      if (index % 10 === 9) batch.put('ids', keyOf(index - 5), undefined);
    }
    batch.commit({ offsets: { executions: 0, outcomes: 0 } });
    expect([store.get('ids', keyOf(from)), store.get('ids', 'nowhere')]).toEqual([from, undefined]);
  }
  store.batch().commit({ offsets: { executions: 1, outcomes: 20_000 }, progress });
  for (const isReopened of [false, true]) {
    const each = isReopened ? reopened(store) : store;
    expect(each.numbers('outcomes', 19_990, 100)).toHaveLength(10);
    const found = Array.from({ length: 20_000 }, (_, index) => each.get('ids', keyOf(index)));
    expect(found).toEqual(Array.from({ length: 20_000 }, (_, index) => (index % 10 === 4 ? undefined : index)));
  }
});

function reopened(store: DiskStore): DiskStore {
  store.close();
  return open();
}
