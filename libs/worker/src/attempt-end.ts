import { ApplicationFailure, asApplicationFailure, CancelledFailure, detailsOf, isInstance } from '@ratchet/protocol';
import type { CancelReason } from './cancel-reason.ts';
import { isCancellation, type Cancellation } from './cancellation.ts';
import { CompleteAsyncError } from './complete-async-error.ts';

/** How an attempt ended, as far as the worker has anything to say about it. */
export type AttemptEnd =
  | { readonly type: 'completed'; readonly result: unknown }
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'canceled'; readonly details: readonly unknown[] }
  /** It will be completed from outside, or nobody waits for it any more. */
  | { readonly type: 'unsaid' };

/** What the end of a function means, given why it was told to stop (if it was). Semantics sections 1.4 and 2.5. */
export function endOfThrown(
  error: unknown,
  { reason, isAbandoned }: Pick<Cancellation, 'reason' | 'isAbandoned'>,
): AttemptEnd {
  if (isAbandoned || isInstance(error, CompleteAsyncError)) return { type: 'unsaid' };
  if (reason === undefined || !isCancellation(error)) return { type: 'failed', error: asApplicationFailure(error) };
  if (reason === 'CANCELLED')
    return { type: 'canceled', details: isInstance(error, CancelledFailure) ? detailsOf(error) : [] };
  return { type: 'failed', error: stopped(reason) };
}

/** An attempt that stopped as it was told, and that is no cancellation: the next one goes on. */
const stopped = (reason: CancelReason): ApplicationFailure => {
  const [type, message] = stops[reason] ?? [reason, 'The activity was stopped'];
  return ApplicationFailure.retryable(message, type);
};

const stops: Readonly<Partial<Record<CancelReason, readonly [type: string, message: string]>>> = {
  WORKER_SHUTDOWN: ['WorkerShutdown', 'Worker is shutting down and this activity did not complete in time'],
  PAUSED: ['ActivityPause', 'Activity paused'],
  RESET: ['ActivityReset', 'Activity reset'],
};
