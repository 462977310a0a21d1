import { errorText, isError } from '@ratchet/protocol';
import { Context } from './context.ts';

let workerCount = 0;

/**
 * As long as a worker runs: a promise that an activity left alone, and that rejects, fails the attempt that made it; it
 * would end the process and all else that runs in it. One that no activity has made is left to whoever else listens, and
 * ends the process when nobody does, as Node has it.
 *
 * @returns what ends it.
 */
export function watchStrayRejections(): () => void {
  workerCount++;
  if (workerCount === 1) process.on('unhandledRejection', onStrayRejection);
  return () => {
    workerCount--;
    if (workerCount === 0) process.off('unhandledRejection', onStrayRejection);
  };
}

/** Node calls this where the promise was made: the attempt is found as `Context.current` finds it. */
function onStrayRejection(reason: unknown): void {
  if (Context.failCurrent(reason) || process.listenerCount('unhandledRejection') > 1) return;
  throw isError(reason) ? reason : new Error(`A promise was rejected and nobody noticed: ${errorText(reason)}`);
}
