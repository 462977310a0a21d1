import { setTimeout as pause } from 'node:timers/promises';
import {
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type ActivityClient,
} from '@ratchet/client';
import type { ClosedStatus } from '@ratchet/domain';
import type { Random } from '@ratchet/testing';
import { ActivityFailure, WorkflowRun, WorkflowRunClosedError } from '@ratchet/workflow';
import type { Journal } from '../journal.ts';
import { outcomeText } from '../outcome-text.ts';
import { reasonOfDrill, RefusedError, untilCertain } from './door.ts';
import { certain, startOptions } from './kafka-door.ts';
import { runKinds, type RunKindName } from './kinds.ts';

export interface RunCase {
  /** Of the workflow. */
  readonly id: string;
  readonly client: ActivityClient;
  readonly journal: Journal;
  readonly random: Random;
  readonly signal: AbortSignal;
}

const door = 'run';

/** Opens a run, starts its activities, cancels the run, waits for all of them to end, and closes it. */
export async function driveRun({ id, client, journal, random, signal }: RunCase): Promise<void> {
  const runId = `run-${id}`;
  const open = await untilCertain(
    () => certainOfRun(() => WorkflowRun.open(client, { workflowId: id, runId, requestId: `open-${id}` })),
    signal,
  );
  if (open.answer !== 'acknowledged') return;
  const run = open.value;
  const names = Object.keys(runKinds) as RunKindName[];
  await Promise.all(names.map((name) => startInRun(run, name, journal, signal)));
  await pause(random.between(100, 1_500));
  await untilCertain(() => certainOfRun(() => run.cancel(reasonOfDrill)), signal);
  await Promise.all(names.map((name) => observeInRun(run, name, journal, signal)));
  await untilCertain(() => certainOfRun(() => run.reportCancellation()), signal);
  await run.detach();
}

const idOf = (run: WorkflowRun, name: RunKindName): string => `${run.workflowId}-${name}`;

async function startInRun(run: WorkflowRun, name: RunKindName, journal: Journal, signal: AbortSignal): Promise<void> {
  const { order }: { readonly order: Parameters<typeof startOptions>[0] } = runKinds[name];
  const id = idOf(run, name);
  journal.write({ id, note: 'asked', kind: name, door, startDelayMs: order.startDelayMs ?? 0 });
  const options = { ...startOptions(order), id, requestId: `start-${id}` };
  const started = await untilCertain(() => certainOfRun(() => run.startActivity(order.activityType, options)), signal);
  if (started.answer === 'acknowledged') journal.write({ id, note: 'accepted', door, runId: run.runId });
  if (started.answer === 'refused') journal.write({ id, note: 'not-started', door, why: started.why });
}

async function observeInRun(run: WorkflowRun, name: RunKindName, journal: Journal, signal: AbortSignal): Promise<void> {
  const id = idOf(run, name);
  const told = await untilCertain(() => certainOfRun(() => outcomeIn(run, id)), signal);
  if (told.answer === 'acknowledged') journal.write({ id, note: 'told', door, outcome: told.value });
}

async function outcomeIn(run: WorkflowRun, id: string): Promise<string> {
  try {
    return outcomeText('completed', JSON.stringify(await run.getActivityHandle(id).result()));
  } catch (error) {
    if (error instanceof ActivityFailure) return outcomeText(statusOf(error), error.cause.message);
    throw error;
  }
}

function statusOf({ cause }: ActivityFailure): ClosedStatus {
  if (cause instanceof CancelledFailure) return 'canceled';
  if (cause instanceof TimeoutFailure) return 'timed-out';
  return cause instanceof TerminatedFailure ? 'terminated' : 'failed';
}

const refusals = [
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowRunClosedError,
  CancelledFailure,
] as const;

async function certainOfRun<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await certain(call);
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal))
      throw new RefusedError(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
