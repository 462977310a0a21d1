import type { Deadline, ExecutionId } from '@ratchet/domain';
import type { TraceContext } from '@ratchet/kafka';

/** What was proposed, and not yet seen to have had its effect. */
export interface Proposal {
  /** Absent: the end of a retention, which is proposed for the whole partition. */
  readonly activity?: WatchedActivity;
  /** How often it was sent. */
  count: number;
}

/** An activity with something due: what a snapshot said of it, and what was proposed since. */
export interface WatchedActivity {
  readonly key: string;
  readonly id: ExecutionId;
  readonly deadlines: readonly Deadline[];
  /** 0 is none. */
  readonly heartbeatTimeoutMs: number;
  /** The trace of its snapshot, to go on with what is proposed. */
  readonly trace: TraceContext | undefined;
  /** What was proposed since its first deadline became due; absent before. */
  proposal: Proposal | undefined;
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
