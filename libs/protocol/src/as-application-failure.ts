import { ApplicationFailure, RatchetFailure } from './failures.ts';

/**
 * What an attempt may fail with: an error of the user's own stays what it is (it travels as an application failure), one
 * of Ratchet's other failures becomes the cause of an application failure. Semantics section 2.4.
 */
export function asApplicationFailure(error: unknown): unknown {
  if (!(error instanceof RatchetFailure) || error instanceof ApplicationFailure) return error;
  return new ApplicationFailure({ message: error.message, type: error.name, cause: error });
}
