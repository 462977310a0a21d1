import { ApplicationFailure, RatchetFailure } from './failures.ts';
import { asText, errorText, fieldOf, isInstance } from './thrown.ts';

/**
 * What an attempt may fail with: an error of the user's own stays what it is (it travels as an application failure), one
 * of Ratchet's other failures becomes the cause of an application failure. Semantics section 2.4.
 */
export function asApplicationFailure(error: unknown): unknown {
  if (!isInstance(error, RatchetFailure) || isInstance(error, ApplicationFailure)) return error;
  return new ApplicationFailure({ message: errorText(error), type: asText(fieldOf(error, 'name')), cause: error });
}
