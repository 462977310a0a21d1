// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis, Millis } from '@ratchet/domain';

/** A space of ids, and what holds for everything in it. */
export interface Namespace {
  /** Its name, which is also the record's key. */
  readonly name: string;
  /** Made when it was registered. */
  readonly id: string;
  /** For people; may be empty. */
  readonly description: string;
  /** How long closed executions are kept, in milliseconds. */
  readonly retentionMs: Millis;
  /** When it was registered, in milliseconds since the Unix epoch. */
  readonly registeredAt: EpochMillis;
  /** Requests that one gateway lets in per second; 0 is no limit. */
  readonly requestsPerSecondMax: number;
}
