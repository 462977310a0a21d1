// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';

import type { Payload } from './payload.ts';

import type { RunId } from './run-id.ts';

/** A signal that its run has not acknowledged. */
export interface SignalSnapshot {
  /** The run it waits for. */
  readonly run: RunId;
  /** Its place in the command log. */
  readonly offset: number;
  /** Made by the sender. */
  readonly signalId: string;
  /** The signal's name. */
  readonly name: string;
  /** Its arguments. */
  readonly args: readonly Payload[];
  /** Milliseconds since the Unix epoch. */
  readonly sentAt: EpochMillis;
}
