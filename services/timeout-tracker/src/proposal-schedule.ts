export const repeatMsMin = 10;
export const repeatMsMax = 1_000;
/** The first repetition waits no longer than this, whatever the log's usual time. */
const firstRepeatMsMax = 250;

/**
 * How long a first proposal is given to show an effect: 10 ms, or twice the log's usual time where that is known to be
 * longer. A load that delays the answers must not be doubled by asking again.
 */
export const firstRepeatMs = (answerMs: number): number =>
  Math.min(firstRepeatMsMax, Math.max(repeatMsMin, 2 * answerMs));

/** How long the one after `count` proposals waits: twice as long each time, up to a second. */
export const repeatAfterMs = (firstMs: number, count: number): number =>
  Math.min(repeatMsMax, firstMs * 2 ** (count - 1));

/** How long the log takes to show the effect of a proposal: an average that forgets. */
export class AnswerTime {
  #ms: number | undefined;

  /** 0 before the first observation. */
  get ms(): number {
    return this.#ms ?? 0;
  }

  observe(ms: number): void {
    const bounded = Math.min(ms, repeatMsMax);
    this.#ms = this.#ms === undefined ? bounded : this.#ms + (bounded - this.#ms) / 8;
  }
}
