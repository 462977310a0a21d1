import {
  deadlines,
  millis,
  type Activity,
  type Command,
  type Deadline,
  type DeadlineType,
  type ExecutionId,
} from '@ratchet/domain';

/** No task is ever lost here, and nothing expires. */
type PlayedDeadline = Deadline<Exclude<DeadlineType, 'redispatch' | 'expire'>>;

const isPlayed = (deadline: Deadline<DeadlineType>): deadline is PlayedDeadline =>
  deadline.type !== 'redispatch' && deadline.type !== 'expire';

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
