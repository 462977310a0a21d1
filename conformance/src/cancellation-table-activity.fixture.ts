import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure, Context } from '@ratchet/worker';
import type { TableCell, Told } from './cancellation-table.ts';

/** Long enough for whatever is to be told; an activity that nobody tells anything is done then. */
const undisturbedMs = 2_000;
const toldMsMax = 60_000;

/** A door that the test opens. */
export interface Gate {
  readonly passed: Promise<void>;
  readonly open: () => void;
}

export function gate(): Gate {
  const { promise, resolve }: PromiseWithResolvers<void> = Promise.withResolvers();
  return { passed: promise, open: resolve };
}

/** What the test and the activity of one cell know of each other. */
export class CellStage {
  readonly cell: TableCell;
  readonly running = gate();
  /** What is done about it begins here: the state is reached, and where it is a request that waits, the reason has come. */
  readonly ready = gate();
  readonly over = gate();
  /** By the signal, in this order. More than one would be one too many. */
  readonly told: string[] = [];
  /** What the worker knows. */
  readonly known = new Set<string>();
  /** What a shield let through although it was up. */
  readonly leaks: string[] = [];
  runCount = 0;

  constructor(cell: TableCell) {
    this.cell = cell;
  }
}

/** The activity of every cell. */
export async function playCell(stage: CellStage): Promise<string> {
  if (++stage.runCount > 1) return 'again';
  const { state } = stage.cell;
  if (state === 'closed') return 'closed';
  if (state === 'backing off') throw ApplicationFailure.create({ message: 'later', nextRetryDelay: '1 hour' });
  const context = Context.current();
  const { cancellationSignal } = context;
  cancellationSignal.addEventListener('abort', () => {
    stage.told.push((cancellationSignal.reason as Error).message);
  });
  context.heartbeat('running');
  stage.running.open();
  try {
    await context.shield(() => stage.ready.passed);
    return await behave(stage, cancellationSignal);
  } finally {
    stage.over.open();
  }
}

async function behave(stage: CellStage, outside: AbortSignal): Promise<string> {
  const { reason, behaviour, told } = stage.cell;
  const waitMs = told === '-' ? undisturbedMs : toldMsMax;
  if (reason === 'a heartbeat cannot be converted') Context.current().heartbeat({ call: () => 1 });
  if (behaviour === 'accept') return accept(waitMs);
  return behaviour === 'ignore' ? ignore(waitMs) : shield(stage, outside, waitMs);
}

async function undisturbed(waitMs: number): Promise<string> {
  await Context.current().sleep(waitMs);
  return 'undisturbed';
}

/** With details: they are the outcome's. */
const accept = (waitMs: number): Promise<string> =>
  undisturbed(waitMs).catch((error: unknown) => {
    throw error instanceof CancelledFailure ? new CancelledFailure(error.message, ['stopped']) : error;
  });

const ignore = (waitMs: number): Promise<string> =>
  undisturbed(waitMs).catch(async () => {
    await pause(10);
    return 'ignored';
  });

async function shield(stage: CellStage, outside: AbortSignal, waitMs: number): Promise<string> {
  const context = Context.current();
  await context.shield(async () => {
    await pause(waitMs, undefined, { signal: outside }).catch(() => undefined);
    await context.sleep(10);
    if (context.cancellationSignal.aborted) stage.leaks.push('the signal was aborted inside');
    await Promise.race([context.cancelled, pause(5)]).catch(() => stage.leaks.push('it was rejected inside'));
  });
  context.cancellationSignal.throwIfAborted();
  return 'undisturbed';
}

/** Everything a worker hears is in its log: `the activity is to stop: PAUSED`. */
export const heardIn = (message: string): Told | undefined => {
  const [, reason] = /^the activity is to stop: (\w+)$/.exec(message) ?? [];
  return reason as Told | undefined;
};
