import type { Activity } from './activity.ts';
import type { ActivityCommand, AttemptReference, Command } from './command.ts';
import type { RefusalReason } from './refusal.ts';
import { byId, type Stage } from './stage.fixture.ts';

/** The current attempt's token with the stamp before it. */
const stale = (stage: Stage): AttemptReference => ({ by: 'token', ...stage.timer, stamp: stage.timer.stamp - 1 });

const secondRun = (stage: Stage): Stage['target'] =>
  stage.target.workflowId === '' ? { ...stage.target, runId: 'run-2' } : stage.target;

/** A way to send a command, and how much later than the state was reached. */
interface Way {
  readonly type: ActivityCommand['type'];
  readonly send: (stage: Stage) => Command;
  readonly laterMs?: number;
}

/** Every command to an activity, in each way in which it makes a difference. */
export const ways = {
  Schedule: { type: 'Schedule', send: (s) => s.schedule({ requestId: 'schedule-2', target: secondRun(s) }) },
  'Schedule, use existing': {
    type: 'Schedule',
    send: (s) => s.schedule({ requestId: 'schedule-2', target: secondRun(s), idConflictPolicy: 'use-existing' }),
  },
  'Schedule, reject duplicate': {
    type: 'Schedule',
    send: (s) => s.schedule({ requestId: 'schedule-2', target: secondRun(s), idReusePolicy: 'reject-duplicate' }),
  },
  'Schedule, repeated': { type: 'Schedule', send: (s) => s.schedule({ target: secondRun(s) }) },
  Claim: { type: 'Claim', send: (s) => s.claim() },
  'Claim, other': { type: 'Claim', send: (s) => s.claim({ claimId: 'claim-2' }) },
  'Claim, stale': { type: 'Claim', send: (s) => s.claim({ attempt: stale(s) }) },
  'Claim by id': { type: 'Claim', send: (s) => s.claim({ attempt: byId }) },
  RecordHeartbeat: { type: 'RecordHeartbeat', send: (s) => s.heartbeat() },
  'RecordHeartbeat, stale': { type: 'RecordHeartbeat', send: (s) => s.heartbeat([], { attempt: stale(s) }) },
  'RecordHeartbeat by id': { type: 'RecordHeartbeat', send: (s) => s.heartbeat([], { attempt: byId }) },
  Complete: { type: 'Complete', send: (s) => s.complete() },
  'Complete, stale': { type: 'Complete', send: (s) => s.complete({ attempt: stale(s) }) },
  'Complete by id': { type: 'Complete', send: (s) => s.complete({ attempt: byId }) },
  Fail: { type: 'Fail', send: (s) => s.fail() },
  'Fail, stale': { type: 'Fail', send: (s) => s.fail(undefined, { attempt: stale(s) }) },
  'Fail by id': { type: 'Fail', send: (s) => s.fail(undefined, { attempt: byId }) },
  ReportCanceled: { type: 'ReportCanceled', send: (s) => s.reportCanceled() },
  'ReportCanceled, stale': { type: 'ReportCanceled', send: (s) => s.reportCanceled({ attempt: stale(s) }) },
  'ReportCanceled by id': { type: 'ReportCanceled', send: (s) => s.reportCanceled({ attempt: byId }) },
  RequestCancel: { type: 'RequestCancel', send: (s) => s.requestCancel({ requestId: 'cancel-2' }) },
  'RequestCancel, repeated': { type: 'RequestCancel', send: (s) => s.requestCancel() },
  Terminate: { type: 'Terminate', send: (s) => s.terminate({ requestId: 'terminate-2' }) },
  'Terminate, repeated': { type: 'Terminate', send: (s) => s.terminate() },
  Delete: { type: 'Delete', send: (s) => s.delete() },
  CloseWithRun: { type: 'CloseWithRun', send: (s) => s.closeWithRun(s.offset) },
  Pause: { type: 'Pause', send: (s) => s.pause({ requestId: 'pause-2' }) },
  'Pause, repeated': { type: 'Pause', send: (s) => s.pause() },
  Unpause: { type: 'Unpause', send: (s) => s.unpause() },
  Reset: { type: 'Reset', send: (s) => s.reset({ requestId: 'reset-2' }) },
  'Reset, keep paused': { type: 'Reset', send: (s) => s.reset({ requestId: 'reset-2', keepPaused: true }) },
  'Reset, repeated': { type: 'Reset', send: (s) => s.reset() },
  UpdateOptions: { type: 'UpdateOptions', send: (s) => s.updateOptions({ taskQueue: 'parcels' }) },
  'TimeOut schedule-to-start': { type: 'TimeOut', laterMs: 900, send: (s) => s.timeOut('schedule-to-start') },
  'TimeOut schedule-to-close': { type: 'TimeOut', laterMs: 1100, send: (s) => s.timeOut('schedule-to-close') },
  'TimeOut start-to-close': { type: 'TimeOut', laterMs: 900, send: (s) => s.timeOut('start-to-close') },
  'TimeOut heartbeat': { type: 'TimeOut', laterMs: 900, send: (s) => s.timeOut('heartbeat') },
  DispatchDue: { type: 'DispatchDue', laterMs: 900, send: (s) => s.dispatchDue() },
  Redispatch: { type: 'Redispatch', laterMs: 900, send: (s) => s.redispatch() },
  FailDispatch: { type: 'FailDispatch', send: (s) => s.failDispatch() },
} as const satisfies Record<string, Way>;

