import { activityIdOf, queueOf, type DemoRun } from './demo-run.ts';
import { digestOf } from './direct.ts';
import { outcomeOf, type Tracked } from './tracked.ts';
import type { ApprovalResult } from './waiting.ts';
import type * as activities from './activities.ts';

interface Outside {
  readonly mailbox: string;
  readonly pid: number;
}

const ways = [
  { type: 'awaitApprovalByToken', id: 'approval-by-token', completedBy: 'task token' },
  { type: 'awaitApprovalByIds', id: 'approval-by-ids', completedBy: 'ids' },
] as const;

/** Two activities that a process outside completes: one by its task token, one by its ids. */
export const awaitApprovals = (run: DemoRun, outside: Outside): Promise<readonly Tracked[]> =>
  Promise.all(ways.map((way) => awaitApproval(run, outside, way)));

async function awaitApproval(run: DemoRun, outside: Outside, way: (typeof ways)[number]): Promise<Tracked> {
  const { type, id, completedBy } = way;
  const text = `${id} of ${String(run.documents.paths.length)} documents in ${run.documents.folder}`;
  const handle = await run.client.start<typeof activities>(type, {
    id: activityIdOf(run, id),
    taskQueue: queueOf(run, 'files'),
    args: [{ mailbox: outside.mailbox, text }],
    timeouts: { startToClose: '90s' },
  });
  const outcome = await outcomeOf(handle);
  run.progress.say(`process ${String(outside.pid)} outside completed an activity by ${completedBy}`);
  const result: ApprovalResult = { sha256: digestOf(text), completedBy, pid: outside.pid };
  return {
    name: `completed from outside by ${completedBy}`,
    group: `wait for outside, by ${completedBy}`,
    handle,
    outcome,
    expectation: { outcome: { status: 'completed', result }, attempts: { min: 1, max: 1 }, runs: 'all' },
  };
}
