import type { Positions } from './partition-logic.ts';
import { machineLimits, type ProcessorTuning } from './processor-options.ts';
import type { SealedGroup } from './record-handler.ts';

type Parts = Pick<ProcessorTuning, 'commitDelayMs' | 'commitIntervalMs' | 'commitTurnMs'> & {
  readonly partition: number;
  readonly ownedCount: number;
};

/** Its multiples lie evenly in a whole, however many there are: the turns of an instance's partitions do, too. */
const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * The sealed groups of a partition on their way into the log, one after the other, each after its effects: the other order
 * would lose a task in a crash, this one at worst repeats it.
 *
 * ```
 * idle ──begin──> settling ──settled: effects are acknowledged──> writing ──written──> idle
 * ```
 */
export class GroupCommits {
  readonly #parts: Parts;
  readonly #groups: SealedGroup[] = [];
  #phase: 'idle' | 'settling' | 'writing' = 'idle';
  #begunAt = -Infinity;
  #dueAt = Infinity;
  #committed: Positions = new Map();
  #turnMs = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.shareAmong(parts.ownedCount);
  }

  /** The instance owns so many partitions: each has its turn to commit so that there are no more commits than with few. */
  shareAmong(ownedCount: number): void {
    const { commitsPerSecond, commitTurnMsMax } = machineLimits;
    const fairMs = Math.min((1000 * ownedCount) / commitsPerSecond, commitTurnMsMax);
    this.#turnMs = Math.max(this.#parts.commitTurnMs, fairMs);
  }

  get phase(): 'idle' | 'settling' | 'writing' {
    return this.#phase;
  }

  /** Groups that are sealed and not yet written, the one in hand included. */
  get waitingCount(): number {
    return this.#groups.length;
  }

  /** When the next group is to be sealed; `Infinity` while one is committed, or nothing was handled. */
  get dueAt(): number {
    return this.#phase === 'idle' ? this.#dueAt : Infinity;
  }

  /** What the last group that was written covers. */
  get committed(): Positions {
    return this.#committed;
  }

  /**
   * Whether what was handled is to be sealed now.
   *
   * A transaction costs 10 ms of CPU on both sides, and whatever changes twice before it is written once. So it waits for the
   * partition's turn where nobody waits for it; else it comes early enough for them, and soon when it is late already.
   *
   * @param mayWaitMs how long until someone needs to have read it.
   */
  isDue(now: number, mayWaitMs: number): boolean {
    const { commitIntervalMs, commitDelayMs } = this.#parts;
    const earliest = Math.max(now + commitDelayMs, this.#begunAt + commitIntervalMs);
    const needed = now + mayWaitMs - commitIntervalMs;
    this.#dueAt = Math.min(this.#dueAt, Math.max(earliest, Math.min(needed, this.#turnBehind(earliest))));
    return this.#dueAt <= now;
  }

  #turnBehind(at: number): number {
    const turnMs = this.#turnMs;
    const offsetMs = ((this.#parts.partition * goldenRatio) % 1) * turnMs;
    return offsetMs + Math.ceil((at - offsetMs) / turnMs) * turnMs;
  }

  push(group: SealedGroup): void {
    this.#groups.push(group);
  }

  /** @returns whether a group has begun to be committed, so that its effects must be acknowledged next. */
  begin(now: number): boolean {
    if (this.#phase !== 'idle' || this.#groups.length === 0) return false;
    this.#phase = 'settling';
    this.#begunAt = now;
    this.#dueAt = Infinity;
    return true;
  }

  /** @returns the group whose effects are acknowledged, which is to be written; `undefined`: none waits for that. */
  settled(): SealedGroup | undefined {
    if (this.#phase !== 'settling') return undefined;
    this.#phase = 'writing';
    return this.#groups[0];
  }

  /** @returns the group that is written; `undefined`: none was to be. */
  written(): SealedGroup | undefined {
    if (this.#phase !== 'writing') return undefined;
    this.#phase = 'idle';
    const group = this.#groups.shift();
    if (group !== undefined) this.#committed = group.positions;
    return group;
  }
}
