import { asError } from '../kafkajs/kafka-error.ts';
import type { SealedGroup } from './sealed-group.ts';

export interface GroupCommitterOptions {
  /** Takes what was handled since the last group; `undefined` when there is nothing. */
  readonly seal: () => SealedGroup | undefined;
  /** Resolves once the effects that were sent so far are acknowledged. */
  readonly effectsSettled: () => Promise<void>;
  /** Resolves with the offset of the state topic behind the group. */
  readonly write: (group: SealedGroup) => Promise<number>;
  readonly onCommitted: (group: SealedGroup, end: number) => void;
  /** Nothing is being committed any more: time to `poke` if something was handled meanwhile. */
  readonly onIdle: () => void;
  /** Nothing is committed any more after this. */
  readonly onFailed: (error: Error) => void;
  /** From the first change to the sealing of its group, when nothing was committed lately. */
  readonly delayMs: number;
  /** From the start of one commit to the next, at least. */
  readonly intervalMs: number;
}

/** Groups without a changed state only move the progress; that can wait. */
const progressIntervalMs = 1000;

/**
 * Commits groups one after the other, each after its effects: the other order would lose a task in a crash, this one
 * at worst repeats it.
 *
 * Soon after the first change when nothing was committed lately: an activity that runs through meanwhile is written
 * once, and the commit does not take the CPU from the answers it waits on. Under load a quarter of a second apart,
 * because a transaction costs 10 ms of CPU on both sides and whatever changes twice in between is written once.
 */
export class GroupCommitter {
  readonly #options: GroupCommitterOptions;
  readonly #waiting: SealedGroup[] = [];
  #startedAt = -Infinity;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #dueAt = Infinity;
  #closed = false;

  constructor(options: GroupCommitterOptions) {
    this.#options = options;
  }

  /** Groups that are sealed and not yet written, the one in hand included. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Takes a group that had to be sealed before its time. */
  push(group: SealedGroup): void {
    this.#waiting.push(group);
    this.#start();
  }

  /** Something was handled. @param changedState whether more than the progress moved. */
  poke(changedState: boolean): void {
    if (this.#closed || this.#running !== undefined) return;
    const { intervalMs, delayMs } = this.#options;
    const now = performance.now();
    const dueAt = Math.max(this.#startedAt + (changedState ? intervalMs : progressIntervalMs), now + delayMs);
    if (dueAt <= now) {
      this.#start();
    } else if (dueAt < this.#dueAt) {
      // A change of state does not wait for the timer of a mere progress.
      clearTimeout(this.#timer);
      this.#dueAt = dueAt;
      this.#timer = setTimeout(() => {
        this.#start();
      }, dueAt - now);
    }
  }

  /** Commits everything handled so far, whatever the interval says. */
  async drain(): Promise<void> {
    await this.#running;
    this.#start();
    await this.#running;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #start(): void {
    if (this.#closed || this.#running !== undefined) return;
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
    this.#running = this.#commitAll().then(() => {
      this.#running = undefined;
      if (!this.#closed) this.#options.onIdle();
    });
  }

  async #commitAll(): Promise<void> {
    try {
      if (this.#waiting.length === 0) this.#sealNow();
      for (let group = this.#waiting[0]; group !== undefined && !this.#closed; group = this.#waiting[0]) {
        this.#startedAt = performance.now();
        await this.#options.effectsSettled();
        const end = await this.#options.write(group);
        // The partition can be lost while its last commit is under way; then nobody asks for it any more.
        if (!this.#isClosed()) this.#committed(end);
      }
    } catch (thrown) {
      if (this.#isClosed()) return;
      this.close();
      this.#options.onFailed(asError(thrown));
    }
  }

  /** `close` may be called during any `await`, which the compiler cannot know. */
  #isClosed(): boolean {
    return this.#closed;
  }

  #committed(end: number): void {
    const group = this.#waiting.shift();
    if (group !== undefined) this.#options.onCommitted(group, end);
  }

  #sealNow(): void {
    const group = this.#options.seal();
    if (group !== undefined) this.#waiting.push(group);
  }
}
