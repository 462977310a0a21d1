import { BestOfWindow } from './best-of-window.ts';
import type { OwnClock } from './own-clock.ts';

/** How far our clock and the log's may lie apart for timers to be on time from the first one on. */
export const skewMsMax = 5_000;
/** An exact estimate is held back by this much: an early proposal costs a way to the log and back, and instants are whole milliseconds. */
export const marginMs = 1;
/** The best of each kind of sample is looked for in this window and the one before, so that clocks that drift are followed. */
const windowMs = 30_000;
/** A command that is sent now is appended no later than this after the lower bound says, when nothing is slow. */
export const leadMsMax = 20;
/** A bound this far above the estimate proves it wrong: less is the rounding of milliseconds. */
const toleranceMs = 2;

export interface LogTime {
  /** The append time that a command would get that is sent now, as far as we know. */
  readonly at: number;
  /** Whether anything was seen of the log's clock. If not, it is the latest that it could be. */
  readonly sure: boolean;
}

/**
 * What the log's clock shows, judged by a clock that may be wrong.
 *
 * Deadlines stand on the log's clock: the append times that the broker gives to commands. Ours may be seconds ahead or
 * behind, so only differences are used. With `offset = log's clock - ours`:
 *
 * - *Lower bound.* A progress record carries the log's `now` and the broker's time of writing it; both are over when we
 *   read it, so `offset >= now - ours`. The largest of the last half minute is a commit and a fetch too low (10 to 40
 *   ms).
 * - *Exact.* The broker's answer to a proposal says which append time it got. `appendedAt - sentAt` is the offset and
 *   the way to the log in one: what a command sent now will get. The smallest of the last half minute is used, so that
 *   the fastest way is not early; no more than 20 ms above the lower bound, for under load even the fastest is slow. All
 *   are dropped as soon as a lower bound contradicts them (clocks drift, leaders move).
 * - *Only the bound is known.* The estimate is 20 ms above it, the most that it can be off when nothing is slow: rather
 *   early, since the broker's answer to an early proposal makes the next one exact, while a late one is just late.
 * - *Nothing seen yet.* The guess is the latest possible if the clocks differ by no more than 5 s, and says that it is
 *   not sure. `Proposer` then asks by a command that changes nothing, and the broker's answer to it is a sample.
 *
 * Only progress that is read as it is written may be shown to it: one from the backlog says little.
 *
 * So being early costs a refused command. Being late by seconds takes a broker whose clock jumps ahead while nothing
 * happens in the partition.
 */
export class LogClockEstimate {
  readonly #own: OwnClock;
  readonly #bound = new BestOfWindow(windowMs, Math.max, -Infinity);
  readonly #append = new BestOfWindow(windowMs, Math.min, Infinity);

  constructor(own: OwnClock) {
    this.#own = own;
  }

  /** The log's clock showed `now` at some moment before now. */
  observeNow(now: number): void {
    const own = this.#own();
    const bound = now - own;
    this.#bound.add(bound, own);
    if (bound > this.#append.best + toleranceMs) this.#append.clear();
  }

  /** A command that was sent at `sentAt` of our clock got the append time `appendedAt`. */
  observeAppend(appendedAt: number, sentAt: number): void {
    this.#append.add(appendedAt - sentAt, this.#own());
  }

  read(): LogTime {
    const own = this.#own();
    const bound = this.#bound.best;
    const append = this.#append.best;
    if (bound === -Infinity && append === Infinity) return { at: own + skewMsMax, sure: false };
    const latest = bound === -Infinity ? Infinity : bound + leadMsMax;
    return { at: own + Math.min(append - marginMs, latest), sure: true };
  }
}
