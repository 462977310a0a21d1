import { OperationalError } from './errors.ts';

/** Waits without keeping the process alive. */
export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/** Lets timers, sockets and whoever else waits have their turn. */
export const turnOfEventLoop = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/**
 * Believes no library about its own health: what kafkajs has not answered by then counts as failed.
 *
 * @throws OperationalError RKT1008 (rejects) when `promise` has not settled within `timeoutMs`; what becomes of it
 * afterwards is not looked at any more.
 */
export function within<R>(timeoutMs: number, what: string, promise: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const message = `Expected ${what} within ${String(timeoutMs)} ms, but nothing has come of it`;
      reject(new OperationalError(message, 'RKT1008', true));
    }, timeoutMs).unref();
    void promise.then(resolve, reject).then(() => {
      clearTimeout(timer);
    });
  });
}

/** How long to wait before try number `attempt` (0 for the first repetition): doubling from 20 ms, at most 1 s. */
export const backoffMs = (attempt: number): number => Math.min(20 * 2 ** Math.min(attempt, 10), 1000);
