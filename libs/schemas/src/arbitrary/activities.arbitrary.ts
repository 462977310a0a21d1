import type { Activity, AttemptFailure, CancelRequest, Heartbeat, UserMetadata, WorkerSdk } from '@ratchet/domain';
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
  payload,
  payloads,
  bytes,
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
export const userMetadata = partial<object, UserMetadata>({}, { summary: payload, details: payload });
export const links = fc.array(bytes, { minLength: 1, maxLength: 3 });
export const workerSdk = record<WorkerSdk>({ name: text, version: text });

export const activityFields = {
  id,
  activityType: text,
  scheduleOffset: offset,
  version: offset,
  requestIds: texts,
  scheduledAt: instant,
  retentionMs: duration,
  transitionCount: count,
  options,
  input: payloads,
  header,
  attempt: count,
  lastWorkerIdentity: text,
};
export const lastFailure = record<AttemptFailure>({ failure, failedAt: instant });
export const openFields = {
  ...activityFields,
  originalOptions: options,
  shielded: flag,
  stamp: count,
  dispatchAt: instant,
  retryIntervalMs: duration,
  retryIntervalSource: oneOf('retry-policy', 'worker-override'),
};
export const activityOptional = {
  callbackUrls: someTexts,
  reportIds: fc.array(remembered, { minLength: 1, maxLength: 3 }),
  userMetadata,
  links,
  startedAt: instant,
  heartbeat: record<Heartbeat>({ details: payloads, recordedAt: instant, count }),
  workerSdk,
  unpauseRequestId: text,
  resetRequestId: text,
  updateRequestId: text,
};
export const openOptional = {
  ...activityOptional,
  lastFailure,
  pause: request,
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
      closedAt: instant,
      expiresAt: instant,
      outcome,
      closeRequestId: text,
    },
    { ...activityOptional, lastFailure, cancel: request, pauseRequestId: text, deleted: fc.constant(true) },
  ),
);
