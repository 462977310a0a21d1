// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

/** Someone asked for a cancellation. */
export interface CancelRequest {
  /** Of the request. */
  readonly requestId: string;
  /** Who asked. */
  readonly identity: string;
  /** Why; may be empty. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly requestedAt: EpochMillis;
}
