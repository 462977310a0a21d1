import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '@ratchet/kafka';
import { after, durationExpected, durationMs, type Duration } from '@ratchet/protocol';
import type { ActivityCancellationDetails } from './activity-cancellation-details.ts';
import type { ActivityInfo } from './activity-info.ts';
import { activityLog, type ActivityLog } from './activity-log.ts';
import type { Cancellation } from './cancellation.ts';
import { onAborted, rejectionOf } from './rejection-of.ts';
import { Shield, type Follower, type StopSource } from './shield.ts';

export interface ContextParts {
  readonly info: ActivityInfo;
  readonly log: Log;
  readonly cancellation: Pick<Cancellation, 'signal' | 'details'>;
  readonly heartbeat: (details: unknown) => void;
  /** A promise that the activity left alone was rejected; perhaps after its end. */
  readonly stray: (error: unknown) => void;
}

/** Where code runs: in an activity, and there perhaps in a shield. */
interface Place {
  readonly context: Context;
  readonly source: StopSource;
}

const places = new AsyncLocalStorage<Place>();

export interface ShieldOptions {
  /** How long it may hold a cancellation back, from when it is put up; default: as long as the work takes. */
  readonly timeout?: Duration;
}

/**
 * What Ratchet offers a running activity: `Context.current()`, anywhere in its calls.
 *
 * An activity that is to stop is told so once, by `cancellationSignal` and `cancelled`; the message says why. It accepts
 * by letting the failure out (or what an aborted `fetch` or timer throws): after a request it closes as cancelled, with
 * the `details` of the `CancelledFailure` it throws; for `PAUSED`, `RESET` and `WORKER_SHUTDOWN` the attempt fails and
 * another one goes on. It ignores by catching the failure and going on: its result counts. After `NOT_FOUND` and
 * `TIMED_OUT` nobody waits, so nothing is reported. Semantics sections 1.4 and 2.5.
 */
export class Context {
  readonly info: ActivityInfo;
  readonly #parts: ContextParts;
  readonly #spares: Follower[] = [];
  #log: ActivityLog | undefined;

  /** @internal Made by the worker. */
  constructor(parts: ContextParts) {
    this.info = parts.info;
    this.#parts = parts;
  }

  /** @throws Error outside of an activity. */
  static current(): Context {
    const context = places.getStore()?.context;
    if (context === undefined) throw new Error('Expected to be called from an activity, but no activity runs here');
    return context;
  }

  /** @internal */
  static run<T>(context: Context, work: () => T): T {
    return places.run({ context, source: context.#parts.cancellation }, work);
  }

  /** @internal @returns whether an activity runs here, or did: then it is its failure. */
  static failCurrent(error: unknown): boolean {
    const context = places.getStore()?.context;
    if (context === undefined) return false;
    context.#parts.stray(error);
    return true;
  }

  /**
   * Says that the activity lives, and how far it is: `details` are what the next attempt finds in its `info`.
   *
   * Costs nothing to call often: the first is sent at once, then the latest at every 0.8 of the heartbeat timeout (30 s
   * without one, 60 s at most). Cancellation is learned from its answers, too.
   */
  heartbeat(details?: unknown): void {
    this.#parts.heartbeat(details);
  }

  /** Logs with the ids of this attempt. */
  get log(): ActivityLog {
    this.#log ??= activityLog(this.#parts.log, this.info);
    return this.#log;
  }

  /**
   * Aborted, with a `CancelledFailure` as its reason, when the activity is to stop; its message says why.
   *
   * In a shield it is the shield's: it stays silent until the shield is down. A signal that was taken outside of the
   * shield is aborted at once, wherever it is used.
   */
  get cancellationSignal(): AbortSignal {
    return this.#source.signal;
  }

  /** Rejects with the `CancelledFailure` when `cancellationSignal` is aborted; never resolves. Need not be awaited. */
  get cancelled(): Promise<never> {
    return rejectionOf(this.#source.signal);
  }

  /**
   * Why the activity is to stop; `undefined` while it is not. Known at once in a shield too, so that what must finish
   * can hurry. Does not change once it is set.
   */
  get cancellationDetails(): ActivityCancellationDetails | undefined {
    return this.#parts.cancellation.details;
  }

  /**
   * Lets a piece of work finish before the activity is told to stop.
   *
   * ```ts
   * const receipt = await Context.current().shield(() => charge(card), { timeout: '10s' });
   * ```
   *
   * - In `work`, and in all that it calls and starts, `cancellationSignal`, `cancelled` and `sleep` do not notice a
   *   cancellation until `work` has settled. Whatever runs beside it, outside of the shield, notices at once.
   * - It settles as `work` does: a result is not lost to a cancellation. The code after it notices the cancellation, at
   *   once when it came meanwhile; `cancellationSignal.throwIfAborted()` accepts it there.
   * - After `timeout` the cancellation is delivered inside even so: one that was held back at once, a later one when it comes.
   * - A shield within a shield delivers when both are down. What `work` leaves running is told then, too.
   * - It holds every reason back, but no deadline: an attempt whose time is over is tried again elsewhere meanwhile.
   *
   * @throws TypeError (rejects) when the timeout is no duration; else what `work` throws.
   */
  async shield<T>(work: () => T | PromiseLike<T>, { timeout }: ShieldOptions = {}): Promise<T> {
    const timeoutMs = timeout === undefined ? undefined : milliseconds('be shielded', timeout);
    const shield = new Shield(this.#source, this.#spares);
    const lift = (): void => {
      shield.lift();
    };
    const endTimeout = timeoutMs === undefined ? undefined : after(timeoutMs, lift);
    try {
      return await places.run({ context: this, source: shield }, work);
    } finally {
      endTimeout?.();
      shield.retire();
    }
  }

  /** Waits. @throws CancelledFailure (rejects) as soon as the activity is to stop; TypeError when it is no duration. */
  async sleep(duration: Duration): Promise<void> {
    const ms = milliseconds('sleep', duration);
    const { signal } = this.#source;
    await new Promise<void>((resolve, reject) => {
      const endTimer = after(ms, () => {
        forget();
        resolve();
      });
      const forget = onAborted(signal, () => {
        endTimer();
        reject(signal.reason as Error);
      });
    });
  }

  /** The shield that the caller runs in, or the attempt's own cancellation. */
  get #source(): StopSource {
    const place = places.getStore();
    return place?.context === this ? place.source : this.#parts.cancellation;
  }
}

function milliseconds(what: string, duration: Duration): number {
  const ms = durationMs(duration);
  if (ms !== undefined) return ms;
  throw new TypeError(`Expected to ${what} for ${durationExpected}, but it is ${JSON.stringify(duration)}`);
}
