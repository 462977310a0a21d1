import type { ActivityOptionsRequest } from './activity-options.ts';
import { isClosed, type Activity, type OpenActivity } from './activity.ts';
import type { ActivityCommand, AttemptReference, Command, CommandOf, Schedule, TimerReference } from './command.ts';
import { timerReference } from './deadlines.ts';
import { decide } from './decide.ts';
import type { Decision, Effect, EntityChange } from './decision.ts';
import type { Failure, TimeoutType } from './failure.ts';
import type { ExecutionId, RunId } from './identity.ts';
import { PartitionState } from './partition-state.ts';
import type { StateLimit } from './refusal.ts';
import { currentRules } from './rules.ts';
import type { Payloads } from './payload.ts';
import { epochMillis, millis, type EpochMillis } from './units.ts';
import { utf8Bytes } from './utf8.ts';

export const payloads = (...texts: readonly string[]): Payloads =>
  texts.map((text) => ({ metadata: {}, data: utf8Bytes(text) }));

/** Payloads of an exact size in bytes. */
export const payloadsOf = (bytes: number): Payloads => [{ metadata: {}, data: new Uint8Array(bytes) }];

export const applicationFailure = (message: string, info: Partial<Failure['info']> = {}): Failure => ({
  message,
  source: 'TypeScriptSDK',
  stackTrace: '',
  info: { type: 'application', errorType: 'Error', nonRetryable: false, details: [], ...info } as Failure['info'],
});

/** Options in which every limit is met alone: start-to-start 30 ms, start-to-close 100, heartbeat 40, whole 1000, retries after 10, 20, ... ms. */
export const options: ActivityOptionsRequest = {
  taskQueue: 'mail',
  scheduleToCloseTimeoutMs: 1000,
  scheduleToStartTimeoutMs: 30,
  startToCloseTimeoutMs: 100,
  heartbeatTimeoutMs: 40,
  retryPolicy: { initialIntervalMs: 10, backoffCoefficient: 2, intervalMsMax: 50, attemptsMax: 3 },
};

export const standalone: ExecutionId = { namespace: 'default', workflowId: '', runId: 'run-1', activityId: 'charge' };
export const workflowRun: RunId = { namespace: 'default', workflowId: 'order', runId: 'wf-run-1' };
export const inRun: ExecutionId = { ...workflowRun, activityId: 'charge' };

type Body<T extends Command['type']> = Omit<CommandOf<T>, 'type' | 'target' | 'requestId' | 'identity'>;
type Extra<T extends Command['type']> = Partial<Omit<CommandOf<T>, 'type'>>;

/**
 * One partition played by hand: commands are decided at the stage's time and offset, and what they decide is applied.
 *
 * Commands are built for the stage's activity as it stands, so that a test names only what it is about.
 */
export class Stage {
  state = new PartitionState();
  now = epochMillis(0);
  offset = 0;
  rules = currentRules;

  /** The activity that commands are built for. */
  target: ExecutionId;

  constructor(target: ExecutionId = standalone) {
    this.target = target;
    const { namespace, workflowId, runId } = target;
    if (workflowId !== '') this.accept(openRun({ run: { namespace, workflowId, runId } }));
  }

  at(now: number): this {
    this.now = epochMillis(now);
    return this;
  }

  send(command: Command): Decision {
    const { now, offset, rules } = this;
    const decision = decide(this.state, command, { now, offset, rules });
    if (decision.kind === 'accepted') this.state.apply(decision.change);
    this.offset++;
    return decision;
  }

  /** Sends what must be accepted. */
  accept(command: Command): this {
    const decision = this.send(command);
    if (decision.kind === 'refused') throw new Error(`${command.type} was refused: ${decision.refusal.message}`);
    return this;
  }

  /** What a command changes, then what is told of it. */
  consequences(command: Command): readonly (EntityChange | Effect)[] {
    const decision = this.send(command);
    return decision.kind === 'accepted' ? [...decision.change, ...decision.effects] : [];
  }

