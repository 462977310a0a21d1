import {
  isClosed,
  isRunning,
  epochMillis,
  millis,
  sameOptions,
  type Activity,
  type ActivityOptions,
  type AttemptFailure,
  type ClosedActivity,
  type Heartbeat,
  type OpenActivity,
  type PausedActivity,
  type RunningActivity,
  type ScheduledActivity,
} from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { failureToAvro, failureToDomain } from './failure.mapping.ts';
import { givenToAvro, givenToDomain } from './given.mapping.ts';
import { outcomeToAvro, outcomeToDomain } from './outcome.mapping.ts';
import { rememberedToAvro, rememberedToDomain } from './remembered-id.mapping.ts';
import { isPresent, isSome, setPresent } from './set-present.ts';

/** Leaves out what an open activity was given and its heartbeat, which are records of their own; a closed one is whole. */
export function activityToAvro(activity: Activity): avro.ActivitySnapshot {
  const { id, activityType, scheduleOffset, version, requestIds, scheduledAt, retentionMs, attempt } = activity;
  const { lastWorkerIdentity, lastFailure } = activity;
  const closed = isClosed(activity);
  const reports = rememberedToAvro(activity.reportIds ?? []);
  return {
    id,
    activityType,
    scheduleOffset,
    version,
    requestIds,
    scheduledAt,
    retentionMs,
    attempt,
    lastWorkerIdentity,
    transitionCount: activity.transitionCount,
    workerSdk: activity.workerSdk ?? null,
    startedAt: closed || isRunning(activity) ? null : (activity.startedAt ?? null),
    lastFailure: lastFailure === undefined ? null : attemptFailureToAvro(lastFailure),
    callbackUrls: activity.callbackUrls ?? [],
    reportIds: reports.ids,
    reportIdsUntil: reports.until,
    open: closed ? null : openToAvro(activity),
    closed: closed ? closedToAvro(activity) : null,
  };
}

/**
 * @returns an open activity with empty input and header, without heartbeat: their records bring them. So it is with a closed one
 * of a record from before it had them itself, of whose heartbeat the tally is known.
 */
export function activityToDomain(snapshot: avro.ActivitySnapshot): Activity {
  const activity = stateOf(snapshot);
  if (isPresent(snapshot.lastFailure))
    setPresent(activity, 'lastFailure', attemptFailureToDomain(snapshot.lastFailure));
  setPresent(activity, 'workerSdk', snapshot.workerSdk);
  return activity;
}

const attemptFailureToAvro = ({ failure, failedAt }: AttemptFailure): avro.AttemptFailure => ({
  failure: failureToAvro(failure),
  failedAt,
});
const attemptFailureToDomain = ({ failure, failedAt }: avro.AttemptFailure): AttemptFailure => ({
  failure: failureToDomain(failure),
  failedAt,
});

function stateOf(snapshot: avro.ActivitySnapshot): Activity {
  if (isPresent(snapshot.open)) return openToDomain(snapshot, snapshot.open);
  if (isPresent(snapshot.closed)) return closedToDomain(snapshot, snapshot.closed);
  throw new UnreadableRecordError('its activity is neither open nor closed');
}

function openToAvro(activity: OpenActivity): avro.OpenState {
  const { status, options, originalOptions, shielded, stamp, dispatchAt, retryIntervalMs } = activity;
  const { retryIntervalSource, pause, unpauseRequestId, resetRequestId } = activity;
  return {
    status,
    options,
    originalOptions: sameOptions(options, originalOptions) ? null : originalOptions,
    shielded,
    stamp,
    dispatchAt,
    retryIntervalMs,
    retryIntervalSource,
    pause: pause ?? null,
    unpauseRequestId: unpauseRequestId ?? null,
    resetRequestId: resetRequestId ?? null,
    updateRequestId: activity.updateRequestId ?? null,
    dispatchedAt: activity.status === 'scheduled' ? (activity.dispatchedAt ?? null) : null,
    running: isRunning(activity) ? runningToAvro(activity) : null,
  };
}

const runningToAvro = (activity: RunningActivity): avro.RunningAttempt => ({
  startedAt: activity.startedAt,
  claimId: activity.claimId,
  workerAddress: activity.workerAddress ?? null,
  cancel: activity.cancel ?? null,
  deferredReset: activity.deferredReset ?? null,
});

const closedToAvro = (activity: ClosedActivity): avro.ClosedState => ({
  status: activity.status,
  taskQueue: activity.options.taskQueue,
  closedAt: activity.closedAt,
  startedAt: activity.startedAt ?? null,
  expiresAt: activity.expiresAt,
  outcome: outcomeToAvro(activity.outcome),
  closeRequestId: activity.closeRequestId,
  deleted: activity.deleted ?? false,
  options: activity.options,
  cancel: activity.cancel ?? null,
  pauseRequestId: activity.pauseRequestId ?? null,
  unpauseRequestId: activity.unpauseRequestId ?? null,
  resetRequestId: activity.resetRequestId ?? null,
  updateRequestId: activity.updateRequestId ?? null,
  ...givenToAvro(activity),
  ...heartbeatToAvro(activity.heartbeat),
});

