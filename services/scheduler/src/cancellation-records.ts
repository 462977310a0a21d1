import {
  cascadedReasonBytesMax,
  fanOutPageMax,
  startToCloseDeadline,
  truncateUtf8,
  type AttemptPlace,
  type CancellationRecord,
  type Command,
  type Effect,
  type NoticeReason,
  type RunningActivity,
} from '@ratchet/domain';

/**
 * What makes the cancellation service tell the worker of an attempt to stop it: only where the activity heartbeats, that
 * is, has a heartbeat timeout or has recorded a heartbeat. Of any other nobody listens.
 */
export function notifyWorker(
  activity: RunningActivity,
  reason: NoticeReason,
  decidedOffset: number,
): CancellationRecord | undefined {
  const { workerAddress } = activity;
  if (workerAddress === undefined || !heartbeats(activity)) return undefined;
  const overAt = startToCloseDeadline(activity);
  return { type: 'NotifyWorker', ...placeOf(activity), workerAddress, reason, overAt, sentCount: 0, decidedOffset };
}

/** Ends what `notifyWorker` began. */
export const noticeSettled = (activity: RunningActivity, decidedOffset: number): CancellationRecord | undefined =>
  activity.workerAddress === undefined || !heartbeats(activity)
    ? undefined
    : { type: 'NoticeSettled', ...placeOf(activity), decidedOffset };

const heartbeats = ({ options, heartbeat }: RunningActivity): boolean =>
  options.heartbeatTimeoutMs > 0 || heartbeat !== undefined;

const placeOf = ({ id, scheduleOffset, attempt, stamp }: RunningActivity): AttemptPlace => ({
  id,
  scheduleOffset,
  attempt,
  stamp,
});

/** The activities that were open when a command cancelled or closed their run, in pages. */
export function fanOutPages(
  { run, cause, activityIds }: Extract<Effect, { readonly type: 'FanOut' }>,
  command: Command,
  decidedOffset: number,
): CancellationRecord[] {
  const { requestId, identity } = command;
  const reason = 'reason' in command ? truncateUtf8(command.reason, cascadedReasonBytesMax) : '';
  const pages: CancellationRecord[] = [];
  const common = { type: 'FanOut', run, cause, decidedOffset, requestId, identity, reason } as const;
  for (let start = 0; start < activityIds.length; start += fanOutPageMax) {
    pages.push({ ...common, activityIds: activityIds.slice(start, start + fanOutPageMax) });
  }
  return pages;
}
