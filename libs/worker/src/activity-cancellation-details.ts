import type { CancelReason } from './cancel-reason.ts';

/**
 * Why an activity is to stop, as flags: what the reference's SDKs offer under this name.
 *
 * They say what was known when it was asked to stop, and never change afterwards. Of a timeout both `timedOut` and
 * `notFound` are set: whatever the attempt does then reaches nobody. Of heartbeat details that cannot be converted none
 * is set.
 */
export interface ActivityCancellationDetails {
  readonly cancelRequested: boolean;
  readonly notFound: boolean;
  readonly timedOut: boolean;
  readonly paused: boolean;
  readonly reset: boolean;
  readonly workerShutdown: boolean;
}

export const cancellationDetailsOf = (reason: CancelReason): ActivityCancellationDetails =>
  Object.freeze({
    cancelRequested: reason === 'CANCELLED',
    notFound: reason === 'NOT_FOUND' || reason === 'TIMED_OUT',
    timedOut: reason === 'TIMED_OUT',
    paused: reason === 'PAUSED',
    reset: reason === 'RESET',
    workerShutdown: reason === 'WORKER_SHUTDOWN',
  });
