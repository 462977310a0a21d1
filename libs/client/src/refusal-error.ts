import type { Refusal } from '@ratchet/domain';
import {
  ActivityAlreadyStartedError,
  ActivityNotFoundError,
  InvalidActivityOptionsError,
  RequestRefusedError,
  type ExecutionNames,
} from './errors.ts';

/** A refusal as the error that the field has for it. Semantics sections 1.5 and 2.4. */
export function refusalError({ reason, message, existing }: Refusal, names: ExecutionNames): Error {
  switch (reason) {
    case 'already-started':
      return new ActivityAlreadyStartedError({ ...names, runId: existing?.runId ?? names.runId }, message);
    case 'not-found':
    case 'stale-attempt':
      return new ActivityNotFoundError(names, message);
    case 'invalid-argument':
      return new InvalidActivityOptionsError(message, '');
    default:
      return new RequestRefusedError(reason, message);
  }
}
