import { AsyncLocalStorage } from 'node:async_hooks';
import { after, CancelledFailure, durationExpected, durationMs, type Duration } from '@ratchet/protocol';

export interface CancellationScopeOptions {
  /** Default: true. */
  readonly cancellable?: boolean;
  /** The scope cancels itself after so long, counted from `run`. */
  readonly timeout?: Duration;
  /** Default: the current scope. `null`: none. */
  readonly parent?: CancellationScope | null;
}

const scopes = new AsyncLocalStorage<CancellationScope>();

/**
 * Groups activities that are cancelled together. Scopes nest: a cancelled scope cancels the scopes within it, except those
 * behind a shield.
 *
 * What is started while the function of `run` runs, be it after an `await`, belongs to the scope. What is cancelled are
 * activities and waiting for signals; other promises are the function's own matter: `cancelRequested` may be raced with them.
 *
 * ```
 *            cancel(), timeout, or the parent was cancelled
 * running ─────────────────────────────────────────────────> cancelled (for good)
 * ```
 */
export class CancellationScope {
  /** Whether cancellation from outside reaches what is in it. */
  readonly cancellable: boolean;
  readonly parent: CancellationScope | undefined;
  readonly #timeoutMs: number | undefined;
  readonly #listeners = new Set<(cause: CancelledFailure) => void>();
  #cause: CancelledFailure | undefined;
  #requested: Promise<never> | undefined;

  /** @throws RangeError when the timeout is no duration. */
  constructor({ cancellable = true, timeout, parent = CancellationScope.current() }: CancellationScopeOptions = {}) {
    this.cancellable = cancellable;
    this.parent = parent ?? undefined;
    this.#timeoutMs = timeout === undefined ? undefined : checkedMs(timeout);
  }

  /** The scope that the running function belongs to. */
  static current(): CancellationScope | undefined {
    return scopes.getStore();
  }

  /** Runs `fn` in a scope that is cancelled with its parent. */
  static cancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new CancellationScope().run(fn);
  }

  /** Runs `fn` behind a shield: what it starts is not cancelled with the scopes outside, nor by a cancel of the run. */
  static nonCancellable<T>(fn: () => Promise<T>): Promise<T> {
    return new CancellationScope({ cancellable: false }).run(fn);
  }

  /** Runs `fn` in a scope that is cancelled after so long. @throws RangeError (rejects) when the timeout is no duration. */
  static async withTimeout<T>(timeout: Duration, fn: () => Promise<T>): Promise<T> {
    return new CancellationScope({ timeout }).run(fn);
  }

  /** Runs `fn` in this scope. Resolves or rejects as it does. */
  async run<T>(fn: () => Promise<T>): Promise<T> {
    const unlink = this.cancellable ? this.parent?.onCancel((cause) => this.#cancel(cause)) : undefined;
    const timeOut = (): void => {
      this.#cancel(new CancelledFailure('Cancellation scope timed out'));
    };
    const endTimeout = this.#timeoutMs === undefined ? undefined : after(this.#timeoutMs, timeOut);
    try {
      return await scopes.run(this, fn);
    } finally {
      endTimeout?.();
      unlink?.();
    }
  }

  /** Cancels what is in the scope. The first time counts; in a scope that is not cancellable nothing happens. */
  cancel(reason = 'Cancellation scope cancelled'): void {
    this.#cancel(new CancelledFailure(reason));
  }

  /** Why it was cancelled, once it was. */
  get cause(): CancelledFailure | undefined {
    return this.#cause;
  }

  get consideredCancelled(): boolean {
    return this.#cause !== undefined;
  }

  /** Whether it, or a scope around it, is a shield. */
  get shielded(): boolean {
    return !this.cancellable || this.parent?.shielded === true;
  }

  /** Rejects with a `CancelledFailure` once the scope is cancelled; made to be raced with. */
  get cancelRequested(): Promise<never> {
    if (this.#requested !== undefined) return this.#requested;
    const requested = new Promise<never>((_, reject) => {
      this.onCancel(reject);
    });
    // Who does not wait for it has not overlooked an error.
    requested.catch(() => undefined);
    this.#requested = requested;
    return requested;
  }

  /** Calls back once, at once when it was cancelled before. @returns a function that ends it. */
  onCancel(listener: (cause: CancelledFailure) => void): () => void {
    if (this.#cause !== undefined) {
      listener(this.#cause);
      return () => undefined;
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #cancel(cause: CancelledFailure): void {
    if (!this.cancellable || this.#cause !== undefined) return;
    this.#cause = cause;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(cause);
  }
}

function checkedMs(timeout: Duration): number {
  const ms = durationMs(timeout);
  if (ms === undefined)
    throw new RangeError(`Expected to get a scope's timeout as ${durationExpected}, but it is ${String(timeout)}`);
  return ms;
}
