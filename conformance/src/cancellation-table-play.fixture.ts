import type { ExecutionId } from '@ratchet/domain';
import { eventually } from '@ratchet/testing';
import {
  ActivityFailure,
  CancellationScope,
  isCancellation,
  type RunActivityHandle,
  type WorkflowRun,
} from '@ratchet/workflow';
import type { CellStage } from './cancellation-table-activity.fixture.ts';
import type { Outcome, TableCluster } from './cancellation-table-cluster.fixture.ts';
import type { TableCell, TableEnd, TableReason, Told } from './cancellation-table.ts';

/** What is seen of a cell on a cluster. */
export interface ClusterSighting {
  /** All that the function was told: at most one. */
  readonly told: readonly string[];
  readonly end: string;
  /** What a shield let through. */
  readonly leaks: readonly string[];
  /** Once the scope was cancelled, what the workflow had of `result()` at once; `-`: nothing yet. */
  readonly atOnce?: string;
  /** What it has in the end. */
  readonly workflow: string;
}

interface Activities {
  readonly cell: (index: number) => string;
}

const patient = { deadlineMs: 60_000, pauseMs: 100 };
const reset = { type: 'Reset', keepPaused: false, resetHeartbeat: false, restoreOriginalOptions: false } as const;

/** What the worker must know before a function that was told of something else goes on. */
const knownOf: Readonly<Partial<Record<TableReason, Told>>> = {
  'its scope is cancelled': 'CANCELLED',
  'it is terminated': 'NOT_FOUND',
  'its run is closed': 'NOT_FOUND',
  'a limit passes': 'TIMED_OUT',
  'it is paused': 'PAUSED',
  'it is reset': 'RESET',
};

const isOpen = (end: string): boolean => end === 'scheduled' || end === 'backing off' || end === 'paused';
const isRequested = ({ state }: TableCell): boolean => state.endsWith('-requested');
export const isOfClosingWorker = ({ reason }: TableCell): boolean => reason === 'its worker shuts down';

/** One cell on a cluster: `enter` its state, `meet` the reason, and see what has become of it. */
export class CellPlay {
  readonly #cluster: TableCluster;
  readonly #index: number;
  readonly #stage: CellStage;
  readonly #scope = new CancellationScope({ parent: null });
  #run: WorkflowRun | undefined;
  #workflow = '-';
  #atOnce: string | undefined;

  constructor(cluster: TableCluster, stage: CellStage, index: number) {
    this.#cluster = cluster;
    this.#index = index;
    this.#stage = stage;
  }

  /** Into the state in which the reason will find it. */
  async enter(): Promise<void> {
    const { state, reason } = this.#stage.cell;
    this.#run = reason === 'its run is closed' ? await this.#cluster.openRun() : this.#cluster.runOf(this.#index);
    void this.#watch(await this.#start(this.#run));
    if (state === 'scheduled') return;
    if (state === 'paused') await this.#operate({ type: 'Pause', reason: '' });
    else if (state === 'closed') await this.#cluster.outcome(this.#target);
    else if (state === 'backing off') await this.#untilBackingOff();
    else await this.#enterRunning();
  }

  /** The reason comes. @param closed When the worker of the closing queue was told to shut down. */
  async meet(closed: Promise<void>): Promise<void> {
    const { cell, known, ready } = this.#stage;
    if (isOfClosingWorker(cell)) await closed;
    const wasAccepted = await this.#act();
    const needed = isOfClosingWorker(cell) ? 'WORKER_SHUTDOWN' : knownOf[cell.reason];
    if (isRequested(cell) && wasAccepted && needed !== undefined) await eventually(() => known.has(needed), patient);
    ready.open();
  }

  async sighting(): Promise<ClusterSighting> {
    const { cell, told, leaks, over } = this.#stage;
    const end = isOpen(cell.end) ? await this.#openEnd(cell.end) : endOf(await this.#cluster.outcome(this.#target));
    if (cell.told !== '-') await over.passed;
    if (!isOpen(end)) await eventually(() => this.#workflow !== '-', patient);
    const atOnce = this.#atOnce === undefined ? {} : { atOnce: this.#atOnce };
    return { told, end, leaks, ...atOnce, workflow: this.#workflow };
  }

  get #target(): ExecutionId {
    const { workflowId = '', runId = '' } = this.#run ?? {};
    return { namespace: this.#cluster.client.namespace, workflowId, runId, activityId: String(this.#index) };
  }

  #start(run: WorkflowRun): Promise<RunActivityHandle<string>> {
    const { cell } = this.#stage;
    const options = { id: String(this.#index), args: [this.#index], cancellationType: cell.type } as const;
    const taskQueue = this.#queueOf(cell);
    return this.#scope.run(() =>
      run.startActivity<Activities, 'cell'>('cell', { ...options, taskQueue, ...limitsOf(cell) }),
    );
  }

  #queueOf(cell: TableCell): string {
    const { deadQueue, closingQueue, queue } = this.#cluster;
    if (cell.state === 'scheduled' || cell.state === 'paused') return deadQueue;
    return isOfClosingWorker(cell) ? closingQueue : queue;
  }

  async #watch(handle: RunActivityHandle<string>): Promise<void> {
    try {
      this.#workflow = await handle.result();
    } catch (error) {
      const cause = error instanceof ActivityFailure ? error.cause : error;
      this.#workflow = isCancellation(error) ? 'cancelled' : cause instanceof Error ? cause.name : String(cause);
    }
  }