export type WayName = keyof typeof ways;
export const wayNames = Object.keys(ways) as readonly WayName[];

/** Every type of command to an activity: a type added to the vocabulary must be added here, and then needs a way. */
export const activityCommandTypes = Object.keys({
  Schedule: true,
  Claim: true,
  RecordHeartbeat: true,
  Complete: true,
  Fail: true,
  ReportCanceled: true,
  RequestCancel: true,
  Terminate: true,
  Delete: true,
  CloseWithRun: true,
  Pause: true,
  Unpause: true,
  Reset: true,
  UpdateOptions: true,
  TimeOut: true,
  DispatchDue: true,
  Redispatch: true,
  FailDispatch: true,
} satisfies Record<ActivityCommand['type'], true>);

/**
 * What a way did to an activity, in short: its new status with the number of a later attempt, `*` for a task sent and
 * `!` for a cancel notice, `×` where it was removed; `=` when accepted without a change; `-` and the reason when refused.
 */
export function outcomeOf(stage: Stage, name: WayName): string {
  const way: Way = ways[name];
  stage.at(stage.now + (way.laterMs ?? 0));
  const decision = stage.send(way.send(stage));
  if (decision.kind === 'refused') return refusalMarks[decision.refusal.reason];
  const changed = decision.change.find((entity) => entity.type === 'ActivityChanged');
  const effects = [...decision.effects, ...decision.change].map(({ type }) => effectMarks[type] ?? '').join('');
  if (changed === undefined) return effects === '' ? '=' : effects;
  const { activity } = changed;
  const attempt = activity.attempt > 1 ? String(activity.attempt) : '';
  return `${statusMarks[activity.status]}${attempt}${effects}`;
}

const effectMarks: Readonly<Record<string, string>> = {
  Task: '*',
  Notice: '!',
  ActivityRemoved: '×',
};

const refusalMarks: Readonly<Record<RefusalReason, string>> = {
  'not-found': '-none',
  'stale-attempt': '-stale',
  'already-started': '-taken',
  'stale-driver': '-driver',
  'already-claimed': '-claimed',
  'failed-precondition': '-state',
  'invalid-argument': '-input',
  'not-due': '-early',
  'wrong-partition': '-partition',
};

const statusMarks: Readonly<Record<Activity['status'], string>> = {
  scheduled: 'sched',
  started: 'started',
  'cancel-requested': 'cancel?',
  'pause-requested': 'pause?',
  'reset-requested': 'reset?',
  paused: 'paused',
  completed: 'COMPL',
  failed: 'FAILED',
  canceled: 'CANCEL',
  terminated: 'TERM',
  'timed-out': 'TIMED',
};
