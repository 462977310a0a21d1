/** The largest or smallest of the values of the last window, or of the two last ones: what is older does not count. */
export class BestOfWindow {
  readonly #windowMs: number;
  readonly #better: (one: number, other: number) => number;
  readonly #worst: number;
  #inWindow: number;
  #inWindowBefore: number;
  #windowEndsAt = -Infinity;

  /** @param worst what `best` is when there is no value. */
  constructor(windowMs: number, better: (one: number, other: number) => number, worst: number) {
    this.#windowMs = windowMs;
    this.#better = better;
    this.#worst = worst;
    this.#inWindow = worst;
    this.#inWindowBefore = worst;
  }

  get best(): number {
    return this.#better(this.#inWindow, this.#inWindowBefore);
  }

  /** @param at never before that of an earlier value. A window ends only when a value comes, so the last ones are kept. */
  add(value: number, at: number): void {
    if (at >= this.#windowEndsAt) {
      this.#inWindowBefore = this.#inWindow;
      this.#inWindow = this.#worst;
      this.#windowEndsAt = at + this.#windowMs;
    }
    this.#inWindow = this.#better(this.#inWindow, value);
  }

  clear(): void {
    this.#inWindow = this.#worst;
    this.#inWindowBefore = this.#worst;
  }
}
