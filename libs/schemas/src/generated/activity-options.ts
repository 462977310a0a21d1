// Generated from schemas/ by tools/generate. Do not edit.
import type { Millis } from '@ratchet/domain';

import type { RetryPolicy } from './retry-policy.ts';

/** The options of an activity after normalisation. */
export interface ActivityOptions {
  /** The task queue. */
  readonly taskQueue: string;
  /** Milliseconds; 0 is unlimited. */
  readonly scheduleToCloseTimeoutMs: Millis;
  /** Milliseconds; 0 is unlimited. */
  readonly scheduleToStartTimeoutMs: Millis;
  /** Milliseconds. */
  readonly startToCloseTimeoutMs: Millis;
  /** Milliseconds; 0 is none. */
  readonly heartbeatTimeoutMs: Millis;
  /** Milliseconds before the first dispatch. */
  readonly startDelayMs: Millis;
  /** When a failed attempt is followed by another. */
  readonly retryPolicy: RetryPolicy;
}
