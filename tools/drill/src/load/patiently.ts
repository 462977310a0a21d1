import { setTimeout as pause } from 'node:timers/promises';

const pauseMs = 1_000;

/**
 * As a program does that is to outlive an outage when it starts: `connect` and `create` of the libraries reject after 15 s, and
 * whoever wants to wait for longer asks again, for as long as the error says that this may help.
 */
export async function patiently<T>(connect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await connect();
    } catch (error) {
      if ((error as { readonly retryable?: boolean }).retryable !== true) throw error;
      process.stdout.write(`asks again: ${String(error)}\n`);
      await pause(pauseMs);
    }
  }
}
