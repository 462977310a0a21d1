import type { CloseRun, Command, OpenRun, RequestCancelRun, TakeOverRun, TimeOutRun } from '../command.ts';
import {
  accept,
  acknowledged,
  refuse,
  type Decision,
  type DecisionContext,
  type Refused,
  type Transition,
} from '../decision.ts';
import type { RunId } from '../identity.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Refusal } from '../refusal.ts';
import type { RememberedId } from '../remembered-id.ts';
import { isAddressable, isDriven, isRemembering } from '../rules.ts';
import { after, millis } from '../units.ts';
import {
  checkDuration,
  checkId,
  checkNamespaceName,
  checkPathStep,
  checkReason,
  checkRequest,
  checkRetention,
  checkRun,
  firstRefusal,
} from '../validate.ts';
import type { WorkflowRun } from '../workflow-run.ts';
import { findRun, runNotFound } from './lookup.ts';
import { runTransition } from './transition.ts';

/** A workflow run begins. Of a workflow id one run is open at a time. */
export function decideOpenRun(view: PartitionView, command: OpenRun, context: DecisionContext): Decision {
  const refusal = firstRefusal(
    checkRun(command.run),
    checkId('run ID', command.run.runId),
    isAddressable(context.rules) ? checkAddress(command.run) : undefined,
    checkRequest(command),
    checkRetention(command.retentionMs),
    checkRunTimeout(command, context),
    checkDriver(command),
  );
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const { run: id, requestId, retentionMs, timeoutMs = 0 } = command;
  const same = view.run(id);
  if (same?.openRequestId === requestId) {
    const answer = { type: 'RunOpened', runId: id.runId, started: false } as const;
    return accept(answer, takenOver(view, same, command, context));
  }
  if (same !== undefined) return alreadyOpened(same);
  const latest = findRun(view, { ...id, runId: '' });
  if (latest !== undefined && latest.status !== 'closed') return alreadyOpened(latest);

  const run: WorkflowRun = {
    id,
    status: 'open',
    version: context.offset,
    openedAt: context.now,
    openRequestId: requestId,
    retentionMs,
    ...(timeoutMs === 0 ? {} : { timeoutAt: after(context.now, millis(timeoutMs)) }),
    ...driverOf(command, context),
    signalsAcknowledgedTo: -1,
    recentSignalIds: stillRemembered(latest, context),
  };
  return accept({ type: 'RunOpened', runId: id.runId, started: true }, runTransition(view, undefined, run));
}

/** What was signed for the run before: a repetition of it is known to this one. */
const stillRemembered = (former: WorkflowRun | undefined, { now, rules }: DecisionContext): readonly RememberedId[] =>
  isRemembering(rules) ? (former?.recentSignalIds ?? []).filter(({ until }) => until > now) : [];

function checkRunTimeout({ timeoutMs = millis(0) }: OpenRun, { rules }: DecisionContext): Refusal | undefined {
  if (timeoutMs === 0) return undefined;
  if (!isDriven(rules)) {
    return { reason: 'failed-precondition', message: 'the partition keeps no timeouts of runs yet (rules version 4)' };
  }
  return checkDuration('timeoutMs', timeoutMs);
}

const checkDriver = ({ driverId }: Command): Refusal | undefined =>
  driverId === undefined ? undefined : checkId('driver ID', driverId);

const driverOf = ({ driverId, identity }: Command, { rules }: DecisionContext): Pick<WorkflowRun, 'driver'> =>
  driverId === undefined || !isDriven(rules) ? {} : { driver: { id: driverId, identity } };

/** An open run gets another driver; its own one changes nothing by saying so again. */
function takenOver(
  view: PartitionView,
  run: WorkflowRun,
  command: OpenRun | TakeOverRun,
  context: DecisionContext,
): Transition | undefined {
  const { driver } = driverOf(command, context);
  if (driver === undefined || driver.id === run.driver?.id || run.status === 'closed') return undefined;
  return runTransition(view, run, { ...run, driver, version: context.offset });
}

/** From here on what the former driver sends is refused: of two processes that drive a run, the later one does. */
export function decideTakeOverRun(view: PartitionView, command: TakeOverRun, context: DecisionContext): Decision {
  const refusal = firstRefusal(
    checkRun(command.run),
    checkRequest(command),
    checkId('driver ID', command.driverId ?? ''),
  );
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const run = findRun(view, command.run);
  if (run === undefined) return runNotFound(command.run);
  if (run.status === 'closed') return runAlreadyClosed(run.id);
  return accept(acknowledged, takenOver(view, run, command, context));
}

