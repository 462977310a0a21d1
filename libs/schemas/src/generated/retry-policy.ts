// Generated from schemas/ by tools/generate. Do not edit.
import type { Millis } from '@ratchet/domain';

/** When a failed attempt is followed by another; every default filled in. */
export interface RetryPolicy {
  /** Milliseconds before the second attempt. */
  readonly initialIntervalMs: Millis;
  /** Each interval is the one before it times this. At least 1. */
  readonly backoffCoefficient: number;
  /** Upper bound of an interval, in milliseconds. */
  readonly intervalMsMax: Millis;
  /** Total attempts, the first one counted. 0 is no limit. */
  readonly attemptsMax: number;
  /** Error types that end the activity at once. */
  readonly nonRetryableErrorTypes: readonly string[];
}
