import { errorText, isError } from '@ratchet/protocol';
import { Context } from './context.ts';

let isWatched = false;

/**
 * From the first worker on: a promise that an activity left alone, and that rejects, fails the attempt that made it; it
 * would end the process and all else that runs in it. That may be long after the attempt has ended, and its worker, too, so
 * it holds for as long as the process. One that no activity has made is left to whoever else listens, and ends the process
 * when nobody does, as Node has it.
 */
export function watchStrayRejections(): void {
  if (isWatched) return;
  isWatched = true;
  process.on('unhandledRejection', onStrayRejection);
}

/** Node calls this where the promise was made: the attempt is found as `Context.current` finds it. */
function onStrayRejection(reason: unknown): void {
  if (Context.failCurrent(reason) || process.listenerCount('unhandledRejection') > 1) return;
  throw isError(reason) ? reason : new Error(`A promise was rejected and nobody noticed: ${errorText(reason)}`);
}