/** The refusal of what a process sends that another one has taken the run over from. */
export function staleDriver(view: PartitionView, command: Command): Refused | undefined {
  if (command.driverId === undefined || command.type === 'OpenRun' || command.type === 'TakeOverRun') return undefined;
  const id = 'run' in command ? command.run : 'target' in command ? command.target : undefined;
  const driver = id === undefined || id.workflowId === '' ? undefined : findRun(view, id)?.driver;
  if (driver === undefined || driver.id === command.driverId) return undefined;
  return refuse('stale-driver', `another process drives the workflow run: ${driver.identity}`);
}

/** What no namespace is called, and what no URL can name. */
const checkAddress = ({ namespace, workflowId }: RunId): Refusal | undefined =>
  firstRefusal(checkNamespaceName(namespace), checkPathStep('workflow ID', workflowId));

const alreadyOpened = ({ id, openRequestId }: WorkflowRun): Refused => ({
  kind: 'refused',
  refusal: {
    reason: 'already-started',
    message: 'workflow execution already started',
    existing: { runId: id.runId, startRequestId: openRequestId },
  },
});

/** Marks the run; its open activities as of now are told one by one, by commands of their own. One request, no more. */
export function decideRequestCancelRun(
  view: PartitionView,
  command: RequestCancelRun,
  context: DecisionContext,
): Decision {
  const refusal = firstRefusal(checkRun(command.run), checkRequest(command), checkReason(command.reason));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const run = findRun(view, command.run);
  if (run === undefined) return runNotFound(command.run);
  const { requestId, identity, reason } = command;
  if (run.cancel?.requestId === requestId) return accept(acknowledged);
  if (run.status === 'closed') return runAlreadyClosed(run.id);
  if (run.cancel !== undefined) {
    return refuse('failed-precondition', `cancellation already requested with request ID ${run.cancel.requestId}`);
  }
  const cancel = { requestId, identity, reason, requestedAt: context.now };
  const requested: WorkflowRun = { ...run, status: 'cancel-requested', cancel, version: context.offset };
  return accept(acknowledged, runTransition(view, run, requested));
}

/** The run is over: nothing can be scheduled in it from here on, and what is open in it ends. */
export function decideCloseRun(view: PartitionView, command: CloseRun, context: DecisionContext): Decision {
  const refusal = firstRefusal(checkRun(command.run), checkRequest(command), checkReason(command.reason));
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const run = findRun(view, command.run);
  if (run === undefined) return runNotFound(command.run);
  const { requestId, status, reason } = command;
  if (run.close?.requestId === requestId) return accept(acknowledged);
  if (run.status === 'closed') return runAlreadyClosed(run.id);
  return accept(acknowledged, runTransition(view, run, closed(run, { status, reason, requestId }, context)));
}

/** The run was open for too long, if the log's clock says so, too. */
export function decideTimeOutRun(view: PartitionView, command: TimeOutRun, context: DecisionContext): Decision {
  const run = findRun(view, command.run);
  if (run === undefined) return runNotFound(command.run);
  if (run.status === 'closed') return runAlreadyClosed(run.id);
  const { now } = context;
  if (run.timeoutAt === undefined || run.timeoutAt > now) {
    const due = run.timeoutAt === undefined ? 'has no timeout' : `times out at ${String(run.timeoutAt)}`;
    return refuse('not-due', `workflow run ${run.id.runId} ${due}, and it is ${String(now)}`);
  }
  const how = { status: 'timed-out', reason: 'run timeout', requestId: command.requestId } as const;
  return accept(acknowledged, runTransition(view, run, closed(run, how, context)));
}

function closed(
  run: WorkflowRun,
  how: Pick<CloseRun, 'status' | 'reason' | 'requestId'>,
  { now, offset }: DecisionContext,
): WorkflowRun {
  const close = { ...how, closedAt: now, expiresAt: after(now, run.retentionMs) };
  return { ...run, status: 'closed', close, version: offset };
}

export const runAlreadyClosed = ({ workflowId }: RunId): Refused =>
  refuse('not-found', `workflow execution already completed: ${workflowId}`);
