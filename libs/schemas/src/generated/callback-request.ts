// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

import type { ClosedStatus } from './closed-status.ts';
import type { ExecutionId } from './execution-id.ts';

import type { Outcome } from './outcome.ts';

/** A URL is to be told how an activity ended. */
export interface CallbackRequest {
  /** Names the activity. */
  readonly id: ExecutionId;
  /** Whom to tell. */
  readonly url: string;
  /** Which activity function. */
  readonly activityType: string;
  /** How it ended. */
  readonly status: ClosedStatus;
  /** With what. */
  readonly outcome: Outcome;
  /** When, in milliseconds since the Unix epoch. */
  readonly closedAt: EpochMillis;
  /** Offset of the command that closed it. */
  readonly closedOffset: number;
  /** How often it was tried in vain. */
  readonly failedCount: number;
  /** Not to be tried before; absent: at once. */
  readonly notBefore?: EpochMillis | null;
}
