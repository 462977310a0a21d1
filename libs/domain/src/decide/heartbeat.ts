import { isClosed, type Activity, type RunningActivity } from '../activity.ts';
import type { RecordHeartbeat, TimerReference } from '../command.ts';
import { accept, type Answer, type Decision, type DecisionContext, type Refused } from '../decision.ts';
import { serverFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Payloads } from '../payload.ts';
import type { EpochMillis } from '../units.ts';
import { checkAttemptReport, isOversized } from '../validate.ts';
import { afterFailure } from './attempt-end.ts';
import { endReportedBy, heartbeatTransition, transition } from './transition.ts';
import { closedBy } from './close.ts';
import { findActivity, findRunningAttempt, isRefused } from './lookup.ts';

/** The worker is alive; the answer tells it what was asked of the attempt. Semantics sections 1.4, 2.3 and 2.5. */
export function decideHeartbeat(view: PartitionView, command: RecordHeartbeat, context: DecisionContext): Decision {
  const refusal = checkAttemptReport(command.target, command.identity);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findRunningAttempt(view, command);
  if (isRefused(activity)) return sayingTimedOut(view, command, activity);

  if (isOversized(command.details)) {
    const failure = serverFailure('Heartbeat details exceed size limit.', true);
    // The worker is to stop: as far as it can tell, it was cancelled.
    return accept(
      { type: 'HeartbeatRecorded', cancelRequested: true, paused: false, reset: false },
      transition(
        activity,
        closedBy(command.identity, afterFailure(activity, failure, context), context),
        endReportedBy(command.attempt),
      ),
    );
  }
  const after = withHeartbeat(activity, command.details, context.now);
  return accept(flags(activity), heartbeatTransition(activity, after, command.attempt));
}

/** A worker that comes too late learns whether its attempt timed out. Everyone else finds nothing (semantics section 2.4). */
function sayingTimedOut(view: PartitionView, { target, attempt }: RecordHeartbeat, refused: Refused): Refused {
  const activity = findActivity(view, target);
  if (activity === undefined || attempt.by === 'id' || !hasTimedOut(activity, attempt)) return refused;
  return { ...refused, refusal: { ...refused.refusal, attemptTimedOut: true } };
}

/** It was the last attempt, and the activity timed out; or the next one waits because it timed out. */
function hasTimedOut(activity: Activity, { scheduleOffset, attempt }: TimerReference): boolean {
  if (activity.scheduleOffset !== scheduleOffset) return false;
  if (isClosed(activity)) return activity.status === 'timed-out' && activity.attempt === attempt;
  return activity.attempt === attempt + 1 && activity.lastFailure?.failure.info.type === 'timeout';
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
