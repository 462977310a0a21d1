import type { Command } from '@ratchet/domain';
import { links, userMetadata, workerSdk } from './activities.arbitrary.ts';
import {
  partial,
  record,
  text,
  flag,
  count,
  offset,
  instant,
  duration,
  constant,
  oneOf,
  payloads,
  header,
  id,
  run,
  replyTo,
  forwardedFrom,
  timer,
  attempt,
  runCloseStatus,
  timeoutType,
  failure,
  optionalOptions,
  someText,
  someTexts,
  type Arbitrary,
} from './values.arbitrary.ts';

export const common = { requestId: text, identity: text };
const optional = { principal: someText, driverId: someText, replyTo, forwardedFrom };
const repeatable = { ...optional, reportId: text, issuedAt: instant };
export const ofActivity = { target: id, ...common };
export const ofRun = { run, ...common };
export const commands: Readonly<Record<Command['type'], Arbitrary<Command>>> = {
  Schedule: partial(
    {
      type: constant('Schedule'),
      ...ofActivity,
      activityType: text,
      options: partial({ taskQueue: text }, optionalOptions),
      input: payloads,
      header,
      idReusePolicy: oneOf('allow-duplicate', 'allow-duplicate-failed-only', 'reject-duplicate'),
      idConflictPolicy: oneOf('fail', 'use-existing'),
      shielded: flag,
      retentionMs: duration,
      awaitOutcome: flag,
    },
    {
      ...optional,
      acknowledge: constant(true),
      callbackUrls: someTexts,
      userMetadata,
      links,
      onConflict: record({ attachRequestId: flag, attachLinks: flag }),
    },
  ),
  Claim: partial({ type: constant('Claim'), ...ofActivity, attempt, claimId: text }, { ...optional, sdk: workerSdk }),
  RecordHeartbeat: partial({ type: constant('RecordHeartbeat'), ...ofActivity, attempt, details: payloads }, optional),
  Complete: partial({ type: constant('Complete'), ...ofActivity, attempt, result: payloads }, repeatable),
  Fail: partial(
    { type: constant('Fail'), ...ofActivity, attempt },
    { ...repeatable, failure, lastHeartbeatDetails: payloads },
  ),
  ReportCanceled: partial({ type: constant('ReportCanceled'), ...ofActivity, attempt, details: payloads }, repeatable),
  RequestCancel: partial(
    { type: constant('RequestCancel'), ...ofActivity, reason: text, cascaded: flag },
    { ...optional, openBefore: offset },
  ),
  Terminate: partial({ type: constant('Terminate'), ...ofActivity, reason: text }, optional),
  Delete: partial({ type: constant('Delete'), ...ofActivity }, optional),
  CloseWithRun: partial({ type: constant('CloseWithRun'), ...ofActivity, closedOffset: offset }, optional),
  Pause: partial({ type: constant('Pause'), ...ofActivity, reason: text }, optional),
  Unpause: partial({ type: constant('Unpause'), ...ofActivity }, optional),
  Reset: partial(
    { type: constant('Reset'), ...ofActivity, keepPaused: flag, resetHeartbeat: flag, restoreOriginalOptions: flag },
    optional,
  ),
  UpdateOptions: partial(
    {
      type: constant('UpdateOptions'),
      ...ofActivity,
      options: partial({}, { taskQueue: text, ...optionalOptions }),
      restoreOriginal: flag,
    },
    optional,
  ),
  TimeOut: partial({ type: constant('TimeOut'), ...ofActivity, timeoutType, timer }, optional),
  DispatchDue: partial({ type: constant('DispatchDue'), ...ofActivity, timer }, optional),
  Redispatch: partial({ type: constant('Redispatch'), ...ofActivity, timer }, optional),
  FailDispatch: partial({ type: constant('FailDispatch'), ...ofActivity, timer, reason: text }, optional),
  ExpireBefore: partial({ type: constant('ExpireBefore'), ...common, before: instant, countMax: count }, optional),
  OpenRun: partial(
    { type: constant('OpenRun'), ...ofRun, retentionMs: duration },
    { ...optional, timeoutMs: duration.filter((ms) => ms > 0) },
  ),
  TakeOverRun: partial({ type: constant('TakeOverRun'), ...ofRun }, optional),
  TimeOutRun: partial({ type: constant('TimeOutRun'), ...ofRun }, optional),
  RequestCancelRun: partial({ type: constant('RequestCancelRun'), ...ofRun, reason: text }, optional),
  CloseRun: partial({ type: constant('CloseRun'), ...ofRun, status: runCloseStatus, reason: text }, optional),
  SignalRun: partial(
    { type: constant('SignalRun'), ...ofRun, name: text, args: payloads },
    { ...optional, issuedAt: instant },
  ),
  AcknowledgeSignals: partial({ type: constant('AcknowledgeSignals'), ...ofRun, name: text, upTo: offset }, optional),
  UseRules: partial({ type: constant('UseRules'), ...common, version: count }, optional),
};
