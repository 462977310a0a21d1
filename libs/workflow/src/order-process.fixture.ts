// A process that drives a run: the test kills it, starts it again, and it runs the same code.
import { ActivityClient, WorkflowExecutionAlreadyStartedError } from '@ratchet/client';
import type { OrderActivities } from './order-activities.fixture.ts';
import { WorkflowRun } from './index.ts';

export interface OrderProcessOptions {
  readonly brokers: readonly string[];
  readonly registry: string;
  readonly workflowId: string;
  readonly taskQueue: string;
}

const { workflowId, taskQueue, ...connection } = JSON.parse(process.argv[2] ?? '') as OrderProcessOptions;
const client = await ActivityClient.connect({ ...connection, identity: `order process ${String(process.pid)}` });

/** What a user would write: open the run, or go on with it. */
const openOrAttach = async (): Promise<WorkflowRun> => {
  try {
    return await WorkflowRun.open(client, { workflowId });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return WorkflowRun.attach(client, { workflowId });
  }
};

const run = await openOrAttach();
const common = { taskQueue, timeouts: { startToClose: '10m' } } as const;
try {
  const outcome = await run.execute(async () => {
    const receipt = await run.step<OrderActivities>('charge', 'charge', { ...common, args: [1999] });
    const refused = await run
      .step<OrderActivities>('insure', 'insure', common)
      .catch((error: unknown) => String(error));
    process.stdout.write(`charged ${receipt}\n`);
    const video = await run.step<OrderActivities>('video', 'video', common);
    return `${receipt}, ${refused}, ${video}`;
  });
  process.stdout.write(`completed ${outcome}\n`);
} catch (error) {
  process.stdout.write(`failed ${String(error)}\n`);
}
await run.detach();
await client.close();
