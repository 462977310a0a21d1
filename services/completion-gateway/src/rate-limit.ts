/**
 * So many tasks or requests per second: a second's worth may come at once after a pause.
 *
 * Time is `performance.now()`, passed in.
 */
export class RateLimit {
  #perSecond = Infinity;
  #tokens = Infinity;
  #filledAt = 0;

  set(perSecond: number, now: number): void {
    if (perSecond === this.#perSecond) return;
    this.#fill(now);
    this.#perSecond = perSecond;
    this.#tokens = Math.min(this.#tokens, burstOf(perSecond));
  }

  /** Takes one if there is one. */
  take(now: number): boolean {
    this.#fill(now);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Until the next one may be taken, in milliseconds. */
  waitMs(now: number): number {
    this.#fill(now);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#perSecond) * 1000;
  }

  #fill(now: number): void {
    if (this.#perSecond === Infinity) return;
    const grown = this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(burstOf(this.#perSecond), grown);
    this.#filledAt = now;
  }
}

const burstOf = (perSecond: number): number => (perSecond === 0 ? 0 : Math.max(1, perSecond));
