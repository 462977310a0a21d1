/** Something that must be looked after at some time. */
export interface Due {
  /** On the clock of `performance.now()`; infinity: never. */
  dueAt: number;
  /** Called once `dueAt` has passed; sets a new `dueAt`, or removes itself. */
  whenDue(now: number): void;
}

/**
 * One timer for many deadlines.
 *
 * Requests come and go by the thousand in a second and nearly none reaches its deadline, so a look at all that are
 * open ten times a second is cheaper than a timer for each. Deadlines are met up to 100 ms late, never early.
 */
export class DeadlineClock {
  readonly #open = new Set<Due>();
  #timer: NodeJS.Timeout | undefined;

  add(due: Due): void {
    this.#open.add(due);
    this.#timer ??= setInterval(() => this.#look(), 100);
  }

  remove(due: Due): void {
    this.#open.delete(due);
  }

  close(): void {
    this.#open.clear();
    this.#stop();
  }

  #look(): void {
    if (this.#open.size === 0) return this.#stop();
    const now = performance.now();
    for (const due of this.#open) if (due.dueAt <= now) due.whenDue(now);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