  async #untilBackingOff(): Promise<void> {
    await eventually(async () => (await this.#cluster.describe(this.#target)).attempt === 2, patient);
  }

  async #enterRunning(): Promise<void> {
    await this.#stage.running.passed;
    if (isRequested(this.#stage.cell)) {
      await this.#request();
      await eventually(() => this.#stage.told.length > 0, patient);
    } else this.#stage.ready.open();
  }

  async #request(): Promise<void> {
    const { state } = this.#stage.cell;
    if (state === 'pause-requested') await this.#operate({ type: 'Pause', reason: '' });
    else if (state === 'reset-requested') await this.#operate(reset);
    else await this.#operate({ type: 'RequestCancel', reason: 'before', cascaded: false });
  }

  /** @returns whether the reason was accepted, as far as it was asked for here. */
  async #act(): Promise<boolean> {
    const { reason, state, type } = this.#stage.cell;
    switch (reason) {
      case 'its scope is cancelled':
        this.#scope.cancel('no longer needed');
        await new Promise(setImmediate);
        this.#atOnce = this.#workflow;
        return type !== 'ABANDON' && state !== 'cancel-requested';
      case 'it is terminated':
        return this.#operate({ type: 'Terminate', reason: 'enough' });
      case 'its run is closed':
        await this.#run?.complete();
        return true;
      case 'it is paused':
        return this.#operate({ type: 'Pause', reason: '' });
      case 'it is reset':
        return this.#operate(reset);
      case 'a limit passes':
      case 'its worker shuts down':
        return true;
      case 'a heartbeat cannot be converted':
        return false;
    }
  }

  #operate(command: Parameters<TableCluster['operate']>[1]): Promise<boolean> {
    return this.#cluster.operate(this.#target, command);
  }

  /** It stays open: seen once nothing of it runs any more. */
  async #openEnd(expected: TableEnd): Promise<string> {
    const { cell, over } = this.#stage;
    if (cell.told !== '-') await over.passed;
    const seen = async (): Promise<string> => {
      const activity = await this.#cluster.describe(this.#target);
      return activity.status === 'scheduled' && activity.attempt === 2 ? 'backing off' : activity.status;
    };
    await eventually(async () => (await seen()) === expected, { ...patient, deadlineMs: 20_000 }).catch(
      () => undefined,
    );
    return seen();
  }
}

/** In which a request must be made and heard first, of hundreds of cells at once. */
const passing = '10s';

/** Far apart, but for the cells in which one is to pass. */
function limitsOf({ reason, state }: TableCell) {
  const isOver = reason === 'a limit passes';
  const isIdle = state === 'scheduled' || state === 'paused';
  return {
    timeouts: {
      scheduleToClose: isOver && isIdle ? passing : '2h',
      startToClose: isOver ? passing : '10m',
      heartbeat: '30s',
    },
    retry: { initialInterval: 10, maximumAttempts: isOver ? 1 : 2 },
  } as const;
}

function endOf({ status, result, failure }: Outcome): string {
  if (status === 'completed') return String(result);
  if (status === 'timed-out') return 'timed out';
  return status === 'failed' ? `failed: ${failure?.message ?? ''}` : status;
}

/** What the workflow gets of an end. */
export function workflowSees({ reason, state, type, end }: TableCell): Pick<ClusterSighting, 'atOnce' | 'workflow'> {
  const ends: Readonly<Partial<Record<TableEnd, string>>> = {
    canceled: 'cancelled',
    terminated: 'TerminatedFailure',
    'timed out': 'TimeoutFailure',
  };
  const inTheEnd = isOpen(end) ? '-' : (ends[end] ?? end);
  if (reason !== 'its scope is cancelled') return { workflow: inTheEnd };
  if (state === 'closed') return { atOnce: 'closed', workflow: 'closed' };
  if (type === 'WAIT_CANCELLATION_COMPLETED') return { atOnce: '-', workflow: inTheEnd };
  return { atOnce: 'cancelled', workflow: 'cancelled' };
}
