import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the check may fail. Default 10 s. */
  readonly deadlineMs?: number;
  /** How long to wait between two tries. Default 20 ms. */
  readonly pauseMs?: number;
}

/**
 * Tries `check` until it neither throws nor returns false, and returns what it returned.
 * After the deadline the last error is thrown, so that the test shows what was still wrong.
 */
export async function eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const end = performance.now() + deadlineMs;
  for (;;) {
    const outcome = await attempt(check);
    if ('value' in outcome) return outcome.value;
    if (performance.now() >= end) throw lateError(outcome.error, deadlineMs);
    await sleep(options.pauseMs ?? 20);
  }
}

async function attempt<T>(check: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    const value = await check();
    return value === false ? { error: new Error('it was still false') } : { value };
  } catch (error) {
    return { error };
  }
}

function lateError(error: unknown, deadlineMs: number): Error {
  const reason = error instanceof Error ? error.message : String(error);
  return new Error(`Expected a check to hold within ${deadlineMs} ms, but: ${reason}`, { cause: error });
}
