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
  /** Of tasks that wait in one queue 1 goes before 5; 0 is none, as good as 3. */
  readonly priorityKey: number;
  /** Whose task it is; empty is nobody's. */
  readonly fairnessKey: string;
  /** 0 is none, as good as 1. */
  readonly fairnessWeight: number;
}
