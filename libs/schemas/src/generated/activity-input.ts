// Generated from schemas/ by tools/generate. Do not edit.

import type { Payload } from './payload.ts';

/** What an activity was given; written once. */
export interface ActivityInput {
  /** The arguments. */
  readonly input: readonly Payload[];
  /** Opaque; handed to the worker. */
  readonly header: Readonly<Record<string, Payload>>;
  /** Offset of the activity's Schedule in the command log. */
  readonly scheduleOffset: number;
}
