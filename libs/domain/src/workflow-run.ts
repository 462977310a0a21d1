import type { RunId } from './identity.ts';
import type { Payloads } from './payload.ts';
import type { RememberedId } from './remembered-id.ts';
import type { EpochMillis, Millis, Offset } from './units.ts';

export type RunCloseStatus = 'completed' | 'failed' | 'canceled' | 'terminated' | 'timed-out' | 'continued-as-new';

export type RunStatus = 'open' | 'cancel-requested' | 'closed';

/** A message to a run, kept until the run has acknowledged it. Its offset in the command log is its place in the order. */
export interface Signal {
  readonly offset: Offset;
  /** Made by the sender; the second signal with the same id is dropped. */
  readonly signalId: string;
  readonly name: string;
  readonly args: Payloads;
  readonly sentAt: EpochMillis;
}

/**
 * A workflow run as Ratchet knows it: `open -> cancel-requested -> closed`, or `open -> closed`.
 *
 * Its open activities are not listed here: they are the open executions under its run key, so that scheduling the
 * ten-thousandth one costs what the first did. The signals that wait are records of their own for the same reason.
 */
export interface WorkflowRun {
  readonly id: RunId;
  readonly status: RunStatus;
  readonly version: Offset;
  readonly openedAt: EpochMillis;
  readonly openRequestId: string;
  readonly retentionMs: Millis;
  /** When it is closed as timed out, should it still be open. Absent: never. */
  readonly timeoutAt?: EpochMillis;
  /** The process that drives it. Absent: its opener said nothing of that, and whoever wants drives it. */
  readonly driver?: {
    /** Made by the process; known to no other. */
    readonly id: string;
    /** Shown to people. */
    readonly identity: string;
  };
  readonly cancel?: {
    readonly requestId: string;
    readonly identity: string;
    readonly reason: string;
    readonly requestedAt: EpochMillis;
  };
  readonly close?: {
    readonly status: RunCloseStatus;
    /** Why it failed or was terminated; may be empty. */
    readonly reason: string;
    readonly requestId: string;
    readonly closedAt: EpochMillis;
    readonly expiresAt: EpochMillis;
  };
  /** Signals up to and with this offset were acknowledged, of every name; what was acknowledged by name is not counted. */
  readonly signalsAcknowledgedTo: Offset;
  /** Ids of the latest signals (bounded), so that a repeated one is dropped. */
  readonly recentSignalIds: readonly RememberedId[];
}
