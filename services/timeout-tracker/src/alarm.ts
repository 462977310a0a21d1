/** Longer waits are cut: `setTimeout` takes no more than 2^31 ms, and a clock may be corrected meanwhile. */
const waitMsMax = 60_000;

/** One timer that rings at the earliest of the instants it was set to since it last rang. */
export class Alarm {
  readonly #ring: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ringsAt = Infinity;

  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /** @param waitMs from now; it may ring sooner, at least once a minute, so whoever hears it looks at the clock. */
  setIn(waitMs: number): void {
    const wait = Math.min(Math.max(waitMs, 0), waitMsMax);
    const at = performance.now() + wait;
    if (at >= this.#ringsAt) return;
    clearTimeout(this.#timer);
    this.#ringsAt = at;
    this.#timer = setTimeout(() => {
      this.#ringsAt = Infinity;
      this.#ring();
    }, Math.ceil(wait));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#ringsAt = Infinity;
  }
}
