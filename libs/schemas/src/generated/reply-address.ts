// Generated from schemas/ by tools/generate. Do not edit.

/** Where an answer goes. */
export interface ReplyAddress {
  /** A partition of `ratchet.replies`. */
  readonly partition: number;
  /** The key of the answer; its reader filters by it. */
  readonly address: string;
}
