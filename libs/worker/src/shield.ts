import { getEventListeners } from 'node:events';
import { hasRejection, onAborted } from './rejection-of.ts';

/** Where code of an activity learns that it is to stop: the attempt's cancellation, or a shield before it. */
export interface StopSource {
  /** Aborted with the `CancelledFailure`. */
  readonly signal: AbortSignal;
}

/**
 * Holds a cancellation back from the code inside it.
 *
 * ```
 * up ── lift (its time is over) ──> lifted ── retire (its work is over) ──> retired
 *  └──────────────────────────── retire ───────────────────────────────────────^
 * ```
 *
 * Once it is no longer up its signal follows the outer one, which may be a shield's again: nothing reaches the inside of
 * a shield within a shield before both are down.
 */
export class Shield implements StopSource {
  readonly #outer: StopSource;
  readonly #spares: Follower[];
  #follower: Follower | undefined;
  #isUp = true;

  /** @param spares Of the attempt: what its shields have used and need no more. */
  constructor(outer: StopSource, spares: Follower[]) {
    this.#outer = outer;
    this.#spares = spares;
  }

  /** Made when it is asked for. */
  get signal(): AbortSignal {
    if (this.#follower !== undefined) return this.#follower.signal;
    if (!this.#isUp) return this.#outer.signal;
    this.#follower = takeSpare(this.#spares);
    return this.#follower.signal;
  }

  /** Holds nothing back any more, though its work goes on. */
  lift(): void {
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#follower?.follow(this.#outer.signal);
  }

  /** Its work is over. What was started in it and goes on may still hold its signal, which follows the outer one. */
  retire(): void {
    this.lift();
    const follower = this.#follower;
    if (follower === undefined) return;
    for (const spare of this.#spares) if (spare.follows(follower.signal)) spare.follow(this.#outer.signal);
    this.#spares.push(follower);
    this.#follower = undefined;
  }
}

/**
 * A signal of its own that goes on with another's abort, from when it is told to.
 *
 * An activity may go through a shield ten times a second for days: a signal that nobody listens to any more is used for
 * the next one, so that their number does not grow with it.
 */
export class Follower {
  readonly #controller = new AbortController();
  #followed: AbortSignal | undefined;
  #stop: (() => void) | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Nobody listens. Somebody may still hold it, and look. */
  get isIdle(): boolean {
    const own = hasRejection(this.signal) ? 1 : 0;
    return !this.signal.aborted && getEventListeners(this.signal, 'abort').length === own;
  }

  follows(signal: AbortSignal): boolean {
    return this.#followed === signal;
  }

  follow(outer: AbortSignal): void {
    this.stay();
    this.#followed = outer;
    this.#stop = onAborted(outer, () => {
      this.#controller.abort(outer.reason);
    });
  }

  /** Follows nothing. */
  stay(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#followed = undefined;
  }
}

function takeSpare(spares: Follower[]): Follower {
  for (let spare = spares.pop(); spare !== undefined; spare = spares.pop()) {
    // Somebody listens to it outside of any shield now: it goes on following.
    if (!spare.isIdle) continue;
    spare.stay();
    return spare;
  }
  return new Follower();
}
