// Generated from schemas/ by tools/generate. Do not edit.

/** One attempt of one life of an activity. */
export interface AttemptReference {
  /** Offset of its Schedule in the command log. */
  readonly scheduleOffset: number;
  /** Counts from 1. */
  readonly attempt: number;
  /** Changes with every attempt, reset, pause and change of options. */
  readonly stamp: number;
}