const heartbeatToAvro = (
  heartbeat: Heartbeat = { details: nothing, recordedAt: epochMillis(0), count: 0 },
): Pick<avro.ClosedState, 'heartbeatCount' | 'heartbeatDetails' | 'heartbeatAt'> => ({
  heartbeatCount: heartbeat.count,
  heartbeatDetails: heartbeat.details,
  heartbeatAt: heartbeat.recordedAt,
});

const nothing: Activity['input'] = [];
const noHeader: Activity['header'] = {};

const baseOf = (snapshot: avro.ActivitySnapshot) => ({
  id: snapshot.id,
  activityType: snapshot.activityType,
  scheduleOffset: snapshot.scheduleOffset,
  version: snapshot.version,
  requestIds: snapshot.requestIds,
  scheduledAt: snapshot.scheduledAt,
  retentionMs: snapshot.retentionMs,
  transitionCount: snapshot.transitionCount,
  input: nothing,
  header: noHeader,
  attempt: snapshot.attempt,
  lastWorkerIdentity: snapshot.lastWorkerIdentity,
  ...(isSome(snapshot.callbackUrls) ? { callbackUrls: snapshot.callbackUrls } : {}),
  ...(isSome(snapshot.reportIds)
    ? { reportIds: rememberedToDomain({ ids: snapshot.reportIds, until: snapshot.reportIdsUntil }) }
    : {}),
});

type OpenBase = Omit<PausedActivity, 'status'>;

function openToDomain(snapshot: avro.ActivitySnapshot, open: avro.OpenState): OpenActivity {
  const base: OpenBase = {
    ...baseOf(snapshot),
    options: open.options,
    originalOptions: open.originalOptions ?? open.options,
    shielded: open.shielded,
    stamp: open.stamp,
    dispatchAt: open.dispatchAt,
    retryIntervalMs: open.retryIntervalMs,
    retryIntervalSource: open.retryIntervalSource,
  };
  setPresent(base, 'pause', open.pause);
  setPresent(base, 'unpauseRequestId', open.unpauseRequestId);
  setPresent(base, 'resetRequestId', open.resetRequestId);
  setPresent(base, 'updateRequestId', open.updateRequestId);
  setPresent(base, 'startedAt', snapshot.startedAt);

  const { status } = open;
  if (status === 'paused') return { ...base, status };
  if (status === 'scheduled') {
    const scheduled: ScheduledActivity = { ...base, status };
    setPresent(scheduled, 'dispatchedAt', open.dispatchedAt);
    return scheduled;
  }
  if (!isPresent(open.running)) throw new UnreadableRecordError(`its activity is ${status} without an attempt`);
  const { startedAt, claimId, workerAddress, cancel, deferredReset } = open.running;
  const running: RunningActivity = { ...base, status, startedAt, claimId };
  setPresent(running, 'workerAddress', workerAddress);
  setPresent(running, 'cancel', cancel);
  setPresent(running, 'deferredReset', deferredReset);
  return running;
}

function closedToDomain(snapshot: avro.ActivitySnapshot, closed: avro.ClosedState): ClosedActivity {
  const activity: ClosedActivity = {
    ...baseOf(snapshot),
    ...givenToDomain(closed),
    status: closed.status,
    options: closed.options ?? unknownOptions(closed.taskQueue),
    closedAt: closed.closedAt,
    expiresAt: closed.expiresAt,
    outcome: outcomeToDomain(closed.outcome),
    closeRequestId: closed.closeRequestId,
    ...(closed.heartbeatCount === 0 ? {} : { heartbeat: heartbeatOf(closed) }),
    ...(closed.deleted ? { deleted: true } : {}),
  };
  setPresent(activity, 'startedAt', closed.startedAt);
  setPresent(activity, 'cancel', closed.cancel);
  setPresent(activity, 'pauseRequestId', closed.pauseRequestId);
  setPresent(activity, 'unpauseRequestId', closed.unpauseRequestId);
  setPresent(activity, 'resetRequestId', closed.resetRequestId);
  setPresent(activity, 'updateRequestId', closed.updateRequestId);
  return activity;
}

const heartbeatOf = ({ heartbeatDetails, heartbeatAt, heartbeatCount }: avro.ClosedState): Heartbeat => ({
  details: heartbeatDetails,
  recordedAt: heartbeatAt,
  count: heartbeatCount,
});

const none = millis(0);

/** Of a record from before a closed activity kept its options: the task queue, and 0 for the rest. */
const unknownOptions = (taskQueue: string): ActivityOptions => ({
  taskQueue,
  scheduleToCloseTimeoutMs: none,
  scheduleToStartTimeoutMs: none,
  startToCloseTimeoutMs: none,
  heartbeatTimeoutMs: none,
  startDelayMs: none,
  retryPolicy: {
    initialIntervalMs: none,
    backoffCoefficient: 1,
    intervalMsMax: none,
    attemptsMax: 0,
    nonRetryableErrorTypes: [],
  },
  priorityKey: 0,
  fairnessKey: '',
  fairnessWeight: 0,
});
