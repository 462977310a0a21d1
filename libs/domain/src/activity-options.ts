import type { Priority } from './priority.ts';
import type { RetryPolicy } from './retry-policy.ts';
import type { Millis } from './units.ts';

/** The options of an activity after normalisation: every default filled in, 0 meaning "none". Semantics section 1.1. */
export interface ActivityOptions extends Priority {
  readonly taskQueue: string;
  /** 0 is unlimited. */
  readonly scheduleToCloseTimeoutMs: Millis;
  /** 0 is unlimited. */
  readonly scheduleToStartTimeoutMs: Millis;
  readonly startToCloseTimeoutMs: Millis;
  /** 0 is none. */
  readonly heartbeatTimeoutMs: Millis;
  /** Delays only the first dispatch. */
  readonly startDelayMs: Millis;
  readonly retryPolicy: RetryPolicy;
}

/** The options as someone asks for them: what is left out gets its default. Plain numbers, so that any of them may be wrong. */
export interface ActivityOptionsRequest extends Partial<Priority> {
  readonly taskQueue: string;
  readonly scheduleToCloseTimeoutMs?: number;
  readonly scheduleToStartTimeoutMs?: number;
  readonly startToCloseTimeoutMs?: number;
  readonly heartbeatTimeoutMs?: number;
  readonly startDelayMs?: number;
  readonly retryPolicy?: {
    readonly initialIntervalMs?: number;
    readonly backoffCoefficient?: number;
    readonly intervalMsMax?: number;
    readonly attemptsMax?: number;
    readonly nonRetryableErrorTypes?: readonly string[];
  };
}

export type IdReusePolicy = 'allow-duplicate' | 'allow-duplicate-failed-only' | 'reject-duplicate';
export type IdConflictPolicy = 'fail' | 'use-existing';
