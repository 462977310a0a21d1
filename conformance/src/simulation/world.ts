import { setImmediate as realImmediate } from 'node:timers';
import { Random } from '@ratchet/testing/random';

/** What may go wrong. A run of many seeds in which one of them never happened proves nothing of it. */
export const faultKinds = [
  'service-crash',
  'service-stop',
  'service-sleep',
  'rebalance',
  'session-expired',
  'worker-crash',
  'worker-sleep',
  'client-crash',
  'gateway-crash',
  'broker-down',
  'leader-moved',
  'request-lost',
  'answer-lost',
  'request-late',
  'records-doubled',
  'commit-lost',
  'commit-unknown',
  'producer-fenced',
  'transaction-aborted',
  'broker-clock-jump',
  'process-clock-jump',
  'disk-full',
  'disk-slow',
  'store-lost',
  'store-old',
  'compaction',
  'retention',
  'poison',
  'wrong-partition',
  'stale-token',
  'notice-lost',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export type FaultCounts = Map<FaultKind, number>;

/** A process of the world: what is due for it comes while it is awake, and is lost with its life. */
export class SimulatedProcess {
  readonly name: string;
  /** Counts its starts; what was begun in a former life is dropped. */
  life = 1;
  isAlive = true;
  sleepsUntil = -Infinity;
  /** How far its wall clock is ahead of true time. */
  wallAheadMs = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Nothing that it has begun goes on. */
  die(): void {
    this.isAlive = false;
    this.life++;
  }

  revive(): void {
    this.isAlive = true;
    this.sleepsUntil = -Infinity;
  }
}

interface Due {
  at: number;
  order: number;
  readonly process: SimulatedProcess | undefined;
  readonly life: number;
  readonly act: () => void;
  isCancelled: boolean;
}

/** Something that happened, for whoever must understand why a seed fails. */
export interface HistoryLine {
  readonly at: number;
  readonly text: string;
}

/** Calendar time of the world's beginning, epoch milliseconds. */
export const beginning = 1_800_000_000_000;

const historyMax = 100_000;

/**
 * Virtual time, the draws of a seed, and what is due: one event after the other, each with all that it brings about at once.
 * Time passes only between events, so the same seed gives the same world, whatever the machine is doing.
 */
export class World {
  readonly seed: number;
  readonly counts: FaultCounts = new Map();
  readonly history: HistoryLine[] = [];
  /** Milliseconds since the beginning. */
  now = 0;
  /** Faults are over from then on. */
  readonly faultsUntil: number;
  /** Whose event it is. */
  current: SimulatedProcess | undefined;
  /** Every draw of a world comes from its seed. */
  readonly #random: Random;
  readonly #queue: Due[] = [];
  #order = 0;

  constructor(seed: number, faultsUntil: number) {
    this.seed = seed;
    this.faultsUntil = faultsUntil;
    this.#random = new Random(seed);
  }

  get hasFaults(): boolean {
    return this.now < this.faultsUntil;
  }

  // --- draws ---

  /** From 0 up to, and without, 1. */
  fraction(): number {
    return this.#random.between(0, 1);
  }

  /** A whole number from 0 up to, and without, `sides`. */
  roll(sides: number): number {
    return Math.floor(this.fraction() * sides);
  }

  /** A whole number of a range, both ends included. */
  between(low: number, high: number): number {
    return low + this.roll(high - low + 1);
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.roll(values.length)];
    if (value === undefined) throw new RangeError('Expected to pick one of several, but there is none');
    return value;
  }

  /** @param percent how likely it is, while there are faults; it is counted where it happens. */
  happens(fault: FaultKind, percent: number): boolean {
    if (!this.hasFaults || this.fraction() * 100 >= percent) return false;
    this.count(fault);
    return true;
  }

  count(fault: FaultKind): void {
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
  }

  /** Takes down what happened. */
  say(text: string): void {
    if (this.history.length < historyMax) this.history.push({ at: this.now, text });
  }

  // --- time ---

  /** Epoch milliseconds, as a clock shows them that is ahead by so much. */
  clock(aheadMs = 0): number {
    return beginning + Math.floor(this.now) + aheadMs;
  }

  /**
   * @param process whose matter it is; `undefined`: nobody's, and it comes in any case.
   * @param life in which of its lives; default: the present one.
   * @returns cancels it.
   */
  later(
    process: SimulatedProcess | undefined,
    delayMs: number,
    act: () => void,
    life = process?.life ?? 0,
  ): () => void {
    const due: Due = {
      at: this.now + Math.max(0, delayMs),
      order: this.#order++,
      process,
      life,
      act,
      isCancelled: false,
    };
    this.#push(due);
    return () => {
      due.isCancelled = true;
    };
  }

  /** Lets happen what is due until then, or until it is enough. */
  async runUntil(end: number, isEnough: () => boolean = () => false): Promise<void> {
    for (let next = this.#queue[0]; next !== undefined && next.at <= end; next = this.#queue[0]) {
      this.#pop();
      if (next.isCancelled) continue;
      this.now = Math.max(this.now, next.at);
      await this.#let(next);
      if (isEnough()) return;
    }
    this.now = Math.max(this.now, end);
  }

  async #let(due: Due): Promise<void> {
    const { process, life, act } = due;
    if (process !== undefined) {
      if (process.life !== life || !process.isAlive) return;
      if (this.now < process.sleepsUntil) {
        // A stopped process finds all that was due when it goes on, in its order.
        due.at = process.sleepsUntil;
        due.order = this.#order++;
        this.#push(due);
        return;
      }
    }
    this.current = process;
    act();
    await quiet();
    this.current = undefined;
  }

  // --- the queue: a binary heap ---

  #push(due: Due): void {
    const queue = this.#queue;
    let index = queue.push(due) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = queue[parent];
      if (above === undefined || isBefore(above, due)) break;
      queue[index] = above;
      index = parent;
    }
    queue[index] = due;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [queue[left], queue[left + 1]];
      const next = one !== undefined && other !== undefined && isBefore(other, one) ? other : one;
      if (next === undefined || isBefore(last, next)) break;
      queue[index] = next;
      index = next === one ? left : left + 1;
    }
    queue[index] = last;
  }
}

const isBefore = (one: Due, other: Due): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** Every promise that can settle by itself has settled. */
const quiet = (): Promise<void> =>
  new Promise((resolve) => {
    realImmediate(resolve);
  });
