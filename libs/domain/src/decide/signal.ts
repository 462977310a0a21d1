import type { AcknowledgeSignals, SignalRun } from '../command.ts';
import {
  accept,
  acknowledged,
  refuse,
  refuseAtLimit,
  type Decision,
  type DecisionContext,
  type EntityChange,
} from '../decision.ts';
import { recentSignalIdsMax, waitingSignalBytesMax, waitingSignalsMax } from '../limits.ts';
import type { RunId } from '../identity.ts';
import type { Payloads } from '../payload.ts';
import type { PartitionView } from '../partition-view.ts';
import type { StateLimit } from '../refusal.ts';
import { isAddressable, isBounded } from '../rules.ts';
import { checkIssued, checkIssuedAt, isRemembered, remember } from '../remembered-id.ts';
import { payloadsBytes } from '../size.ts';
import { epochMillis, type Offset } from '../units.ts';
import { checkId, checkInput, checkPathStep, checkRequest, checkRun, firstRefusal } from '../validate.ts';
import type { Signal } from '../workflow-run.ts';
import { findRun, runNotFound } from './lookup.ts';
import { runAlreadyClosed } from './run.ts';
import { runTransition, signalTransition } from './transition.ts';

/** A message to an open run. Its request id is its name: the second signal with the same one is dropped. */
export function decideSignalRun(view: PartitionView, command: SignalRun, context: DecisionContext): Decision {
  const refusal = firstRefusal(
    checkRun(command.run),
    checkRequest(command),
    checkId('signalName', command.name),
    isAddressable(context.rules) ? checkPathStep('signalName', command.name) : undefined,
    checkInput(command.args),
    checkIssuedAt(command.issuedAt),
  );
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const run = findRun(view, command.run);
  if (run === undefined) return runNotFound(command.run);
  const { requestId: signalId, name, args, issuedAt } = command;
  const known = run.recentSignalIds;
  if (isRemembered(known, signalId)) return accept(acknowledged);
  if (run.status === 'closed') return runAlreadyClosed(run.id);
  const memory = { ...context, latest: recentSignalIdsMax };
  // A run id names the one that is meant, however late the signal is.
  const beganAt = command.run.runId === '' ? run.openedAt : epochMillis(0);
  const untimely = checkIssued(issuedAt, beganAt, known, memory);
  if (untimely !== undefined) return { kind: 'refused', refusal: untimely };
  const limit = isBounded(context.rules) ? limitReached(view, run.id, args) : undefined;
  if (limit !== undefined) return refuseAtLimit(limit, 'exceeded workflow execution limit for signal events');
  const { now, offset } = context;
  const recentSignalIds = remember(known, { id: signalId, issuedAt }, memory);
  const signal = { offset, signalId, name, args, sentAt: now };
  return accept(acknowledged, signalTransition(run, { ...run, recentSignalIds, version: offset }, signal));
}

function limitReached(view: PartitionView, run: RunId, args: Payloads): StateLimit | undefined {
  if (view.signalCount(run) >= waitingSignalsMax) return 'waitingSignalsMax';
  return view.signalBytes(run) + payloadsBytes(args) > waitingSignalBytesMax ? 'waitingSignalBytesMax' : undefined;
}

/**
 * The run has taken in its signals up to an offset, all or those of a name: they need not be kept. By name the run itself
 * does not change, so that taking in a long row of signals writes no more than their tombstones.
 */
export function decideAcknowledgeSignals(
  view: PartitionView,
  command: AcknowledgeSignals,
  context: DecisionContext,
): Decision {
  const { upTo, name } = command;
  const refusal = checkRun(command.run);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  if (!Number.isSafeInteger(upTo) || upTo > context.offset) {
    return refuse('invalid-argument', `upTo must be an offset up to this command's own, got ${String(upTo)}`);
  }
  const run = findRun(view, command.run);
  if (run === undefined) return runNotFound(command.run);
  if (upTo <= run.signalsAcknowledgedTo) return accept(acknowledged);
  if (run.status === 'closed') return runAlreadyClosed(run.id);
  const offsets = waitingUpTo(view.signals(run.id), command);
  const taken: EntityChange = { type: 'SignalsRemoved', run: run.id, offsets };
  if (name !== '' && offsets.length === 0) return accept(acknowledged);
  if (name !== '') return accept(acknowledged, { change: [taken], effects: [] });
  const { change, effects } = runTransition(view, run, {
    ...run,
    signalsAcknowledgedTo: upTo,
    version: context.offset,
  });
  return accept(acknowledged, { change: [...change, taken], effects });
}

function waitingUpTo(signals: Iterable<Signal>, { upTo, name }: AcknowledgeSignals): readonly Offset[] {
  const offsets: Offset[] = [];
  for (const signal of signals) {
    if (signal.offset > upTo) break;
    if (name === '' || signal.name === name) offsets.push(signal.offset);
  }
  return offsets;
}
