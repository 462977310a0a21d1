import { OperationalError } from './errors.ts';

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
