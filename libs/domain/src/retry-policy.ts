import { durationMsMax } from './limits.ts';
import { invariant, millis, type Millis } from './units.ts';

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

/**
 * How long to wait after attempt number `attempt` failed: `initial * coefficient^(attempt - 1)`, cut at the policy's
 * maximum. Exact to the millisecond, no jitter. Semantics section 1.2.
 *
 * @param attempt 1 for the first attempt.
 */
export function retryIntervalMs(policy: RetryPolicy, attempt: number): Millis {
  invariant(Number.isSafeInteger(attempt) && attempt >= 1, `attempts are counted from 1, got ${String(attempt)}`);
  const uncut = policy.initialIntervalMs * power(policy.backoffCoefficient, attempt - 1);
  // The power may be infinite, so cut before rounding.
  return millis(Math.round(Math.min(uncut, policy.intervalMsMax, durationMsMax)));
}

/**
 * `base ** exponent` by multiplications alone. `**` may round differently from one engine to the next; a product of
 * doubles may not, and the log is read again by later engines.
 */
function power(base: number, exponent: number): number {
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= square;
    square *= square;
  }
  return result;
}
