import {
  epochMillis,
  type Activity,
  type Answer,
  type CancellationRecord,
  type CompletionEvent,
  type Refusal,
  type Reply,
  type Signal,
  type StateRecord,
  type WorkflowRun,
} from '@ratchet/domain';
import fc from 'fast-check';
import { activity, links, request, userMetadata } from './activities.arbitrary.ts';
import { ofActivity, ofRun } from './commands.arbitrary.ts';
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
  run,
  replyTo,
  forwardedFrom,
  attemptFields,
  closedStatus,
  runCloseStatus,
  failure,
  outcome,
  type Arbitrary,
  remembered,
} from './values.arbitrary.ts';

/** As its snapshot has it. */
export function withoutOwnRecords(of: Activity): Activity {
  const { heartbeat, userMetadata: _, links: __, ...rest } = of;
  const bare = { ...rest, input: [], header: {} };
  const count = heartbeat?.count ?? 0;
  if (!('outcome' in of) || count === 0) return bare;
  return { ...bare, heartbeat: { details: [], recordedAt: epochMillis(0), count } };
}

export const answers: Readonly<Record<Answer['type'], Arbitrary<Answer>>> = {
  Scheduled: record({ type: constant('Scheduled'), runId: text, started: flag }),
  Granted: record({ type: constant('Granted'), startedAt: instant }),
  HeartbeatRecorded: record({ type: constant('HeartbeatRecorded'), cancelRequested: flag, paused: flag, reset: flag }),
  Acknowledged: record({ type: constant('Acknowledged') }),
  RunOpened: record({ type: constant('RunOpened'), runId: text, started: flag }),
};
export const reason = oneOf(
  'invalid-argument',
  'not-found',
  'already-started',
  'stale-attempt',
  'already-claimed',
  'failed-precondition',
  'not-due',
  'wrong-partition',
  'stale-driver',
);
const noticeReason = oneOf('cancel-requested', 'timed-out', 'not-found', 'paused', 'reset');
export const refusal = partial<Refusal, Pick<Refusal, 'existing' | 'attemptTimedOut'>>(
  { reason, message: text },
  { existing: record({ runId: text, startRequestId: text }), attemptTimedOut: constant(true) },
);
const workflowRun = partial<WorkflowRun, Pick<WorkflowRun, 'timeoutAt' | 'driver' | 'cancel' | 'close'>>(
  {
    id: run,
    status: oneOf('open', 'cancel-requested', 'closed'),
    version: offset,
    openedAt: instant,
    openRequestId: text,
    retentionMs: duration,
    signalsAcknowledgedTo: fc.integer({ min: -1 }),
    recentSignalIds: fc.array(remembered, { maxLength: 4 }),
  },
  {
    timeoutAt: instant,
    driver: record({ id: text, identity: text }),
    cancel: request,
    close: record({ status: runCloseStatus, reason: text, requestId: text, closedAt: instant, expiresAt: instant }),
  },
);
const signal = record<Signal>({ offset, signalId: text, name: text, args: payloads, sentAt: instant });
export const replyBodies: Readonly<Record<Reply['body']['type'], Arbitrary<Reply['body']>>> = {
  Accepted: record({ type: constant('Accepted'), answer: fc.oneof(...Object.values(answers)) }),
  Refused: record({ type: constant('Refused'), refusal }),
  OutcomeReached: record({
    type: constant('OutcomeReached'),
    runId: text,
    status: closedStatus,
    outcome,
    activityType: text,
    workerIdentity: text,
  }),
  OutcomePending: record({ type: constant('OutcomePending'), runId: text }),
  Described: record({ type: constant('Described'), description: activity, stateBytes: offset }),
  RunDescribed: record({
    type: constant('RunDescribed'),
    run: workflowRun,
    signals: fc.array(signal, { maxLength: 3 }),
  }),
  CancelNotice: record({ type: constant('CancelNotice'), id, ...attemptFields, reason: noticeReason }),
};

export const states: Readonly<Record<StateRecord['type'], Arbitrary<StateRecord>>> = {
  ActivitySnapshot: record({ type: constant('ActivitySnapshot'), activity: activity.map(withoutOwnRecords) }),
  ActivityInput: partial(
    { type: constant('ActivityInput'), input: payloads, header, scheduleOffset: offset },
    { userMetadata, links },
  ),
  ActivityHeartbeat: record({
    type: constant('ActivityHeartbeat'),
    details: payloads,
    recordedAt: instant,
    count,
    ...attemptFields,
  }),
  RunSnapshot: record({
    type: constant('RunSnapshot'),
    run: workflowRun,
  }),
  SignalSnapshot: record({
    type: constant('SignalSnapshot'),
    run,
    signal,
  }),
  Progress: partial(
    { type: constant('Progress'), commands: offset, queries: offset, now: instant, rules: count },
    { forwarded: forwardedFrom, tokenKeyIds: someTexts, unsentTopics: someTexts },
  ),
};

export const cancellations: Readonly<Record<CancellationRecord['type'], Arbitrary<CancellationRecord>>> = {
  CancelActivity: partial({ type: constant('CancelActivity'), ...ofActivity, reason: text }, { replyTo }),
  CancelRun: partial({ type: constant('CancelRun'), ...ofRun, reason: text }, { replyTo }),
  FanOut: record({
    type: constant('FanOut'),
    ...ofRun,
    cause: oneOf('run-cancel-requested', 'run-closed'),
    decidedOffset: offset,
    reason: text,
    activityIds: texts,
  }),
  NotifyWorker: record({
    type: constant('NotifyWorker'),
    id,
    ...attemptFields,
    workerAddress: replyTo,
    reason: noticeReason,
    overAt: instant,
    sentCount: count,
    decidedOffset: offset,
  }),
  NoticeSettled: record({ type: constant('NoticeSettled'), id, ...attemptFields, decidedOffset: offset }),
};
export const completionBodies: Readonly<Record<CompletionEvent['body']['type'], Arbitrary<CompletionEvent['body']>>> = {
  Completed: record({ type: constant('Completed'), result: payloads }),
  Failed: record({ type: constant('Failed'), failure }),
  Canceled: record({ type: constant('Canceled'), details: payloads }),
  Heartbeat: record({ type: constant('Heartbeat'), details: payloads }),
};
