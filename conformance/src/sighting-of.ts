import {
  isClosed,
  lastFailure,
  nextAttemptScheduleTime,
  publicStatus,
  runState,
  type Activity,
  type EpochMillis,
  type Failure,
  type FailureInfo,
} from '@ratchet/domain';
import { textOf } from './payload-text.ts';
import type { Sighting } from './trace.ts';

/** The part of a sighting that stands in the activity itself. */
export type Described = Omit<Sighting, 'attemptsStarted' | 'answer' | 'message' | 'heartbeatDetails'>;

export const nothing: Described = {
  status: 'absent',
  runState: 'unspecified',
  attempt: 0,
  waits: false,
  result: '',
  failure: '',
  failureType: 'none',
  details: '',
  endedBy: '',
  cause: '',
  retryState: 'unspecified',
  lastFailure: '',
  heartbeats: 0,
};

/** An activity of the domain as anyone sees it at `now`. */
export const described = (activity: Activity, now: EpochMillis): Described => ({
  ...nothing,
  status: publicStatus(activity),
  runState: runState(activity),
  attempt: activity.attempt,
  waits: nextAttemptScheduleTime(activity, now) !== undefined,
  ...outcomeOf(activity),
  lastFailure: lastFailure(activity)?.failure.message ?? '',
  heartbeats: activity.heartbeat?.count ?? 0,
});

function outcomeOf(activity: Activity): Partial<Described> {
  if (!isClosed(activity)) return {};
  if (activity.outcome.type === 'success') return { result: textOf(activity.outcome.result) };
  const { failure, retryState } = activity.outcome;
  return { ...failureSeen(failure), retryState };
}

/** A failure as it is seen in an outcome. */
export const failureSeen = ({ message, info, cause }: Failure): Partial<Described> => ({
  failure: message,
  failureType: info.type,
  details: detailsOf(info),
  endedBy: info.type === 'canceled' || info.type === 'terminated' ? info.identity : '',
  cause: cause?.message ?? '',
});

function detailsOf(info: FailureInfo): string {
  if (info.type === 'canceled') return textOf(info.details);
  return info.type === 'timeout' ? textOf(info.lastHeartbeatDetails) : '';
}
