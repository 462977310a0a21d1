// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

/** The place of a record of `ratchet.activity.cancellations` that became commands, and which of them. */
export interface ForwardedFrom {
  /** Offset of that record, in the partition of the same number. */
  readonly offset: number;
  /** Counts the commands of one record from 0. */
  readonly index: number;
  /** When the broker appended that record, in milliseconds since the Unix epoch: a topic that was made anew begins at offset 0 again, but later. 0 is unknown. */
  readonly appendedAt: EpochMillis;
  /** Signed by the cancellation service: key id and signature. Absent in the progress. */
  readonly proof?: Uint8Array | null;
}
