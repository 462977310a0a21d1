import {
  deadlines,
  millis,
  type Activity,
  type Command,
  type Deadline,
  type DeadlineType,
  type ExecutionId,
} from '@ratchet/domain';
import type { Step } from './trace.ts';

/** No task is ever lost here, and nothing expires. */
type PlayedDeadline = Deadline<Exclude<DeadlineType, 'redispatch' | 'expire'>>;

const isPlayed = (deadline: Deadline<DeadlineType>): deadline is PlayedDeadline =>
  deadline.type !== 'redispatch' && deadline.type !== 'expire';

/** The limits that a step lets pass. */
export const elapses: Readonly<Partial<Record<Step, PlayedDeadline['type']>>> = {
  'start-delay-elapses': 'dispatch',
  'backoff-elapses': 'dispatch',
  'schedule-to-start-elapses': 'schedule-to-start',
  'schedule-to-close-elapses': 'schedule-to-close',
  'start-to-close-elapses': 'start-to-close',
  'heartbeat-elapses': 'heartbeat',
};

/** What an activity waits for, the next first. */
export const limitsOf = (activity: Activity): readonly PlayedDeadline[] =>
  deadlines(activity, millis(1e9))
    .filter(isPlayed)
    .toSorted((one, other) => one.at - other.at);

/** What timeout-tracker proposes when a limit has passed. */
export function proposalOf(target: ExecutionId, { type, timer }: PlayedDeadline): Command {
  const common = { target, timer, requestId: '', identity: 'timeout-tracker' };
  return type === 'dispatch' ? { type: 'DispatchDue', ...common } : { type: 'TimeOut', timeoutType: type, ...common };
}
