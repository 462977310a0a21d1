import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CacheBudget,
  executionKey,
  partitionKey,
  type ClosedActivity,
  type Command,
  type StatePosition,
} from '@ratchet/domain';
import { partitionFor, StateDoubtError, type InputRecord } from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import { DiskStore } from '@ratchet/store';
import { charge, codec, partition, partitions, schedule, Stage } from './scheduler-logic.fixture.ts';
import { doubtOf } from './state-write-back.ts';

// A scheduler goes on from its store on disk: what it has read or decided once is not read again, and nothing is wrong.

let folder: string;
const cacheBytesMax = 100_000;
let cache: CacheBudget;

beforeEach(() => {
  cache = new CacheBudget(cacheBytesMax);
  folder = mkdtempSync(join(tmpdir(), 'ratchet-scheduler-store-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A partition whose state topics have offsets, and whose owners have a disk. */
class Partition {
  /** `executions`, and `outcomes`. */
  readonly log: InputRecord[] = [];
  readonly closed: InputRecord[] = [];
  stage: Stage;
  /** How many records the present owner has read of both. */
  readCount = 0;
  #now = 1_000;

  constructor() {
    this.stage = this.#owner();
  }

  get hash(): string {
    return this.stage.logic.stateHash();
  }

  async handle(...commands: readonly Command[]): Promise<void> {
    for (const command of commands) await this.stage.command(command, this.#now++);
  }

  /** Seals and commits. */
  commit(): void {
    this.#append();
    this.stage.logic.committed(
      new Map([
        [topics.executions, this.log.length],
        [topics.outcomes, this.closed.length],
      ]),
    );
  }

  /** Committed to the state topic, and the owner dies before its store has it. */
  async killed(): Promise<void> {
    this.#append();
    cpSync(folder, `${folder}-dead`, { recursive: true });
    this.stage.logic.close();
    rmSync(folder, { recursive: true });
    cpSync(`${folder}-dead`, folder, { recursive: true });
    rmSync(`${folder}-dead`, { recursive: true });
    await this.taken();
  }

  /** Stopped in order, and begun again. */
  async restarted(): Promise<void> {
    this.stage.logic.close();
    await this.taken();
  }

  /** Another owner begins. */
  async taken(): Promise<void> {
    const { nextOffset } = this.stage;
    this.stage = this.#owner();
    const logs = new Map([
      [topics.executions, { start: 0, end: this.log.length }],
      [topics.outcomes, { start: 0, end: this.closed.length }],
    ]);
    const from = await this.stage.logic.restoreFrom(logs);
    const tails = [this.log.slice(from.get(topics.executions)), this.closed.slice(from.get(topics.outcomes))];
    this.readCount = 0;
    for (const record of tails.flat()) {
      await this.stage.logic.restore(record);
      this.readCount++;
    }
    await this.stage.logic.restored();
    this.stage.goOnAt(nextOffset);
  }

  #append(): void {
    for (const { topic, key, value } of this.stage.sealRecords()) {
      const log = topic === topics.outcomes ? this.closed : this.log;
      log.push({ ...this.stage.stateRecord(key ?? '', value, topic), offset: log.length });
    }
  }

  #owner(): Stage {
    const openStore = (): DiskStore =>
      new DiskStore({ folder, partition, of: { cluster: 'c' }, pageBytesMax: 1e6, onDiscarded: () => undefined });
    return new Stage(undefined, undefined, undefined, undefined, { openStore, cache });
  }
}

/** Ids that belong to the partition of the stage. */
function targets(count: number): readonly Command['requestId'][] {
  const found: string[] = [];
  for (let index = 0; found.length < count; index++) {
    const activityId = `charge-${String(index)}`;
    if (partitionFor(partitionKey({ ...charge, activityId }), partitions) === partition) found.push(activityId);
  }
  return found;
}

const start = (activityId: string): Command =>
  schedule({ target: { ...charge, activityId }, requestId: activityId, awaitOutcome: false });
const complete = (activityId: string): Command => ({
  type: 'Complete',
  target: { ...charge, activityId },
  requestId: 'done',
  identity: 'someone',
  attempt: { by: 'id' },
  result: [{ metadata: {}, data: Buffer.from('42') }],
});
const [one = '', two = '', three = ''] = targets(3);

async function begun(): Promise<Partition> {
  const owned = new Partition();
  await owned.taken();
  await owned.handle(start(one), start(two));
  owned.commit();
  return owned;
}

test('who comes back in order reads the one record that it knows, and decides the same', async () => {
  const owned = await begun();
  await owned.handle(complete(one));
  owned.commit();
  const { hash } = owned;
  await owned.restarted();
  expect(owned.readCount).toBe(1);
  expect(owned.hash).toBe(hash);
  await owned.handle(complete(two));
  owned.commit();
  await owned.restarted();
  const closed = ['completed', 'completed'];
  expect(closed).toEqual([one, two].map((activityId) => statusOf(owned, activityId)));
});

const statusOf = ({ stage, log, closed }: Partition, activityId: string): unknown => {
  const key = executionKey({ ...charge, activityId });
  const latest = [...log, ...closed].findLast((record) => record.key === key)?.value;
  const record = latest === null || latest === undefined ? undefined : codec.decodeState(latest);
  expect(stage.logic.stateHash()).toBeDefined();
  return record !== undefined && 'activity' in record ? (record.activity as ClosedActivity).status : undefined;
};

test('who was killed between the commit and the store reads the rest', async () => {
  const owned = await begun();
  await owned.restarted();
  await owned.handle(complete(one), start(three));
  const { hash } = owned;
  await owned.killed();
  expect(owned.readCount).toBeGreaterThan(1);
  expect(owned.readCount).toBeLessThan(owned.log.length);
  expect(owned.hash).toBe(hash);
});

test('a store that is versions old, by a copy of its disk, catches up', async () => {
  const owned = await begun();
  owned.stage.logic.close();
  cpSync(folder, `${folder}-copy`, { recursive: true });
  await owned.taken();
  await owned.handle(complete(one), complete(two));
  owned.commit();
  const { hash } = owned;
  owned.stage.logic.close();
  rmSync(folder, { recursive: true });
  cpSync(`${folder}-copy`, folder, { recursive: true });
  rmSync(`${folder}-copy`, { recursive: true });
  await owned.taken();
  expect(owned.hash).toBe(hash);
});

test('a store that is lost is made again', async () => {
  const owned = await begun();
  const { hash } = owned;
  owned.stage.logic.close();
  rmSync(folder, { recursive: true });
  await owned.taken();
  expect(owned.readCount).toBe(owned.log.length + owned.closed.length);
  expect(owned.hash).toBe(hash);
});

test('a store that is ahead of its log is thrown away, and that is said', async () => {
  const owned = await begun();
  const [length, { hash }] = [owned.log.length, owned];
  await owned.handle(complete(one));
  owned.commit();
  owned.stage.logic.close();
  owned.log.length = length;
  await owned.taken();
  expect(owned.readCount).toBe(length);
  expect(owned.hash).toBe(hash);
  expect(owned.stage.logged).toEqual([expect.stringMatching(/^warn: partition \d is restored .* is ahead of its log/)]);
});

test('a store of a log that was made anew is thrown away at the first record that differs', async () => {
  const owned = await begun();
  const last = owned.log.at(-1);
  if (last === undefined) throw new Error('nothing was committed');
  owned.stage.logic.close();
  const progress = { type: 'Progress', commands: 1, queries: 0, now: 1, rules: 1 } as never;
  owned.log[owned.log.length - 1] = { ...last, value: codec.encodeState(progress) };
  await expect(owned.taken()).rejects.toThrow(StateDoubtError);
  owned.stage.logic.close();
  await owned.taken();
  expect(owned.readCount).toBe(owned.log.length + owned.closed.length);
});

test('what has closed does not stay in memory', async () => {
  const owned = await begun();
  for (const id of targets(400).slice(3)) await owned.handle(start(id), complete(id));
  owned.commit();
  await owned.restarted();
  expect(owned.readCount).toBe(1);
  // The first that waits for a worker was looked at.
  expect(cache.usedBytes).toBeLessThan(3_000);
  for (const id of targets(400).slice(3)) await owned.handle(complete(id));
  expect(cache.usedBytes).toBeGreaterThan(0);
  expect(cache.usedBytes).toBeLessThanOrEqual(cacheBytesMax);
  owned.stage.logic.close();
  expect(cache.usedBytes).toBe(0);
});

const at = (executions: number, change: Partial<StatePosition> = {}): StatePosition => ({
  offsets: { executions, outcomes: 5 },
  progress: new Uint8Array(1),
  writtenAt: 1_000_000,
  ...change,
});
const hours = 3_600_000;

test.each<[what: string, position: StatePosition, now: number, doubt: RegExp | undefined]>([
  ['at the end of its log', at(100), 1_000_000, undefined],
  ['in its log', at(50), 1_000_000 + 11 * hours, undefined],
  ['at the end of its log, and a week old', at(100), 1_000_000 + 168 * hours, undefined],
  ['before the mark of the last transaction, and a week old', at(99), 1_000_000 + 168 * hours, undefined],
  ['in its log, and thirteen hours old', at(50), 1_000_000 + 13 * hours, /is 13 hours old/],
  ['in its log, and of the future', at(50), 1_000_000 - 13 * hours, /hours old/],
  [
    'ahead of its log',
    at(101),
    1_000_000,
    /is ahead of its log: it is as of offset 101, and the log of executions has 10 to 100/,
  ],
  ['before the log begins', at(10), 1_000_000, /is behind its log/],
  [
    'ahead of its other log',
    at(50, { offsets: { executions: 50, outcomes: 6 } }),
    1_000_000,
    /the log of outcomes has 0 to 5/,
  ],
  ['before its other log was written to', at(50, { offsets: { executions: 50, outcomes: 0 } }), 1_000_000, undefined],
  [
    'without a progress',
    { offsets: { executions: 50, outcomes: 5 }, writtenAt: 1_000_000 },
    1_000_000,
    /in the middle of a restore/,
  ],
])('a store that is %s', (_, position, now, doubt) => {
  const found = doubtOf(position, { executions: { start: 10, end: 100 }, outcomes: { start: 0, end: 5 } }, now);
  if (doubt === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(doubt);
});

describe('a copy that follows its owner', () => {
  const copyIn = (copies: string): Stage => {
    const of = { cluster: 'c' };
    const openStore = (): DiskStore =>
      new DiskStore({ folder: copies, partition, of, pageBytesMax: 1e6, onDiscarded: () => undefined });
    return new Stage(undefined, undefined, undefined, undefined, { openStore, cache });
  };
  const logsOf = ({ log, closed }: Partition) =>
    new Map([
      [topics.executions, { start: 0, end: log.length }],
      [topics.outcomes, { start: 0, end: closed.length }],
    ]);
  /** Reads what it has not, of one topic. */
  const follow = async ({ logic }: Stage, records: readonly InputRecord[], from: number): Promise<number> => {
    for (const record of records.slice(from)) await logic.restore(record);
    logic.kept();
    return records.length;
  };

  test('whichever topic it reads sooner, it has what its owner has when it takes over, and reads nothing again', async () => {
    const copies = mkdtempSync(join(tmpdir(), 'ratchet-scheduler-copy-'));
    const owner = new Partition();
    await owner.taken();
    const copy = copyIn(copies);
    await copy.logic.restoreFrom(logsOf(owner));
    let [open, closed] = [0, 0];
    for (const [round, activityId] of targets(12).entries()) {
      await owner.handle(start(activityId));
      owner.commit();
      if (round % 2 === 1) {
        await owner.handle(complete(activityId));
        owner.commit();
      }
      if (round % 3 === 1) open = await follow(copy, owner.log, open);
      if (round % 4 === 2) closed = await follow(copy, owner.closed, closed);
      if (round === 6) await owner.restarted();
    }
    expect(copy.logic.isOwned).toBe(false);
    const { executions, outcomes } = topics;
    expect(Object.fromEntries(await copy.logic.restoreFrom(logsOf(owner)))).toEqual({
      [executions]: open,
      [outcomes]: closed,
    });
    await follow(copy, owner.log, open);
    await follow(copy, owner.closed, closed);
    await copy.logic.restored();
    expect(copy.logic.stateHash()).toBe(owner.hash);
    expect(copy.logic.isOwned).toBe(true);
    copy.logic.close();

    // What it has written is of use to whoever comes after it.
    const next = copyIn(copies);
    const from = await next.logic.restoreFrom(logsOf(owner));
    expect(from.get(executions)).toBeGreaterThan(0);
    for (const record of owner.log.slice(from.get(executions))) await next.logic.restore(record);
    for (const record of owner.closed.slice(from.get(outcomes))) await next.logic.restore(record);
    await next.logic.restored();
    expect(next.logic.stateHash()).toBe(owner.hash);
    next.logic.close();
    owner.stage.logic.close();
    rmSync(copies, { recursive: true });
  });

  test('of a log that was made anew is none', async () => {
    const copies = mkdtempSync(join(tmpdir(), 'ratchet-scheduler-copy-'));
    const owner = new Partition();
    await owner.taken();
    await owner.handle(start(one));
    owner.commit();
    const copy = copyIn(copies);
    await copy.logic.restoreFrom(logsOf(owner));
    await follow(copy, owner.log, 0);
    const anew = new Map([...logsOf(owner)].map(([topic]) => [topic, { start: 0, end: 0 }]));
    await expect(copy.logic.restoreFrom(anew)).rejects.toThrow(StateDoubtError);
    copy.logic.close();
    owner.stage.logic.close();
    rmSync(copies, { recursive: true });
  });
});
