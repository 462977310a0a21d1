/** The first repetition comes no sooner than this, the later ones no later than `repeatMsMax` apart. */
export const repeatMsMin = 10;
export const repeatMsMax = 1_000;

/**
 * How long to wait for the effect of a proposal before it is made again: 10 ms, 20 ms, ... 1 s.
 *
 * Where the log is known to answer more slowly, the first wait is twice its usual time: a load that delays the answers
 * must not be doubled by asking again.
 *
 * @param proposedCount how often it was made, at least 1.
 * @param answerMs how long the log takes to show the effect of a proposal.
 */
export function repeatAfterMs(proposedCount: number, answerMs: number): number {
  return Math.min(repeatMsMax, Math.max(repeatMsMin, 2 * answerMs) * 2 ** (proposedCount - 1));
}

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
