import type { ActivityTask, EpochMillis } from '@ratchet/domain';

/** What an activity may know of itself. Instants are epoch milliseconds. */
export interface ActivityInfo {
  readonly namespace: string;
  /** Empty for a standalone activity. */
  readonly workflowId: string;
  /** Of the activity; of its workflow when it has one. */
  readonly runId: string;
  readonly activityId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  /** Counts from 1. */
  readonly attempt: number;
  /** When the activity was asked for. */
  readonly scheduledAt: number;
  /** When this attempt was due. */
  readonly currentAttemptScheduledAt: number;
  /** When this attempt was granted to this worker, on the clock of the log. */
  readonly startedAt: number;
  /** Milliseconds; 0 is none. */
  readonly timeouts: {
    readonly scheduleToCloseMs: number;
    readonly scheduleToStartMs: number;
    readonly startToCloseMs: number;
    readonly heartbeatMs: number;
  };
  /** For who completes the activity from outside. */
  readonly taskToken: Uint8Array;
  /** What the last recorded heartbeat said, of this attempt's predecessors; `undefined` when there was none. */
  readonly heartbeatDetails: unknown;
}

export function activityInfo(task: ActivityTask, startedAt: EpochMillis, heartbeatDetails: unknown): ActivityInfo {
  const { id, options } = task;
  return {
    ...id,
    activityType: task.activityType,
    taskQueue: options.taskQueue,
    attempt: task.attempt,
    scheduledAt: task.scheduledAt,
    currentAttemptScheduledAt: task.currentAttemptScheduledAt,
    startedAt,
    timeouts: {
      scheduleToCloseMs: options.scheduleToCloseTimeoutMs,
      scheduleToStartMs: options.scheduleToStartTimeoutMs,
      startToCloseMs: options.startToCloseTimeoutMs,
      heartbeatMs: options.heartbeatTimeoutMs,
    },
    taskToken: task.taskToken,
    heartbeatDetails,
  };
}
