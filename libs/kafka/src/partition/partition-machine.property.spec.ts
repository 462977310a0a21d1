import fc from 'fast-check';
import { CounterLogic } from '../testing/counter-logic.ts';
import type { InputRecord, OutputRecord } from '../record.ts';
import { noTracing } from '../tracing/spans.ts';
import type { PartitionEffect, PartitionEvent } from './partition-events.ts';
import { PartitionMachine } from './partition-machine.ts';
import { defaultTuning } from './processor-options.ts';

// Two instances, one partition, a log, and a clock: all in one process, in an order that the seed draws.

const topics = { commands: 'commands', state: 'state', effects: 'effects' };
const sessionMs = 1000;
const faultsMs = 6000;
const settlesMs = 20_000;

const kinds = ['crash', 'sleep', 'rebalance', 'commit lost', 'commit unknown', 'fenced', 'compaction'] as const;
type Fault = (typeof kinds)[number];
const faultCounts = new Map<Fault, number>();
const happened = (fault: Fault): unknown => faultCounts.set(fault, (faultCounts.get(fault) ?? 0) + 1);

/** Mulberry32. */
function diceOf(seed: number): (sides: number) => number {
  let state = seed >>> 0;
  return (sides) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

/** What the brokers hold, and who may write. */
class World {
  now = 0;
  readonly logs: Record<string, InputRecord[]> = { commands: [], state: [], effects: [] };
  readonly ends: Record<string, number> = { commands: 0, state: 0, effects: 0 };
  epoch = 0;
  owner: Instance | undefined;
  leaseUntil = -Infinity;
  readonly roll: (sides: number) => number;
  readonly #events: { readonly at: number; readonly order: number; readonly act: () => void }[] = [];
  #order = 0;

  constructor(seed: number) {
    this.roll = diceOf(seed);
  }

  get hasFaults(): boolean {
    return this.now < faultsMs;
  }

  later(delayMs: number, act: () => void): void {
    this.#events.push({ at: this.now + delayMs, order: this.#order++, act });
  }

  runUntil(end: number): void {
    for (;;) {
      this.#events.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#events[0];
      if (next === undefined || next.at > end) return;
      this.#events.shift();
      this.now = Math.max(this.now, next.at);
      next.act();
    }
  }

  append(topic: string, { key, value, headers = {} }: Pick<OutputRecord, 'key' | 'value' | 'headers'>): void {
    const offset = this.ends[topic] ?? 0;
    this.logs[topic]?.push({ topic, partition: 0, offset, key, value, headers, timestampMs: this.now });
    this.ends[topic] = offset + 1;
  }

  /** A transaction, and the marker behind it. */
  commit(records: readonly OutputRecord[]): void {
    for (const record of records) this.append('state', record);
    this.ends['state'] = (this.ends['state'] ?? 0) + 1;
    this.checkCommitted();
  }

  compact(): void {
    const latest = new Map((this.logs['state'] ?? []).map(({ key, offset }) => [key, offset]));
    this.logs['state'] = (this.logs['state'] ?? []).filter(({ key, offset }) => latest.get(key) === offset);
  }

  /** P7 and P8: what is restored from here is what a replay up to its progress gives, and its effects are in the log. */
  checkCommitted(): void {
    const restored = new CounterLogic(topics, 0);
    for (const record of this.logs['state'] ?? []) restored.restore(record);
    const progress = restored.restored().get('commands') ?? 0;
    expect(restored.hash()).toBe(this.replay(progress).hash());
    expect(progress).toBeGreaterThanOrEqual(this.committed);
    this.committed = progress;
    const sent = new Set((this.logs['effects'] ?? []).map(offsetOf));
    const unsent = (this.logs['commands'] ?? []).filter(({ offset }) => offset < progress && !sent.has(offset));
    expect(unsent).toEqual([]);
  }

  committed = 0;

  replay(end: number): CounterLogic {
    const logic = new CounterLogic(topics, 0);
    for (const record of this.logs['commands'] ?? []) if (record.offset < end) logic.replay(record);
    return logic;
  }
}

/** The command that an effect, or a dead letter, comes from. */
const offsetOf = ({ value, headers }: InputRecord): number => {
  const letter = headers['ratchet-dlq-offset'];
  return letter === undefined ? (JSON.parse(String(value)) as { offset: number }).offset : Number(letter);
};

/** The counterpart of the driver: performs what its machine says on the world, and can be killed or put to sleep at any time. */
class Instance {
  readonly #world: World;
  logic = new CounterLogic(topics, 0);
  machine: PartitionMachine<string> | undefined;
  #life = 0;
  #sleepsUntil = 0;
  #epoch = -1;
  #alarm = 0;
  readonly #positions = new Map<string, number>();
  readonly #flows = new Set<string>();
  #unsent: OutputRecord[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#fetchAgain();
  }

  own(confirmations: number): void {
    const { now } = this.#world;
    this.#life++;
    this.#unsent = [];
    this.logic = new CounterLogic(topics, 0);
    this.machine = new PartitionMachine<string>({
      partition: 0,
      ownedCount: 1 + this.#world.roll(64),
      service: 'counter',
      inputs: [{ topic: 'commands', start: 'progress' }],
      stateTopics: ['state'],
      connection: { log: () => undefined, realName: (name) => name, tracing: noTracing },
      tuning: { ...defaultTuning, groupKeysMax: 4 },
      logic: this.logic,
      confirmations,
      leaseUntil: now + sessionMs,
      now,
    });
    this.tell({ kind: 'wake' });
  }

  lose(): void {
    this.tell({ kind: 'lost' });
    this.machine = undefined;
    this.#life++;
  }

  /** What it knows and what it has not sent is gone. */
  crash(): void {
    this.machine = undefined;
    this.#life++;
  }

  sleep(forMs: number): void {
    this.#sleepsUntil = this.#world.now + forMs;
  }

  get isAsleep(): boolean {
    return this.#world.now < this.#sleepsUntil;
  }

  tell(event: PartitionEvent<string>): void {
    const { machine } = this;
    if (machine === undefined) return;
    const life = this.#life;
    for (const effect of machine.step(event, this.#world.now, Infinity)) if (life === this.#life) this.#perform(effect);
    if (machine.error?.name === 'InvariantError') throw machine.error;
    this.#arm();
  }

  /** Whatever comes to this instance, or leaves it, waits while it sleeps, and is lost with its life. */
  #later(delayMs: number, act: () => void): void {
    const life = this.#life;
    const due = (): void => {
      if (life !== this.#life) return;
      if (this.isAsleep) this.#world.later(this.#sleepsUntil - this.#world.now + 1, due);
      else act();
    };
    this.#world.later(delayMs, due);
  }

  #answer(event: PartitionEvent<string>): void {
    this.#later(1 + this.#world.roll(40), () => {
      this.tell(event);
    });
  }

  /** The latest alarm alone counts. */
  #arm(): void {
    const at = this.machine?.wakesAt ?? Infinity;
    const alarm = ++this.#alarm;
    if (at === Infinity) return;
    this.#later(Math.max(1, at - this.#world.now), () => {
      if (alarm === this.#alarm) this.tell({ kind: 'wake' });
    });
  }

  #perform(effect: PartitionEffect): void {
    if (effect.kind === 'give-up') this.#giveUp();
    else if (effect.kind === 'resume') this.#flows.add(effect.topic);
    else if (effect.kind === 'pause') this.#flows.delete(effect.topic);
    else if (effect.kind === 'seek') this.#positions.set(effect.topic, effect.offset);
    else if (effect.kind === 'send') this.#send(effect.records);
    else if (effect.kind === 'settle') this.#settle();
    else if (effect.kind === 'write') this.#write(effect.group.states);
    else this.#answerTo(effect);
  }

  #giveUp(): void {
    this.machine = undefined;
    this.#life++;
    if (this.#world.owner === this) this.own(2);
  }

  #send(records: readonly OutputRecord[]): void {
    this.#unsent.push(...records);
    this.#later(1 + this.#world.roll(60), () => {
      this.#sendAll();
    });
  }

  #answerTo(effect: PartitionEffect): void {
    const world = this.#world;
    if (effect.kind === 'fence')
      this.#later(1 + world.roll(40), () => {
        this.#epoch = ++world.epoch;
        this.#answer({ kind: 'fenced' });
      });
    else if (effect.kind === 'locate-state') {
      const ranges = new Map([['state', { start: 0, end: world.ends['state'] ?? 0 }]]);
      this.#answer({ kind: 'state-located', ranges, from: new Map() });
    } else if (effect.kind === 'locate')
      this.#answer({ kind: 'located', asked: effect, range: { start: 0, end: world.ends[effect.topic] ?? 0 } });
    else if (effect.kind === 'restore') {
      for (const record of effect.batch.records.slice(0, effect.count)) this.logic.restore(record);
      this.#answer({ kind: 'restored' });
    } else if (effect.kind === 'begin') this.#answer({ kind: 'begun', positions: this.logic.restored() });
    else if (effect.kind === 'decode')
      this.#answer({ kind: 'decoded', values: effect.records.map((record) => this.logic.decode(record)) });
  }

  #sendAll(): void {
    for (const record of this.#unsent.splice(0)) this.#world.append('effects', record);
  }

  #settle(): void {
    this.#later(1 + this.#world.roll(30), () => {
      if (this.#unsent.length > 0) this.#settle();
      else this.tell({ kind: 'settled' });
    });
  }

  #write(states: readonly OutputRecord[]): void {
    const world = this.#world;
    this.#later(1 + world.roll(40), () => {
      const fate = world.hasFaults ? world.roll(12) : 11;
      if (this.#epoch !== world.epoch) {
        happened('fenced');
        const error = Object.assign(new Error('fenced'), { type: 'INVALID_PRODUCER_EPOCH' });
        this.#answer({ kind: 'unwritten', error });
        return;
      }
      if (fate === 0) happened('commit lost');
      else world.commit(states);
      if (fate === 1) happened('commit unknown');
      this.#answer(
        fate <= 1
          ? { kind: 'unwritten', error: new Error('nobody knows') }
          : { kind: 'written', ends: new Map([['state', world.ends['state'] ?? 0]]) },
      );
    });
  }

  #fetchAgain(): void {
    this.#world.later(1 + this.#world.roll(30), () => {
      if (!this.isAsleep) for (const topic of ['state', 'commands']) this.#fetch(topic);
      this.#fetchAgain();
    });
  }

  #fetch(topic: string): void {
    const { logs, ends, roll } = this.#world;
    const from = this.#positions.get(topic) ?? 0;
    const end = ends[topic] ?? 0;
    if (this.machine === undefined || !this.#flows.has(topic) || from >= end) return;
    const records = (logs[topic] ?? []).filter(({ offset }) => offset >= from).slice(0, 1 + roll(20));
    const left = (logs[topic] ?? []).some(({ offset }) => offset > (records.at(-1)?.offset ?? end));
    const nextOffset = left ? (records.at(-1)?.offset ?? 0) + 1 : end;
    this.#positions.set(topic, nextOffset);
    this.tell({
      kind: 'fetched',
      batch: { topic, partition: 0, records, fetchedOffset: from, nextOffset, highWatermark: end },
    });
  }
}

