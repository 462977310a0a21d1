import type { ActivityDescription } from '@ratchet/client';

/** When an attempt that nobody runs any more, and of which nobody reports anything, is tried again. */
export interface RetryPlan {
  readonly attempt: number;
  /** Epoch milliseconds, as all instants here. */
  readonly startedAt: number;
  readonly startToCloseMs: number;
  readonly nextAttemptAt: number;
}

/** Read from a description: start-to-close passes, and the retry policy's first interval after it. */
export function retryPlan({ attempt, startedAt, options }: ActivityDescription): RetryPlan {
  if (startedAt === undefined) throw new Error('Expected an attempt to run, but none does');
  const { startToCloseTimeoutMs, retryPolicy } = options;
  return {
    attempt,
    startedAt,
    startToCloseMs: startToCloseTimeoutMs,
    nextAttemptAt: startedAt + startToCloseTimeoutMs + retryPolicy.initialIntervalMs,
  };
}
