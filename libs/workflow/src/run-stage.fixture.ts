import { ActivityClient, type ActivityClientOptions } from '@ratchet/client';
import { connectBroker, startCluster, uniqueName } from '@ratchet/testing';
import { WorkflowRun } from './index.ts';

const { brokers, registryUrl: registry } = connectBroker();

/** A cluster, a client, and the runs that tests open there: whatever is left open is let go at the end. */
export class RunStage {
  readonly cluster: Awaited<ReturnType<typeof startCluster>>;
  readonly client: ActivityClient;
  readonly #runs: WorkflowRun[] = [];

  private constructor(cluster: RunStage['cluster'], client: ActivityClient) {
    this.cluster = cluster;
    this.client = client;
  }

  static async open(options: Pick<ActivityClientOptions, 'identity' | 'requestTimeout'>): Promise<RunStage> {
    const cluster = await startCluster();
    return new RunStage(cluster, await ActivityClient.connect({ brokers, registry, ...options }));
  }

  async close(): Promise<void> {
    await Promise.all(this.#runs.map(async (run) => run.detach()));
    await this.client.close();
    await this.cluster.stop();
  }

  async openRun(workflowId = uniqueName('order')): Promise<WorkflowRun> {
    return this.keep(await WorkflowRun.open(this.client, { workflowId }));
  }

  async attachTo({ workflowId }: WorkflowRun, { takeOver = true } = {}): Promise<WorkflowRun> {
    return this.keep(await WorkflowRun.attach(this.client, { workflowId, takeOver }));
  }

  keep(run: WorkflowRun): WorkflowRun {
    this.#runs.push(run);
    return run;
  }
}

/** What it fails with. */
export const failed = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );
