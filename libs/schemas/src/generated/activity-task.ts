// Generated from schemas/ by tools/generate. Do not edit.
import type { EpochMillis } from '@ratchet/domain';
import type { ActivityOptions } from './activity-options.ts';

import type { ExecutionId } from './execution-id.ts';

import type { Payload } from './payload.ts';

/** One attempt of an activity, on its way to a worker. */
export interface ActivityTask {
  /** Names the activity. */
  readonly id: ExecutionId;
  /** Which activity function. */
  readonly activityType: string;
  /** Signed; handed back with every report. */
  readonly taskToken: Uint8Array;
  /** Counts from 1. */
  readonly attempt: number;
  /** The options in force. */
  readonly options: ActivityOptions;
  /** The arguments. */
  readonly input: readonly Payload[];
  /** Opaque. */
  readonly header: Readonly<Record<string, Payload>>;
  /** Of the last recorded heartbeat of a former attempt. */
  readonly heartbeatDetails: readonly Payload[];
  /** Milliseconds since the Unix epoch. */
  readonly scheduledAt: EpochMillis;
  /** When this attempt was dispatched; milliseconds since the Unix epoch. */
  readonly currentAttemptScheduledAt: EpochMillis;
  /** How often a full worker has passed it on. */
  readonly passedOnCount: number;
}
