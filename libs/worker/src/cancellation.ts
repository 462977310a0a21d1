import { CancelledFailure, fieldOf, isError, isInstance } from '@ratchet/protocol';
import { cancellationDetailsOf, type ActivityCancellationDetails } from './activity-cancellation-details.ts';
import type { CancelReason } from './cancel-reason.ts';
import type { StopSource } from './shield.ts';

/** Which reason says more about how the attempt ends. Of equals the first counts. */
const weights: Readonly<Record<CancelReason, number>> = {
  WORKER_SHUTDOWN: 0,
  PAUSED: 0,
  RESET: 0,
  // After a request there is no retry: a worker that shuts down, or a pause, must not turn it into a failure.
  CANCELLED: 1,
  HEARTBEAT_DETAILS_CONVERSION_FAILED: 1,
  TIMED_OUT: 2,
  NOT_FOUND: 2,
};

/**
 * The one cancellation of an attempt. It is delivered once, with the reason that came first; a later reason changes only
 * what the end of the function means, and whether anyone still waits for it.
 */
export class Cancellation implements StopSource {
  #controller: AbortController | undefined;
  #delivered: CancelReason | undefined;
  #details: ActivityCancellationDetails | undefined;
  #reason: CancelReason | undefined;
  readonly #heard = new Set<CancelReason>();

  /** Made when it is asked for: most activities never do. */
  get signal(): AbortSignal {
    this.#controller ??= abortedBy(this.#delivered);
    return this.#controller.signal;
  }

  /** What the end of the function is judged by. */
  get reason(): CancelReason | undefined {
    return this.#reason;
  }

  /** Of the reason that was delivered. */
  get details(): ActivityCancellationDetails | undefined {
    return this.#details;
  }

  /** Whether nobody waits for what the attempt does any more. */
  get isAbandoned(): boolean {
    return this.#reason === 'NOT_FOUND' || this.#reason === 'TIMED_OUT';
  }

  /** @returns whether it is news. */
  request(reason: CancelReason): boolean {
    if (this.#heard.has(reason)) return false;
    this.#heard.add(reason);
    if (this.#reason === undefined || weights[reason] > weights[this.#reason]) this.#reason = reason;
    this.deliver(reason);
    return true;
  }

  /** Tells the function to stop, unless it was told before. What its end means stays as it is. */
  deliver(reason: CancelReason): void {
    if (this.#delivered !== undefined) return;
    this.#delivered = reason;
    this.#details = cancellationDetailsOf(reason);
    this.#controller?.abort(new CancelledFailure(reason));
  }
}

function abortedBy(reason: CancelReason | undefined): AbortController {
  const controller = new AbortController();
  if (reason !== undefined) controller.abort(new CancelledFailure(reason));
  return controller;
}

/** Whether an activity ended because it was cancelled: with the failure itself, or as Node's own functions do. */
export const isCancellation = (error: unknown): boolean =>
  isInstance(error, CancelledFailure) || (isError(error) && fieldOf(error, 'name') === 'AbortError');
