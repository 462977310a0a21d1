import { constants } from 'node:os';

/** SIGHUP: the terminal was closed. */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes on what the terminal has sent to all: the same Ctrl-C arrives twice. */
const sameSignalMsMax = 1_000;

/** Someone wants this process to end. */
export class AskedToStopError extends Error {
  /** As a shell has it: 130 after SIGINT, 143 after SIGTERM, 129 after SIGHUP. */
  readonly exitCode: number;

  constructor(signal: (typeof stopSignals)[number]) {
    super(`Expected to go on, but ${signal} came`);
    this.name = 'AskedToStopError';
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Aborted, with an `AskedToStopError`, by the first SIGINT (Ctrl-C), SIGTERM or SIGHUP: whoever has started something stops
 * it then. For the impatient, one that comes a second later ends the process at once.
 *
 * @param say told when the first has come.
 */
export function whenAskedToStop(say: () => void = () => undefined): AbortSignal {
  const asked = new AbortController();
  let firstAt: number | undefined;
  for (const name of stopSignals) {
    process.on(name, () => {
      const error = new AskedToStopError(name);
      if (firstAt !== undefined && performance.now() - firstAt > sameSignalMsMax) process.exit(error.exitCode);
      if (firstAt !== undefined) return;
      firstAt = performance.now();
      say();
      asked.abort(error);
    });
  }
  return asked.signal;
}

/** What `work` comes to; once the signal is aborted it rejects with the signal's reason, and leaves `work` to itself. */
export async function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => {
    reject(signal?.reason as Error);
  };
  if (signal?.aborted === true) abort();
  signal?.addEventListener('abort', abort);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/**
 * The main of a program that starts others. Ends with the code that `run` resolves with; when it is asked to stop, with
 * 130, 143 or 129 (see `AskedToStopError`) once `run`, whose `asked` is aborted then, has stopped what it had started.
 */
export async function runUntilAskedToStop(run: (asked: AbortSignal) => Promise<number>): Promise<void> {
  const asked = whenAskedToStop(() => {
    console.error('Stopping what was started. Ctrl-C again ends it at once.');
  });
  try {
    process.exitCode = await run(asked);
  } catch (error) {
    if (!asked.aborted) throw error;
    if (!isWordOf(error, asked)) console.error(error);
  }
  if (asked.aborted) process.exit((asked.reason as AskedToStopError).exitCode);
}

/** Whether it says no more than that `asked` is aborted. */
const isWordOf = (error: unknown, asked: AbortSignal): boolean =>
  error === asked.reason || (error instanceof Error && error.cause === asked.reason);
