import { CancelledFailure } from '@ratchet/protocol';

/** Why an activity is to stop; the message of its `CancelledFailure`. The words of the field. */
export type CancelReason =
  /** Someone asked for it. */
  | 'CANCELLED'
  /** The attempt is over, or the activity closed: whatever it does now reaches nobody. */
  | 'NOT_FOUND'
  /** One of its limits has passed. As good as `NOT_FOUND`. */
  | 'TIMED_OUT'
  | 'WORKER_SHUTDOWN'
  | 'PAUSED'
  | 'RESET'
  /** What it said in a heartbeat cannot be sent: that is its failure. */
  | 'HEARTBEAT_DETAILS_CONVERSION_FAILED';

/** The one cancellation of an attempt: the first reason counts. */
export class Cancellation {
  #controller: AbortController | undefined;
  #firstReason: CancelReason | undefined;
  #reason: CancelReason | undefined;

  /** Made when it is asked for: most activities never do. */
  get signal(): AbortSignal {
    this.#controller ??= abortedBy(this.#firstReason);
    return this.#controller.signal;
  }

  get reason(): CancelReason | undefined {
    return this.#reason;
  }

  /** Whether nobody waits for what the attempt does any more. */
  get isAbandoned(): boolean {
    return this.#reason === 'NOT_FOUND' || this.#reason === 'TIMED_OUT';
  }

  /** A later reason changes only whether anyone still waits. */
  request(reason: CancelReason): void {
    if (this.#reason !== undefined && reason !== 'NOT_FOUND' && reason !== 'TIMED_OUT') return;
    // A signal that is aborted already keeps its first reason.
    this.#controller?.abort(new CancelledFailure(reason));
    this.#firstReason ??= reason;
    this.#reason = reason;
  }
}

function abortedBy(reason: CancelReason | undefined): AbortController {
  const controller = new AbortController();
  if (reason !== undefined) controller.abort(new CancelledFailure(reason));
  return controller;
}

/** Whether an activity ended because it was cancelled: with the failure itself, or as Node's own functions do. */
export const isCancellation = (error: unknown): boolean =>
  error instanceof CancelledFailure || (error instanceof Error && error.name === 'AbortError');
