import { randomUUID } from 'node:crypto';
import { ActivityClient } from '@ratchet/client';
import { sessionOf } from '@ratchet/client/session';
import type { Activity, ExecutionId } from '@ratchet/domain';
import { failureToError, loadDataConverter, payloadsToValues, type CommandDraft } from '@ratchet/protocol';
import { uniqueName, type BrokerAddresses } from '@ratchet/testing';
import { Worker } from '@ratchet/worker';
import { WorkflowRun } from '@ratchet/workflow';
import { CellStage, heardIn, playCell } from './cancellation-table-activity.fixture.ts';
import type { TableCell } from './cancellation-table.ts';

/** What an operator does to an activity by its ids. */
type OperatorCommand = CommandDraft extends infer C
  ? C extends { readonly type: 'RequestCancel' | 'Terminate' | 'Pause' | 'Reset' }
    ? Omit<C, 'target' | 'requestId' | 'identity'>
    : never
  : never;

/** How an activity ended, of which the log tells. */
export interface Outcome {
  readonly status: string;
  readonly result?: unknown;
  readonly failure?: Error;
}

interface RunningWorker {
  readonly taskQueue: string;
  readonly worker: Worker;
  readonly running: Promise<void>;
}

const runCount = 8;

/** Workers, runs and an operator on a running cluster, for all cells at once. */
export class TableCluster {
  /** By its place in the table. */
  readonly stages: readonly CellStage[];
  /** The queue of the worker that shuts down. */
  readonly closingQueue = uniqueName('table-closing');
  readonly queue = uniqueName('table');
  /** Nobody polls it. */
  readonly deadQueue = uniqueName('table-nobody');
  readonly client: ActivityClient;
  readonly #addresses: BrokerAddresses;
  readonly #converter = loadDataConverter();
  readonly #workers: RunningWorker[] = [];
  readonly #runs: WorkflowRun[] = [];

  private constructor(addresses: BrokerAddresses, client: ActivityClient, cells: readonly TableCell[]) {
    this.#addresses = addresses;
    this.client = client;
    this.stages = cells.map((cell) => new CellStage(cell));
  }

  static async start(addresses: BrokerAddresses, cells: readonly TableCell[]): Promise<TableCluster> {
    const { brokers, registryUrl: registry } = addresses;
    const cluster = new TableCluster(addresses, await ActivityClient.connect({ brokers, registry }), cells);
    await Promise.all([
      cluster.startWorker(cluster.queue),
      cluster.startWorker(cluster.closingQueue),
      ...Array.from({ length: runCount }, async () => cluster.#runs.push(await cluster.openRun())),
    ]);
    return cluster;
  }

  /** One of those that many cells share. */
  runOf(index: number): WorkflowRun {
    const run = this.#runs[index % runCount];
    if (run === undefined) throw new Error('Expected to have runs, but none is open');
    return run;
  }

  openRun(): Promise<WorkflowRun> {
    return WorkflowRun.open(this.client, { workflowId: uniqueName('table') });
  }

  async startWorker(taskQueue: string): Promise<void> {
    const { brokers, registryUrl: registry } = this.#addresses;
    const worker = await Worker.create({
      brokers,
      registry,
      taskQueue,
      activities: { cell: (index: number) => playCell(this.#stage(index)) },
      maxConcurrentActivities: this.stages.length,
      log: (_, message, fields) => {
        const heard = heardIn(message);
        if (heard !== undefined) this.#stage(Number(fields?.['activityId'])).known.add(heard);
      },
    });
    this.#workers.push({ taskQueue, worker, running: worker.run() });
  }

  /** The worker of `closingQueue` ends, and another one takes its place once all that it ran is over. */
  async replaceClosingWorker(): Promise<void> {
    const closing = this.#workers.find(({ taskQueue }) => taskQueue === this.closingQueue);
    closing?.worker.shutdown();
    await closing?.running;
    await this.startWorker(this.closingQueue);
  }

  /** @returns whether it was accepted. */
  async operate(target: ExecutionId, command: OperatorCommand): Promise<boolean> {
    const draft = { ...command, target, requestId: randomUUID(), identity: 'operator' };
    const { body } = await sessionOf(this.client).channel.request(draft);
    return body.type === 'Accepted';
  }

  async describe(target: ExecutionId): Promise<Activity> {
    const { body } = await sessionOf(this.client).channel.describe(target, randomUUID());
    if (body.type === 'Refused') throw new Error(body.refusal.message);
    return body.description;
  }

  async outcome(target: ExecutionId): Promise<Outcome> {
    const { body } = await sessionOf(this.client).channel.awaitOutcome(target);
    if (body.type === 'Refused') throw new Error(body.refusal.message);
    const { status, outcome } = body;
    if (outcome.type === 'failure') return { status, failure: await failureToError(this.#converter, outcome.failure) };
    const [result] = await payloadsToValues(this.#converter, outcome.result);
    return { status, result };
  }

  async stop(): Promise<void> {
    for (const { worker } of this.#workers) worker.shutdown();
    await Promise.all(this.#workers.map(({ running }) => running));
    await Promise.all(this.#runs.map((run) => run.terminate('the table is over')));
    await this.client.close();
  }

  #stage(index: number): CellStage {
    const stage = this.stages[index];
    if (stage === undefined)
      throw new Error(`Expected to play a cell of the table, but there is none at ${String(index)}`);
    return stage;
  }
}
