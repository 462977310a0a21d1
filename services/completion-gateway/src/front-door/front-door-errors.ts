import type { Refusal, RefusalReason } from '@ratchet/domain';
import { OperationalError } from '@ratchet/kafka';
import { TaskTokenError } from '@ratchet/protocol';
import { FrontDoorError, type FrontDoorStatus } from './front-door-error.ts';

/** Semantics section 2.4. A stale token's holder is told what everyone is told who finds nothing. */
const statusOf: Readonly<Record<RefusalReason, FrontDoorStatus>> = {
  'invalid-argument': 'INVALID_ARGUMENT',
  'not-found': 'NOT_FOUND',
  'already-started': 'ALREADY_EXISTS',
  'stale-attempt': 'NOT_FOUND',
  'stale-driver': 'FAILED_PRECONDITION',
  'already-claimed': 'FAILED_PRECONDITION',
  'failed-precondition': 'FAILED_PRECONDITION',
  'not-due': 'FAILED_PRECONDITION',
  // Ours to get right: the caller names no partition.
  'wrong-partition': 'UNAVAILABLE',
};

/** A refusal of the log, or of a check before it, as the caller is told. */
export function refusedError({ reason, message, existing }: Refusal): FrontDoorError {
  const detail = existing === undefined ? {} : { detail: { type: 'activity-already-started', ...existing } as const };
  return new FrontDoorError(statusOf[reason], message, { reason, ...detail });
}

/** @throws FrontDoorError when there is something to refuse. */
export function throwRefusal(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw refusedError(refusal);
}

/**
 * What went wrong on the way to the log and back, as the caller is told: it may try again, for a request id makes a
 * repetition one request, and what was written is decided once.
 */
export function asFrontDoorError(error: unknown): unknown {
  if (error instanceof TaskTokenError) return new FrontDoorError('INVALID_ARGUMENT', error.message, { cause: error });
  if (!(error instanceof OperationalError)) return error;
  const status = error.code === 'RKT1006' ? 'INVALID_ARGUMENT' : 'UNAVAILABLE';
  return new FrontDoorError(status, error.message, { cause: error });
}