/** The coordinator of the group: hears who is awake, and gives the partition to the other one when its owner is silent. */
function coordinate(world: World, instances: readonly Instance[]): void {
  const owner = world.owner;
  if (owner !== undefined && !owner.isAsleep && owner.machine !== undefined) {
    world.leaseUntil = world.now + sessionMs;
    owner.tell({ kind: 'heard', leaseUntil: world.leaseUntil, confirmations: 1 });
  } else if (world.now >= world.leaseUntil) {
    const next = instances.find((each) => each !== owner && !each.isAsleep) ?? owner;
    give(world, next);
  }
  world.later(100, () => {
    coordinate(world, instances);
  });
}

function give(world: World, next: Instance | undefined): void {
  world.owner = next;
  world.leaseUntil = world.now + sessionMs;
  next?.own(0);
}

function harm(world: World, instances: readonly Instance[]): void {
  if (!world.hasFaults) return;
  const { owner, roll } = world;
  const fate = roll(5);
  if (fate === 0 && owner !== undefined) {
    happened('crash');
    owner.crash();
  } else if (fate === 1 && owner !== undefined) {
    happened('sleep');
    owner.sleep(200 + roll(2500));
  } else if (fate === 2 && owner !== undefined && !owner.isAsleep) {
    happened('rebalance');
    owner.lose();
    give(world, instances[roll(instances.length)]);
  } else if (fate === 3) {
    happened('compaction');
    world.compact();
  }
  world.later(50 + roll(600), () => {
    harm(world, instances);
  });
}

