// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

import type { ForwardedFrom } from './forwarded-from.ts';

/** Everything before these offsets is in the state of this partition. */
export interface Progress {
  /** Next offset of the command log. */
  readonly commands: number;
  /** Next offset of the queries. */
  readonly queries: number;
  /** The log's clock; milliseconds since the Unix epoch. */
  readonly now: EpochMillis;
  /** The rules version in force. */
  readonly rules: number;
  /** The last command that the cancellation service forwarded; one that does not come after it is a repetition. */
  readonly forwarded?: ForwardedFrom | null;
  /** Ids of the keys that proofs were verified with. */
  readonly tokenKeyIds: readonly string[];
  /** Task topics that are being made: tasks that were dispatched to them may not have been sent. */
  readonly unsentTopics: readonly string[];
  /** When the retention of something closed ends first, in milliseconds since the Unix epoch. Absent: of nothing. */
  readonly expiresFirstAt?: EpochMillis | null;
}
