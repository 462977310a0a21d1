import { awaitApprovals } from './approvals.ts';
import { checkAll, checkResumption, checkUnchanged, type Check } from './check.ts';
import type { DemoRun } from './demo-run.ts';
import { findDocuments, fingerprintsOf } from './documents.ts';
import { inFlightMax, runFileLoad } from './file-load.ts';
import { inFlight } from './in-flight.ts';
import { readJournal } from './journal.ts';
import { crashScheduler, type SchedulerCrash } from './scheduler-crash.ts';
import type { Stage } from './stage.ts';
import type { Group } from './summary.ts';
import { formatMs } from './table.ts';
import { runIntoTimeouts } from './timeouts.ts';
import { observe, type Tracked } from './tracked.ts';
import { crashWalk, type CrashedWalk } from './walk-crash.ts';

export interface ScenarioResult {
  readonly groups: readonly Group[];
  readonly checks: readonly Check[];
  readonly schedulerCrash: SchedulerCrash;
}

/** A part of the activities on documents that is done when the scheduler is killed. */
const killSchedulerFrom = 0.6;

/**
 * The story of the demo: activities on every document, and beside them everything that can go wrong.
 *
 * The scheduler is killed only after the four timeouts: they say how soon an attempt must begin, and a scheduler that
 * is down for seconds would rightly let them pass.
 */
export async function runScenario(run: DemoRun, stage: Stage): Promise<ScenarioResult> {
  const before = await fingerprintsOf(run.documents);
  const timeouts = runIntoTimeouts(run);
  const [files, timedOut, approvals, walk] = await Promise.all([
    loadThroughSchedulerCrash(run, stage, timeouts),
    timeouts,
    awaitApprovals(run, stage.outside),
    crashWalk(run, stage.walkers),
  ]);
  run.progress.finish();
  run.progress.say('Asking for every outcome once more, and comparing ...');
  const tracked = [...files.tracked, walk.tracked, ...approvals, ...timedOut];
  const journal = readJournal(stage.journal);
  const checkables = await inFlight(tracked, inFlightMax, async (one) => ({
    expectation: one.expectation,
    observation: await observe(one, journal),
    group: one.group,
  }));
  return {
    groups: groupsOf(checkables, walk),
    checks: [
      ...checkAll(checkables),
      checkResumption(walk.crash, walk.result),
      checkUnchanged(before, await fingerprintsOf(await findDocuments(run.documents.folder))),
    ],
    schedulerCrash: files.crash,
  };
}

interface LoadResult {
  readonly tracked: readonly Tracked[];
  readonly crash: SchedulerCrash;
}

/** The second half of the load waits for `first`; the scheduler is killed soon after it began. */
async function loadThroughSchedulerCrash(run: DemoRun, stage: Stage, first: Promise<unknown>): Promise<LoadResult> {
  const midway = Promise.withResolvers<undefined>();
  const load = runFileLoad(run, {
    onEnded: (endedCount, totalCount) => {
      run.progress.advance(endedCount, totalCount);
      if (endedCount >= totalCount * killSchedulerFrom) midway.resolve(undefined);
    },
    betweenHalves: async () => {
      await first;
    },
  });
  const crash = midway.promise.then(() => crashScheduler(stage.scheduler, run.progress));
  const [tracked, crashed] = await Promise.all([load, crash]);
  return { tracked, crash: crashed };
}

type Grouped = Parameters<typeof checkAll>[0][number] & { readonly group: string };

function groupsOf(checkables: readonly Grouped[], { result }: CrashedWalk): readonly Group[] {
  const byGroup = Map.groupBy(checkables, ({ group }) => group);
  const remarks = new Map([['walk', `resumed at ${String(result.resumedAt)} of ${String(result.documentCount)}`]]);
  return [...byGroup].map(([title, same]) => {
    const remark = remarks.get(title);
    const observations = same.map(({ observation }) => observation);
    return { title, observations, ...(remark === undefined ? {} : { remark }) };
  });
}

/** The sentence about the scheduler below the closing table. */
export const formatSchedulerCrash = ({ killedPid, pid, downMs }: SchedulerCrash): string =>
  `scheduler: process ${String(killedPid)} was killed with kill -9 in the middle of the load; process ${String(pid)} took over, ready ${formatMs(downMs)} later`;
