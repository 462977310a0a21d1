import type { RunningActivity } from '../activity.ts';
import type { RecordHeartbeat } from '../command.ts';
import { accept, type Answer, type Decision, type DecisionContext } from '../decision.ts';
import { serverFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Payloads } from '../payload.ts';
import type { EpochMillis } from '../units.ts';
import { checkAttemptReport, isOversized } from '../validate.ts';
import { afterFailure } from './attempt-end.ts';
import { change, heartbeatChange } from './change.ts';
import { findRunningAttempt, isRefused } from './lookup.ts';

/** The worker is alive; the answer tells it what was asked of the attempt. Semantics sections 1.4, 2.3 and 2.5. */
export function decideHeartbeat(view: PartitionView, command: RecordHeartbeat, context: DecisionContext): Decision {
  const refusal = checkAttemptReport(command.target, command.identity);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findRunningAttempt(view, command);
  if (isRefused(activity)) return activity;

  if (isOversized(command.details)) {
    const failure = serverFailure('Heartbeat details exceed size limit.', true);
    // The worker is to stop: as far as it can tell, it was cancelled.
    return accept(
      { type: 'HeartbeatRecorded', cancelRequested: true, paused: false, reset: false },
      ...change(activity, afterFailure(activity, failure, context)),
    );
  }
  return accept(flags(activity), heartbeatChange(withHeartbeat(activity, command.details, context.now)));
}

/** At most one flag: a cancel goes before a reset, a reset before a pause, because the states do. */
const flags = ({ status }: RunningActivity): Answer => ({
  type: 'HeartbeatRecorded',
  cancelRequested: status === 'cancel-requested',
  paused: status === 'pause-requested',
  reset: status === 'reset-requested',
});

/** The last details count, even if there are none. */
export const withHeartbeat = (
  activity: RunningActivity,
  details: Payloads,
  recordedAt: EpochMillis,
): RunningActivity => ({
  ...activity,
  heartbeat: { details, recordedAt, count: (activity.heartbeat?.count ?? 0) + 1 },
});
