import type { Refusal, RunId } from '@ratchet/domain';
import {
  ActivityAlreadyStartedError,
  ActivityNotFoundError,
  InvalidActivityOptionsError,
  RequestRefusedError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
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

/** As `refusalError`, of a command to a workflow run. */
export function workflowRefusalError({ reason, message, existing }: Refusal, { workflowId, runId }: RunId): Error {
  switch (reason) {
    case 'already-started':
      return new WorkflowExecutionAlreadyStartedError({ workflowId, runId: existing?.runId ?? runId }, message);
    case 'not-found':
      return new WorkflowNotFoundError({ workflowId, runId }, message);
    default:
      return new RequestRefusedError(reason, message);
  }
}
