import type { LogRange } from '../consumers/group-consumer.ts';
import type { SentRecord, InputRecord, OutputRecord } from '../record.ts';

/** What a handler wants to happen because of one record. */
export interface Output {
  /** Sent at once, in this order per partition; the trace of the input is added where none is set. */
  readonly effects: readonly OutputRecord[];
  /** Keys of state whose records must be written again with the next group. */
  readonly changedKeys: readonly string[];
  /** The changed key of what is new with this record, and belongs to its trace. Absent: nothing is. */
  readonly begunKey?: string | undefined;
}

/** Where each input goes on: topic to next offset. */
export type Positions = ReadonlyMap<string, number>;

/**
 * The thinking of one owned partition. The legs call it, one call at a time; it never waits.
 *
 * Made anew at every assignment, dropped when the partition is lost. It must be deterministic: after a crash the next
 * owner hands it the same records again and expects the same effects.
 */
export interface PartitionLogic<T> {
  /**
   * Where the restore of each state topic begins: what stands before is known from elsewhere. Called first of all, for a
   * partition that is fenced; absent, or of a topic that is not named: at its log's start.
   *
   * @param logs where each state topic begins and ends.
   * @throws OperationalError (or rejects with it) when it cannot be said yet; a retryable one is waited for.
   */
  restoreFrom?(logs: ReadonlyMap<string, LogRange>): Positions | Promise<Positions>;

  /**
   * A record of a state topic, during restore: those of the first topic, then of the next, each in offset order; a later one of
   * the same key replaces the earlier.
   * A promise is awaited before the next record (a schema that must be fetched first); see `decode` for what it may throw.
   */
  restore(record: InputRecord): void | Promise<void>;

  /**
   * The restore has reached the end.
   * @returns where the inputs go on; an input that is not named starts at its beginning. A promise is awaited: what takes
   * long gives the event loop its turn.
   */
  restored(): Positions | Promise<Positions>;

  /** An input will be read from where the restore has said; `logEnd` is where its log ends now. */
  goesOn?(topic: string, logEnd: number): void;

  /**
   * Reads the bytes, before `handle`. Called for a whole batch first.
   * @returns the value, or a promise of it when something outside must be there first (a schema, a topic). Nothing is
   * handled before it settles.
   * @throws PoisonousRecordError (or rejects with it): this record goes to the dead-letter topic. Any other rejection
   * halts the partition and is tried again: an unreachable registry is not a verdict.
   */
  decode(record: InputRecord): T | Promise<T>;

  /**
   * Applies one record. What it throws sends the record to the dead-letter topic, and it must have changed nothing then; an
   * `InvariantError` says that it has, and stops the partition. An `OperationalError` says that it is not the record: a
   * retryable one drops the partition, which begins anew.
   */
  handle(record: InputRecord, value: T): Output;

  /** What a value tells of, for the span of its record; absent, or `undefined`: none is made. */
  about?(value: T): object | undefined;

  /**
   * The state records of a changed key, as of now; a `null` value is a tombstone. Called once per key when a group is sealed.
   * @returns at most one for each state topic; none when nothing need be written: what came and went within the group.
   */
  encodeState(key: string): readonly OutputRecord[];

  /** The progress record that is committed with every group. */
  encodeProgress(positions: Positions): OutputRecord;

  /**
   * How long what has changed since the last `encodeProgress` may wait to be committed, in milliseconds from the last record
   * on: `Infinity` where nobody waits for it. Absent: not at all.
   */
  mayWaitMs?(): number;

  /**
   * A group is committed: called once for every `encodeProgress`, in their order, unless the partition is lost before.
   *
   * @param ends of each state topic that it has written to, the offset behind its last record.
   * @throws OperationalError a retryable one drops the partition, which begins anew.
   */
  committed?(ends: Positions): void;

  /**
   * For inputs that start at the group's offset: where they go on after a crash, at most `handled`. What is held back is
   * handed out again then. Absent: at `handled`.
   */
  resumeAt?(handled: Positions): Positions;

  /**
   * Of a copy that is kept beside the owner's: what was restored up to now may be written. `restoreFrom` is asked once more when the
   * copy becomes the owner's, with the logs as they are by then, and says where the copy has come to.
   */
  kept?(): void;

  /** The partition is no longer owned: stop timers, forget everything. */
  close(): void;
}

/** What the legs lend to the logic of a partition. */
export interface PartitionContext {
  readonly partition: number;
  /**
   * Sends records that no input caused (a timer's proposal). Never blocks; does nothing once the partition is lost.
   *
   * @param sent told where the last of them came to stand; the partition may be lost by then.
   */
  send(records: readonly OutputRecord[], sent?: (last: SentRecord) => void): void;
}
