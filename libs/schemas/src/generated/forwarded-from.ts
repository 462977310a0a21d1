// Generated from schemas/ by tools/generate. Do not edit.

/** The place of a record of `ratchet.activity.cancellations` that became commands, and which of them. */
export interface ForwardedFrom {
  /** Offset of that record, in the partition of the same number. */
  readonly offset: number;
  /** Counts the commands of one record from 0. */
  readonly index: number;
}
