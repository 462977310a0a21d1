// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis, Millis } from '@ratchet/domain';

import type { CancelRequest } from './cancel-request.ts';

import type { RunCloseStatus } from './run-close-status.ts';
import type { RunId } from './run-id.ts';
import type { RunStatus } from './run-status.ts';

/** The state of one workflow run. */
export interface RunSnapshot {
  /** Names the run. */
  readonly id: RunId;
  /** Where it stands. */
  readonly status: RunStatus;
  /** Offset of the command that decided this state. */
  readonly version: number;
  /** Milliseconds since the Unix epoch. */
  readonly openedAt: EpochMillis;
  /** The request that opened it. */
  readonly openRequestId: string;
  /** How long the closed record is kept, in milliseconds from closing. */
  readonly retentionMs: Millis;
  /** When it is closed as timed out, should it still be open; milliseconds since the Unix epoch. Absent: never. */
  readonly timeoutAt?: EpochMillis | null;
  /** The process that drives it. Absent: whoever wants does. */
  readonly driver?: RunDriver | null;
  /** The cancellation asked for. */
  readonly cancel?: CancelRequest | null;
  /** How and when it ended. */
  readonly close?: RunClose | null;
  /** Signals up to and with this offset were acknowledged; -1 for none. */
  readonly signalsAcknowledgedTo: number;
  /** Ids of the latest signals, so that a repeated one is dropped. */
  readonly recentSignalIds: readonly string[];
  /** Of each of them, until when it is remembered at least; 0, or none at all: only as long as it is one of the latest. In milliseconds since the Unix epoch. */
  readonly recentSignalIdsUntil: readonly EpochMillis[];
}
/** The process that drives a workflow run. */
export interface RunDriver {
  /** Made by the process. */
  readonly id: string;
  /** Shown to people. */
  readonly identity: string;
}
/** How and when it ended. */
export interface RunClose {
  /** How it ended. */
  readonly status: RunCloseStatus;
  /** The request that closed it. */
  readonly requestId: string;
  /** Milliseconds since the Unix epoch. */
  readonly closedAt: EpochMillis;
  /** When the record may be removed; milliseconds since the Unix epoch. */
  readonly expiresAt: EpochMillis;
  /** Why it failed or was terminated; may be empty. */
  readonly reason: string;
}