  /** Their types. */
  consequenceTypes(command: Command): readonly string[] {
    return this.consequences(command).map(({ type }) => type);
  }

  /** The refusal as `reason: message`, or `accepted`. */
  refusal(command: Command): string {
    const decision = this.send(command);
    return decision.kind === 'refused' ? `${decision.refusal.reason}: ${decision.refusal.message}` : 'accepted';
  }

  /** The limit that a command is refused for, if it is for one. */
  limit(command: Command): StateLimit | undefined {
    const decision = this.send(command);
    return decision.kind === 'refused' ? decision.refusal.limit : undefined;
  }

  get found(): Activity | undefined {
    return this.state.activity(this.target);
  }

  get activity(): Activity {
    const { found } = this;
    if (found === undefined) throw new Error('there is no activity');
    return found;
  }

  /** The activity, which must be open. */
  get open(): OpenActivity {
    const { activity } = this;
    if (isClosed(activity)) throw new Error(`the activity is ${activity.status}`);
    return activity;
  }

  /** The failure that a closed activity ended with. */
  get outcomeFailure(): Failure {
    const { activity } = this;
    if (!isClosed(activity) || activity.outcome.type !== 'failure')
      throw new Error(`the activity is ${activity.status}`);
    return activity.outcome.failure;
  }

  get token(): AttemptReference {
    return { by: 'token', ...this.timer };
  }

  get timer(): TimerReference {
    return this.found === undefined ? { scheduleOffset: 0, attempt: 1, stamp: 1 } : timerReference(this.found);
  }

  schedule(extra: Extra<'Schedule'> = {}): Schedule {
    return {
      type: 'Schedule',
      target: this.target,
      requestId: 'schedule-1',
      identity: 'client',
      activityType: 'charge',
      options,
      input: payloads('input'),
      header: {},
      idReusePolicy: 'allow-duplicate',
      idConflictPolicy: 'fail',
      shielded: false,
      retentionMs: millis(5000),
      awaitOutcome: false,
      ...extra,
    };
  }

  claim(extra: Extra<'Claim'> = {}): Command {
    return this.#of('Claim', 'worker', { attempt: this.token, claimId: 'claim-1' }, extra);
  }

  heartbeat(details: Payloads = [], extra: Extra<'RecordHeartbeat'> = {}): Command {
    return this.#of('RecordHeartbeat', 'worker', { attempt: this.token, details }, extra);
  }

  complete(extra: Extra<'Complete'> = {}): Command {
    return this.#of('Complete', 'worker', { attempt: this.token, result: payloads('done') }, extra);
  }

  fail(failure: Failure = applicationFailure('broken'), extra: Extra<'Fail'> = {}): Command {
    return this.#of('Fail', 'worker', { attempt: this.token, failure }, extra);
  }

  reportCanceled(extra: Extra<'ReportCanceled'> = {}): Command {
    return this.#of('ReportCanceled', 'worker', { attempt: this.token, details: payloads('stopped') }, extra);
  }

  requestCancel(extra: Extra<'RequestCancel'> = {}): Command {
    const body = { requestId: 'cancel-1', reason: 'no longer needed', cascaded: false };
    return this.#of('RequestCancel', 'operator', body, extra);
  }

  delete(extra: Extra<'Delete'> = {}): Command {
    return this.#of('Delete', 'operator', { requestId: 'delete-1' }, extra);
  }

  terminate(extra: Extra<'Terminate'> = {}): Command {
    return this.#of('Terminate', 'operator', { requestId: 'terminate-1', reason: 'enough' }, extra);
  }

  closeWithRun(closedOffset: number): Command {
    return this.#of('CloseWithRun', 'cancellation', { closedOffset }, {});
  }

