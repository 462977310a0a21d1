import type { Millis } from './units.ts';

/** When a failed attempt is followed by another. Semantics section 1.2. */
export interface RetryPolicy {
  readonly initialIntervalMs: Millis;
  /** Each interval is the one before it times this. At least 1; 1 means a fixed interval. */
  readonly backoffCoefficient: number;
  readonly intervalMsMax: Millis;
  /** Total attempts, the first one counted. 0 means no limit. */
  readonly attemptsMax: number;
  /** Matched exactly against an application failure's type; `TemporalTimeout:StartToClose` and `TemporalTimeout:Heartbeat` name timeouts. */
  readonly nonRetryableErrorTypes: readonly string[];
}
