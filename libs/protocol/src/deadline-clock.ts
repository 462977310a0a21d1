/** Something that must be looked after at some time. */
export interface Due {
  /** On the clock of `performance.now()`; infinity: never. */
  dueAt: number;
  /** The clock's own: where it keeps this. */
  place?: number | undefined;
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
  /** In no order. Not a `Set`, whose former tables keep what was deleted, as a `Map`'s do (see `TransientMap`). */
  #open: Due[] = [];
  #timer: NodeJS.Timeout | undefined;

  add(due: Due): void {
    if (due.place !== undefined) return;
    due.place = this.#open.push(due) - 1;
    this.#timer ??= setInterval(() => this.#look(), 100);
  }

  remove(due: Due): void {
    const { place } = due;
    if (place === undefined) return;
    due.place = undefined;
    const last = this.#open.pop();
    if (last === undefined || last === due) return;
    this.#open[place] = last;
    last.place = place;
  }

  close(): void {
    for (const due of this.#open) due.place = undefined;
    this.#open = [];
    this.#stop();
  }

  #look(): void {
    if (this.#open.length === 0) return this.#stop();
    const now = performance.now();
    // One may remove another.
    for (const due of [...this.#open]) if (due.place !== undefined && due.dueAt <= now) due.whenDue(now);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
