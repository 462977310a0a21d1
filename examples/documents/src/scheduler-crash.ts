import type { Progress } from './progress.ts';

/** What the demo uses of a service that is started again whenever it ends. */
export interface KillableService {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): Promise<void>;
  ready(): Promise<void>;
}

export interface SchedulerCrash {
  readonly killedPid: number;
  readonly pid: number;
  /** From the kill until the next process was ready. */
  readonly downMs: number;
}

/** kill -9 of the scheduler; resolves when it is back. */
export async function crashScheduler(scheduler: KillableService, progress: Progress): Promise<SchedulerCrash> {
  const killedPid = pidOf(scheduler);
  const begun = performance.now();
  await scheduler.kill('SIGKILL');
  progress.say(`scheduler: process ${String(killedPid)} killed with kill -9`);
  await scheduler.ready();
  const crash = { killedPid, pid: pidOf(scheduler), downMs: performance.now() - begun };
  progress.say(`scheduler: process ${String(crash.pid)} is ready and goes on`);
  return crash;
}

function pidOf({ pid }: KillableService): number {
  if (pid === undefined) throw new Error('Expected to find the scheduler running, but it is not');
  return pid;
}
