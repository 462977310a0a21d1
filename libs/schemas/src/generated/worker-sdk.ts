// Generated from schemas/ by tools/generate. Do not edit.

/** What a worker is built with, as it names itself. */
export interface WorkerSdk {
  /** Such as temporal-go. */
  readonly name: string;
  /** May be empty. */
  readonly version: string;
}
