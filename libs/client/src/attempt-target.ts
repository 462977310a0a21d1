import type { AttemptReference, ExecutionId } from '@ratchet/domain';
import { attemptOf, decodeTaskToken, TaskTokenError } from '@ratchet/protocol';
import { InvalidActivityOptionsError } from './errors.ts';

/** The current attempt of an activity, whichever it is. */
export interface ActivityIds {
  readonly activityId: string;
  /** Default: the latest run. */
  readonly runId?: string;
  /** Of an activity of a workflow; default: a standalone one. */
  readonly workflowId?: string;
}

/** Which attempt is meant: that of a task token (its bytes, or base64 of them), or by the ids of the activity. */
export type ActivityReference = Uint8Array | string | ActivityIds;

export interface AttemptTarget {
  readonly target: ExecutionId;
  readonly attempt: AttemptReference;
}

/**
 * @throws TaskTokenError when a token is empty, cannot be read, or is of another namespace.
 * @throws InvalidActivityOptionsError when there is no activity id.
 */
export function attemptTarget(reference: ActivityReference, namespace: string): AttemptTarget {
  if (typeof reference === 'string') return ofToken(Buffer.from(reference, 'base64'), namespace);
  if (reference instanceof Uint8Array) return ofToken(reference, namespace);
  const {
    activityId,
    runId = '',
    workflowId = '',
  } = (reference as ActivityIds | null | undefined) ?? { activityId: '' };
  if (typeof activityId !== 'string' || activityId === '') {
    throw new InvalidActivityOptionsError('ActivityId is not set on request.', 'activityId');
  }
  return { target: { namespace, workflowId, runId, activityId }, attempt: { by: 'id' } };
}

function ofToken(bytes: Uint8Array, namespace: string): AttemptTarget {
  const token = decodeTaskToken(bytes);
  if (token.id.namespace !== namespace) {
    throw new TaskTokenError('other-namespace', 'Operation requested with a token from a different namespace.');
  }
  return { target: token.id, attempt: attemptOf(token) };
}
