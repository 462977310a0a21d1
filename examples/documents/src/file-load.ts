import { activityIdOf, queueOf, type DemoRun } from './demo-run.ts';
import { computeDirectly } from './direct.ts';
import { fileActivityTypes, type FileActivityType } from './file-activities.ts';
import { inFlight } from './in-flight.ts';
import { plannedFailures } from './planned-failures.ts';
import { outcomeOf, type Tracked } from './tracked.ts';
import type * as activities from './activities.ts';

export const inFlightMax = 100;

interface FileTask {
  readonly type: FileActivityType;
  readonly path: string;
  readonly id: string;
}

type EndedTask = Omit<Tracked, 'expectation'> & { readonly task: FileTask };

/** What the load asks of the one who watches it. */
export interface FileLoadWatcher {
  /** After every activity. */
  onEnded(endedCount: number, totalCount: number): void;
  /** Called once, half-way; the other half waits for it. */
  betweenHalves(): Promise<void>;
}

const tasksOf = (run: DemoRun): readonly FileTask[] =>
  run.documents.paths.flatMap((path, index) =>
    fileActivityTypes.map((type) => ({ type, path, id: activityIdOf(run, `${type}-${String(index)}`) })),
  );

/** Runs every per-document activity on every document, and pairs each outcome with what it must be. */
export async function runFileLoad(run: DemoRun, watcher: FileLoadWatcher): Promise<readonly Tracked[]> {
  const tasks = tasksOf(run);
  let endedCount = 0;
  const execute = async (task: FileTask): Promise<EndedTask> => {
    const ended = await executeTask(run, task);
    watcher.onEnded(++endedCount, tasks.length);
    return ended;
  };
  const middle = Math.ceil(tasks.length / 2);
  const firstHalf = await inFlight(tasks.slice(0, middle), inFlightMax, execute);
  await watcher.betweenHalves();
  const secondHalf = await inFlight(tasks.slice(middle), inFlightMax, execute);
  return expected(run, [...firstHalf, ...secondHalf]);
}

async function executeTask(run: DemoRun, task: FileTask): Promise<EndedTask> {
  const { type, path, id } = task;
  const handle = await run.client.start<typeof activities, FileActivityType>(type, {
    id,
    taskQueue: queueOf(run, 'files'),
    args: [{ folder: run.documents.folder, path }],
    timeouts: { startToClose: '60s' },
    retry: { initialInterval: 100, maximumAttempts: 5 },
  });
  return { task, name: `${type} of ${path}`, group: type, handle, outcome: await outcomeOf(handle) };
}

/** Computed afterwards, so that it does not compete with the workers for the processor. */
function expected(run: DemoRun, ended: readonly EndedTask[]): readonly Tracked[] {
  const byPath = Map.groupBy(ended, ({ task }) => task.path);
  return [...byPath].flatMap(([path, ofPath]) => {
    const direct = computeDirectly(run.documents.folder, path);
    return ofPath.map(({ task, ...tracked }): Tracked => {
      const attempts = plannedFailures(task.type, path) + 1;
      const outcome = { status: 'completed', result: direct[task.type] } as const;
      return { ...tracked, expectation: { outcome, attempts: { min: attempts, max: attempts }, runs: 'all' } };
    });
  });
}