  pause(extra: Extra<'Pause'> = {}): Command {
    return this.#of('Pause', 'operator', { requestId: 'pause-1', reason: 'wait' }, extra);
  }

  unpause(extra: Extra<'Unpause'> = {}): Command {
    return this.#of('Unpause', 'operator', { requestId: 'unpause-1' }, extra);
  }

  reset(extra: Extra<'Reset'> = {}): Command {
    const body = { requestId: 'reset-1', keepPaused: false, resetHeartbeat: false, restoreOriginalOptions: false };
    return this.#of('Reset', 'operator', body, extra);
  }

  updateOptions(changed: Partial<ActivityOptionsRequest>, extra: Extra<'UpdateOptions'> = {}): Command {
    const body = { requestId: `update-${String(this.offset)}`, options: changed, restoreOriginal: false };
    return this.#of('UpdateOptions', 'operator', body, extra);
  }

  timeOut(timeoutType: TimeoutType, timer: TimerReference = this.timer): Command {
    return this.#of('TimeOut', '', { requestId: '', timeoutType, timer }, {});
  }

  dispatchDue(timer: TimerReference = this.timer): Command {
    return this.#of('DispatchDue', '', { requestId: '', timer }, {});
  }

  redispatch(timer: TimerReference = this.timer): Command {
    return this.#of('Redispatch', '', { requestId: '', timer }, {});
  }

  failDispatch(reason = 'no such queue', timer: TimerReference = this.timer): Command {
    return this.#of('FailDispatch', '', { requestId: '', timer, reason }, {});
  }

  #of<T extends ActivityCommand['type']>(
    type: T,
    identity: string,
    body: Body<T> & { readonly requestId?: string },
    extra: Extra<T>,
  ): Command {
    return { type, target: this.target, requestId: 'request-1', identity, ...body, ...extra } as unknown as Command;
  }
}

const byOperator = { requestId: 'request-1', identity: 'workflow' };

export const openRun = (extra: Extra<'OpenRun'> = {}): Command => ({
  type: 'OpenRun',
  run: workflowRun,
  retentionMs: millis(5000),
  ...byOperator,
  ...extra,
});

export const takeOverRun = (driverId: string, extra: Extra<'TakeOverRun'> = {}): Command => ({
  type: 'TakeOverRun',
  run: workflowRun,
  driverId,
  ...byOperator,
  ...extra,
});

export const timeOutRun = (extra: Extra<'TimeOutRun'> = {}): Command => ({
  type: 'TimeOutRun',
  run: workflowRun,
  ...byOperator,
  ...extra,
});

export const requestCancelRun = (extra: Extra<'RequestCancelRun'> = {}): Command => ({
  type: 'RequestCancelRun',
  run: workflowRun,
  reason: 'no longer needed',
  ...byOperator,
  ...extra,
});

export const closeRun = (extra: Extra<'CloseRun'> = {}): Command => ({
  type: 'CloseRun',
  run: workflowRun,
  status: 'completed',
  reason: 'all done',
  ...byOperator,
  ...extra,
});

export const signalRun = (requestId: string, extra: Extra<'SignalRun'> = {}): Command => ({
  type: 'SignalRun',
  run: workflowRun,
  name: 'approve',
  args: payloads(requestId),
  ...byOperator,
  requestId,
  ...extra,
});

export const acknowledgeSignals = (upTo: number, extra: Extra<'AcknowledgeSignals'> = {}): Command => ({
  type: 'AcknowledgeSignals',
  run: workflowRun,
  name: '',
  upTo,
  ...byOperator,
  ...extra,
});

export const expireBefore = (before: number, countMax = 100): Command => ({
  type: 'ExpireBefore',
  // Some are none.
  before: before as EpochMillis,
  countMax,
  ...byOperator,
  requestId: 'expire-1',
});

export const useRules = (version: number): Command => ({ type: 'UseRules', version, ...byOperator });

export const byId: AttemptReference = { by: 'id' };
