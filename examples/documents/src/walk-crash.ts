import { setTimeout as pause } from 'node:timers/promises';
import type { WalkCrash } from './check.ts';
import type { Child } from './child.ts';
import { activityIdOf, queueOf, type DemoRun } from './demo-run.ts';
import { walkDirectly } from './direct.ts';
import type { Outcome } from './outcome.ts';
import { outcomeOf, type Tracked } from './tracked.ts';
import type { WalkPosition, WalkResult } from './walk.ts';
import type * as activities from './activities.ts';

const durationMs = 7_000;
const heartbeatTimeoutMs = 2_500;
/** A part of the way at which the worker is killed, or soon after. */
const killFrom = 0.4;

export interface CrashedWalk {
  readonly tracked: Tracked;
  readonly crash: WalkCrash;
  readonly result: WalkResult;
}

/**
 * Lets an activity walk all documents, kills the process that runs it in the middle, and waits until another process
 * has finished the walk.
 */
export async function crashWalk(run: DemoRun, walkers: readonly Child[]): Promise<CrashedWalk> {
  const { folder, paths } = run.documents;
  const handle = await run.client.start<typeof activities, 'walkDocuments'>('walkDocuments', {
    id: activityIdOf(run, 'walk'),
    taskQueue: queueOf(run, 'walk'),
    args: [{ folder, durationMs }],
    timeouts: { startToClose: '10m', heartbeat: heartbeatTimeoutMs },
    retry: { initialInterval: 100, maximumInterval: 1_000 },
  });
  const { position, pid } = await positionPast(() => handle.describe(), Math.ceil(paths.length * killFrom));
  await killWalker(walkers, pid);
  run.progress.say(`walk: worker process ${String(pid)} killed with kill -9 at document ${String(position)}`);
  const outcome = await outcomeOf(handle);
  const result = await handle.result();
  run.progress.say(
    `walk: finished by process ${String(result.pid)}, which went on at document ${String(result.resumedAt)}`,
  );
  return {
    crash: { recordedPosition: position, killedPid: pid },
    result,
    tracked: trackedOf(run, handle, outcome, result),
  };
}

const lookEveryMs = 100;
const lookMsMax = 60_000;

/** Waits until the heartbeat that Ratchet has recorded says a position. @throws when it does not within a minute. */
async function positionPast(
  look: () => Promise<{ heartbeatDetails?: unknown }>,
  position: number,
): Promise<WalkPosition> {
  const deadline = performance.now() + lookMsMax;
  while (performance.now() < deadline) {
    const { heartbeatDetails } = await look();
    const recorded = heartbeatDetails as WalkPosition | undefined;
    if (recorded !== undefined && recorded.position >= position) return recorded;
    await pause(lookEveryMs);
  }
  throw new Error(
    `Expected the walk to record position ${String(position)}, but it did not within ${String(lookMsMax / 1000)} s`,
  );
}

async function killWalker(walkers: readonly Child[], pid: number): Promise<void> {
  const walker = walkers.find((candidate) => candidate.pid === pid);
  if (walker === undefined) throw new Error(`Expected to find walker ${String(pid)}, but the demo did not start it`);
  await walker.kill();
}

function trackedOf(run: DemoRun, handle: Tracked['handle'], outcome: Outcome, result: WalkResult): Tracked {
  const { folder, paths } = run.documents;
  // Where it went on and in which process is not computed but witnessed: `checkResumption` judges it.
  const { resumedAt, pid } = result;
  return {
    name: 'walk over all documents',
    group: 'walk',
    handle,
    outcome,
    expectation: {
      outcome: { status: 'completed', result: { ...walkDirectly(folder, paths), resumedAt, pid } },
      attempts: { min: 2, max: 6 },
      runs: 'some',
    },
  };
}
