import type { Deadline, ExecutionId } from '@ratchet/domain';

/** An activity with something due: what a snapshot said of it, and what was proposed since. */
export interface WatchedActivity {
  readonly key: string;
  readonly id: ExecutionId;
  readonly deadlines: readonly Deadline[];
  /** 0 is none. */
  readonly heartbeatTimeoutMs: number;
  /** How often its due deadlines were proposed since it became due. */
  proposedCount: number;
  /** When that was first, on our clock. */
  proposedAt: number;
}

/** When a deadline of the activity is really due: a heartbeat moves the heartbeat's deadline, and only that. */
export function dueAt({ heartbeatTimeoutMs }: WatchedActivity, { type, at }: Deadline, recordedAt: number): number {
  return type === 'heartbeat' ? Math.max(at, recordedAt + heartbeatTimeoutMs) : at;
}

/** The instant of the first of its deadlines. @param recordedAt of the last heartbeat, -Infinity when there is none. */
export function firstDueAt(activity: WatchedActivity, recordedAt: number): number {
  let first = Infinity;
  for (const deadline of activity.deadlines) first = Math.min(first, dueAt(activity, deadline, recordedAt));
  return first;
}
