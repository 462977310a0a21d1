/** `performance.timeOrigin` may be corrected with the wall clock: what it was when the process began. */
const startedAt = performance.timeOrigin;

/** Epoch milliseconds as the wall clock told when this process began, and the time that has really passed since. */
export const steadyNow = (): number => Math.floor(startedAt + performance.now());

/**
 * `Date` whose `now` cannot be set back or forth.
 *
 * The times that kafkajs writes into records come from it as well; all topics of Ratchet take the broker's instead
 * (`LogAppendTime`).
 */
export class steadyDate extends Date {
  static override now(): number {
    return steadyNow();
  }
}
