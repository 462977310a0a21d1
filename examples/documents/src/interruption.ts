/** Ctrl-C, or being asked to end in another way. */
export interface Interruption {
  /** Never resolves; rejects at the first signal. */
  readonly promise: Promise<never>;
  readonly happened: boolean;
}

/**
 * Turns the first signal into a rejection, so that everything is stopped in order; one that comes a second later ends
 * the process at once.
 */
export function watchForInterruption(): Interruption {
  const { promise, reject } = Promise.withResolvers<never>();
  // Who waits for it may begin to only after it happened.
  promise.catch(() => undefined);
  let firstAt: number | undefined;
  const interrupt = (): void => {
    // npm passes a signal on that the terminal has sent to all: the same Ctrl-C arrives twice.
    if (firstAt !== undefined && performance.now() - firstAt > 1_000) process.exit(130);
    firstAt ??= performance.now();
    reject(new Error('Interrupted'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    promise,
    get happened() {
      return firstAt !== undefined;
    },
  };
}