function feed(world: World): void {
  if (!world.hasFaults) return;
  for (let count = world.roll(6); count >= 0; count--) {
    const value = ['count', 'count', 'count', 'delete', 'throw'][world.roll(5)] ?? 'count';
    world.append('commands', { key: `key-${String(world.roll(6))}`, value: Buffer.from(value) });
  }
  world.later(20 + world.roll(150), () => {
    feed(world);
  });
}

/** Safety while there are faults, then liveness: everything comes to its end. */
function simulate(seed: number): void {
  const world = new World(seed);
  const instances = [new Instance(world), new Instance(world)];
  give(world, instances[0]);
  coordinate(world, instances);
  feed(world);
  harm(world, instances);
  world.runUntil(settlesMs);
  const end = world.ends['commands'] ?? 0;
  expect(world.committed).toBe(end);
  expect(world.owner?.logic.hash()).toBe(world.replay(end).hash());
  const said = new Map<number, string>();
  for (const effect of world.logs['effects'] ?? []) {
    const text = String(effect.value);
    if ((said.get(offsetOf(effect)) ?? text) !== text)
      throw new Error(`Expected the same effect again, but got ${text}`);
    said.set(offsetOf(effect), text);
  }
}

test('whatever crashes, sleeps, moves or is lost: every committed state is a replay, and all is handled in the end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
      simulate(seed);
    }),
    { numRuns: 60 },
  );
  const missing = kinds.filter((kind) => (faultCounts.get(kind) ?? 0) === 0);
  expect(missing).toEqual([]);
});
