/** Called by a connection; all callbacks of this file are plain ones that must not throw, and none is called per record. */
export interface ConnectionMetrics {
  /** A member of a group had crashed or was not heard, and another was made in its place. */
  memberMadeAnew?(): void;
}

/** Called by an outbox. */
export interface OutboxMetrics {
  /** A request was acknowledged. */
  sent?(lane: string, request: { readonly records: number; readonly bytes: number; readonly durationMs: number }): void;
  /** A request failed and will be repeated. */
  sendFailed?(lane: string, error: Error): void;
  /** A record can never be sent. */
  unsendable?(topic: string, error: Error): void;
  /** A record of this topic was written to its dead-letter topic. @param partition absent: it came to stand in none. */
  deadLettered?(topic: string, partition: string | undefined): void;
}

/** Called by a partition processor; at most once per batch, group or restore. */
export interface ProcessorMetrics {
  /** Records of one input were handled. `lag` is how many are left in the log. */
  handled?(topic: string, partition: number, batch: { readonly records: number; readonly lag: number }): void;
  /** A group was committed; `durationMs` counts from its sealing, the wait for its effects included. */
  committed?(
    partition: number,
    group: { readonly records: number; readonly states: number; readonly bytes: number; readonly durationMs: number },
  ): void;
  commitFailed?(partition: number, error: Error): void;
  /** A restore is under way. `progress`: the part of it that was read, from 0 to 1; called at most once per batch. */
  restoring?(partition: number, progress: number): void;
  restored?(partition: number, restore: { readonly records: number; readonly durationMs: number }): void;
  /** The partitions this instance owns now. */
  owned?(partitions: readonly number[]): void;
}
