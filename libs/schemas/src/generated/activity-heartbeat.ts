// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

import type { Payload } from './payload.ts';

/** The last recorded heartbeat of an activity. */
export interface ActivityHeartbeat {
  /** Reach the next attempt. */
  readonly details: readonly Payload[];
  /** Milliseconds since the Unix epoch; 0: a reset has forgotten it. */
  readonly recordedAt: EpochMillis;
  /** All heartbeats recorded in this life. */
  readonly count: number;
  /** Offset of the activity's Schedule in the command log. */
  readonly scheduleOffset: number;
  /** The attempt that sent it. */
  readonly attempt: number;
  /** The stamp of that attempt; 0: the activity is closed, and this is only shown. */
  readonly stamp: number;
}
