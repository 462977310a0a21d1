import { AsyncLocalStorage } from 'node:async_hooks';
import type { Log } from '@ratchet/kafka';
import { durationExpected, durationMs, type CancelledFailure, type Duration } from '@ratchet/protocol';
import type { ActivityInfo } from './activity-info.ts';
import { activityLog, type ActivityLog } from './activity-log.ts';
import type { Cancellation } from './cancellation.ts';

export interface ContextParts {
  readonly info: ActivityInfo;
  readonly log: Log;
  readonly cancellation: Pick<Cancellation, 'signal'>;
  readonly heartbeat: (details: unknown) => void;
}

const contexts = new AsyncLocalStorage<Context>();

/** What Ratchet offers a running activity: `Context.current()`, anywhere in its calls. */
export class Context {
  readonly info: ActivityInfo;
  readonly #parts: ContextParts;
  #log: ActivityLog | undefined;
  #cancelled: Promise<never> | undefined;

  /** @internal Made by the worker. */
  constructor(parts: ContextParts) {
    this.info = parts.info;
    this.#parts = parts;
  }

  /** @throws Error outside of an activity. */
  static current(): Context {
    const context = contexts.getStore();
    if (context === undefined) throw new Error('Expected to be called from an activity, but no activity runs here');
    return context;
  }

  /** @internal */
  static run<T>(context: Context, work: () => T): T {
    return contexts.run(context, work);
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

  /** Aborted, with a `CancelledFailure` as its reason, when the activity is to stop; its message says why. */
  get cancellationSignal(): AbortSignal {
    return this.#parts.cancellation.signal;
  }

  /** Rejects with the `CancelledFailure` when the activity is to stop; never resolves. */
  get cancelled(): Promise<never> {
    if (this.#cancelled === undefined) {
      this.#cancelled = rejectionOf(this.cancellationSignal);
      // Whoever waits for it sees it; that nobody does is no error.
      this.#cancelled.catch(() => undefined);
    }
    return this.#cancelled;
  }

  /** Waits. @throws CancelledFailure (rejects) as soon as the activity is to stop; TypeError when it is no duration. */
  async sleep(duration: Duration): Promise<void> {
    const ms = durationMs(duration);
    if (ms === undefined)
      throw new TypeError(`Expected to sleep for ${durationExpected}, but it is ${JSON.stringify(duration)}`);
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, Math.min(ms, timerMsMax));
    });
    try {
      await Promise.race([over, this.cancelled]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a timer of Node can hold: 24.8 days. */
const timerMsMax = 2 ** 31 - 1;

const rejectionOf = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const rejectNow = (): void => {
      reject(signal.reason as CancelledFailure);
    };
    if (signal.aborted) rejectNow();
    else signal.addEventListener('abort', rejectNow, { once: true });
  });
