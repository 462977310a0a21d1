import type { Activity, AttemptFailure, CancelRequest, Heartbeat } from '@ratchet/domain';
import fc from 'fast-check';
import {
  record,
  partial,
  text,
  flag,
  count,
  offset,
  instant,
  duration,
  texts,
  someTexts,
  constant,
  oneOf,
  payloads,
  header,
  id,
  replyTo,
  closedStatus,
  failure,
  outcome,
  options,
  type Arbitrary,
  remembered,
} from './values.arbitrary.ts';

export const request = record<CancelRequest>({
  requestId: text,
  identity: text,
  reason: text,
  requestedAt: instant,
});
export const activityFields = {
  id,
  activityType: text,
  scheduleOffset: offset,
  version: offset,
  requestIds: texts,
  scheduledAt: instant,
  retentionMs: duration,
  attempt: count,
  lastWorkerIdentity: text,
};
export const lastFailure = record<AttemptFailure>({ failure, failedAt: instant });
export const openFields = {
  ...activityFields,
  options,
  originalOptions: options,
  input: payloads,
  header,
  shielded: flag,
  stamp: count,
  dispatchAt: instant,
  retryIntervalMs: duration,
  retryIntervalSource: oneOf('retry-policy', 'worker-override'),
};
export const activityOptional = {
  callbackUrls: someTexts,
  reportIds: fc.array(remembered, { minLength: 1, maxLength: 3 }),
};
export const openOptional = {
  ...activityOptional,
  heartbeat: record<Heartbeat>({ details: payloads, recordedAt: instant, count }),
  lastFailure,
  pause: request,
  unpauseRequestId: text,
  resetRequestId: text,
};
export const activity: Arbitrary<Activity> = fc.oneof(
  partial({ status: constant('scheduled'), ...openFields }, { ...openOptional, dispatchedAt: instant }),
  partial({ status: constant('paused'), ...openFields }, openOptional),
  partial(
    {
      status: oneOf('started', 'cancel-requested', 'pause-requested', 'reset-requested'),
      ...openFields,
      startedAt: instant,
      claimId: text,
    },
    {
      ...openOptional,
      workerAddress: replyTo,
      cancel: request,
      deferredReset: record({ keepPaused: flag, resetHeartbeat: flag, restoreOriginalOptions: flag }),
    },
  ),
  partial(
    {
      status: closedStatus,
      ...activityFields,
      taskQueue: text,
      closedAt: instant,
      expiresAt: instant,
      outcome,
      closeRequestId: text,
      heartbeatCount: count,
    },
    { ...activityOptional, startedAt: instant, lastFailure, deleted: fc.constant(true) },
  ),
);
