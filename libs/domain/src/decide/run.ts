import type { CloseRun, OpenRun, RequestCancelRun } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext, type Refused } from '../decision.ts';
import type { RunId } from '../identity.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Refusal } from '../refusal.ts';
import { isAddressable } from '../rules.ts';
import { after } from '../units.ts';
import {
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

/** A workflow run begins. Of a workflow id one run is open at a time. */
export function decideOpenRun(view: PartitionView, command: OpenRun, context: DecisionContext): Decision {
  const refusal = firstRefusal(
    checkRun(command.run),
    checkId('run ID', command.run.runId),
    isAddressable(context.rules) ? checkAddress(command.run) : undefined,
    checkRequest(command),
    checkRetention(command.retentionMs),
  );
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const { run: id, requestId, retentionMs } = command;
  const same = view.run(id);
  if (same?.openRequestId === requestId) return accept({ type: 'RunOpened', runId: id.runId, started: false });
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
    signalsAcknowledgedTo: -1,
    recentSignalIds: [],
  };
  return accept({ type: 'RunOpened', runId: id.runId, started: true }, { type: 'RunChanged', run });
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
  return accept(
    acknowledged,
    { type: 'RunChanged', run: { ...run, status: 'cancel-requested', cancel, version: context.offset } },
    { type: 'RunCancelRequested', run: run.id },
  );
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
  const { now, offset } = context;
  const close = { status, reason, requestId, closedAt: now, expiresAt: after(now, run.retentionMs) };
  return accept(
    acknowledged,
    { type: 'RunChanged', run: { ...run, status: 'closed', close, version: offset } },
    { type: 'RunClosed', run: run.id, status },
  );
}

export const runAlreadyClosed = ({ workflowId }: RunId): Refused =>
  refuse('not-found', `workflow execution already completed: ${workflowId}`);
