/** So many requests of one caller begin in one turn of the event loop. */
const perTurnMax = 16;

/** All who are not let in, together. */
export const strangers = '\0strangers';

/**
 * Lets requests begin in turns: of each caller a few in every turn of the event loop, the others in the next ones. Whoever
 * asks a thousand times at once waits for themself, and others wait for a few of these.
 */
export class Turns {
  /** By caller: how many have begun in this turn. */
  readonly #begun = new Map<string, number>();
  /** By caller: those whose turn is to come, in their order. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #isNextAwaited = false;

  /** @returns nothing when a request of `caller` may begin at once; else it waits for the promise. */
  next(caller: string): Promise<void> | undefined {
    const begun = this.#begun.get(caller) ?? 0;
    this.#awaitNext();
    if (begun < perTurnMax) {
      this.#begun.set(caller, begun + 1);
      return undefined;
    }
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(caller);
      if (waiting === undefined) this.#waiting.set(caller, [resolve]);
      else waiting.push(resolve);
    });
  }

  #awaitNext(): void {
    if (this.#isNextAwaited) return;
    this.#isNextAwaited = true;
    setImmediate(() => {
      this.#isNextAwaited = false;
      this.#turn();
    });
  }

  #turn(): void {
    this.#begun.clear();
    for (const [caller, waiting] of this.#waiting) {
      const chosen = waiting.splice(0, perTurnMax);
      if (waiting.length === 0) this.#waiting.delete(caller);
      this.#begun.set(caller, chosen.length);
      for (const begin of chosen) begin();
    }
    if (this.#begun.size > 0) this.#awaitNext();
  }
}
