import type { Positions } from './partition-logic.ts';
import type { ProcessorTuning } from './processor-options.ts';
import type { SealedGroup } from './record-handler.ts';

/** Groups without a changed state only move the progress; that can wait. */
const progressIntervalMs = 1000;

/**
 * The sealed groups of a partition on their way into the log, one after the other, each after its effects: the other order
 * would lose a task in a crash, this one at worst repeats it.
 *
 * ```
 * idle ──begin──> settling ──settled: effects are acknowledged──> writing ──written──> idle
 * ```
 */
export class GroupCommits {
  readonly #tuning: Pick<ProcessorTuning, 'commitDelayMs' | 'commitIntervalMs'>;
  readonly #groups: SealedGroup[] = [];
  #phase: 'idle' | 'settling' | 'writing' = 'idle';
  #begunAt = -Infinity;
  #dueAt = Infinity;
  #committed: Positions = new Map();

  constructor(tuning: Pick<ProcessorTuning, 'commitDelayMs' | 'commitIntervalMs'>) {
    this.#tuning = tuning;
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
   * Soon after the first change when nothing was committed lately: an activity that runs through meanwhile is written
   * once, and the commit does not take the CPU from the answers it waits on. Under load a quarter of a second apart,
   * because a transaction costs 10 ms of CPU on both sides and whatever changes twice in between is written once.
   *
   * @param isUrgent whether more than the progress has moved: that does not wait for the instant of a mere progress.
   */
  isDue(now: number, isUrgent: boolean): boolean {
    const { commitIntervalMs, commitDelayMs } = this.#tuning;
    const earliest = this.#begunAt + (isUrgent ? commitIntervalMs : progressIntervalMs);
    this.#dueAt = Math.min(this.#dueAt, Math.max(earliest, now + commitDelayMs));
    return this.#dueAt <= now;
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
