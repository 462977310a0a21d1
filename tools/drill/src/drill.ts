import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from '@ratchet/testing';
import { unlessAborted, type Addresses } from '@ratchet/tools-kafka';
import { JournalTail } from './journal-tail.ts';
import { machineMs } from './journal.ts';
import { expectedOutcomes } from './load/kinds.ts';
import { judge } from './oracle/judge.ts';
import { membersBack } from './oracle/members-back.ts';
import { latenciesOf, type Phase } from './oracle/latency.ts';
import { growing } from './oracle/memory.ts';
import type { Scenario } from './scenarios.ts';
import { Faults } from './stage/faults.ts';
import { sessionMs, Stage } from './stage/stage.ts';
import { verdictOf, type Verdict } from './verdict.ts';

export interface DrillOptions {
  readonly scenario: Scenario;
  /** Empty or new; kept when anything is wrong. */
  readonly folder: string;
  /** How long faults go on. */
  readonly ms: number;
  readonly seed: number;
  /** How many starts a second; default: what the scenario says, else 50. */
  readonly perSecond?: number;
  /** See `ScenarioSettings`. */
  readonly from?: string;
  readonly say: (line: string) => void;
  /** A broker and a registry of someone else, for scenarios that do nothing to them; default: they are started. */
  readonly kafka?: Addresses;
  /** Aborted: all is stopped again, and `drill` rejects. A broker that is starting, and a fault's last step, are waited for. */
  readonly asked?: AbortSignal;
  /** Within which everyone must be back; default: two sessions. */
  readonly backMsMax?: number;
}

export const startsPerSecond = 50;
const backMsMaxDefault = 2 * sessionMs;
const backWaitMsMax = 120_000;
/** The longest way of an activity, and then some: what has not ended by then never will. */
const finishMsMax = 180_000;
const faultMsMax = 60_000;
const warmUpCount = 150;
const warmUpMsMax = 240_000;

/** Plays a scenario on a stage of its own under load, and judges what came of it. */
export async function drill(options: DrillOptions): Promise<Verdict> {
  const { scenario, folder, ms, seed, say, kafka, asked = new AbortController().signal } = options;
  const load = loadOf(options);
  mkdirSync(folder, { recursive: true });
  const settings = { say, ...(options.from === undefined ? {} : { from: options.from }) };
  const { stageOptions = {}, play, clear } = await scenario.prepare(folder, settings);
  try {
    const ofOthers = kafka === undefined ? {} : { kafka };
    const stage = await Stage.start({
      folder,
      ...load,
      seed,
      say,
      asked,
      ...ofOthers,
      ...stageOptions,
    });
    try {
      stage.startLoad();
      await warmUp(stage);
      const faults = new Faults(stage, say);
      const endAt = machineMs() + ms;
      const msMax = Math.min(faultMsMax, Math.max(6_000, ms / 3));
      const random = new Random(seed);
      const phases: Phase[] = [];
      const phase = async (name: string, part: () => Promise<void>): Promise<void> => {
        const begunAt = machineMs();
        await part();
        phases.push({ name, begunAt, endedAt: machineMs() });
      };
      await play({ stage, faults, random, isOver: () => machineMs() >= endAt, msMax, phase });
      return await unlessAborted(asked, conclude(stage, faults, phases, options));
    } finally {
      await stage.stop();
    }
  } finally {
    await clear?.();
  }
}

async function conclude(
  stage: Stage,
  faults: Faults,
  phases: readonly Phase[],
  options: DrillOptions,
): Promise<Verdict> {
  const { scenario, say, backMsMax = backMsMaxDefault } = options;
  const limits = { limitMs: backMsMax, waitMsMax: backWaitMsMax };
  const recovery = await membersBack(stage, faults.lastEndedAt, limits);
  const { afterMs, last } = recovery;
  say(afterMs === undefined ? 'not everyone is back' : `everyone is back after ${seconds(afterMs)}`);
  for (const who of last) say(`  last: ${who}`);
  const hasFinished = await stage.finishLoad(finishMsMax);
  await stage.stopMembers();
  say('reading the topics ...');
  const notes = stage.notes();
  const judgement = judge(notes, await stage.readLog(), expectedOutcomes);
  const growths = growing(stage.memory, loadOf(options).perSecond);
  const { unexpectedEnds } = stage;
  const verdict = verdictOf(
    {
      ...judgement,
      faultCounts: faults.counts,
      recovery,
      hasFinished,
      unexpectedEnds,
      growths,
      latencies: latenciesOf(notes, phases),
    },
    scenario,
  );
  keep(stage, verdict);
  return verdict;
}

const loadOf = ({ scenario, perSecond }: DrillOptions) => ({
  perSecond: startsPerSecond,
  ...scenario.load,
  ...(perSecond === undefined ? {} : { perSecond }),
});

/** Beside the journals, so that whoever looks into it later has all in one place. */
function keep(stage: Stage, verdict: Verdict): void {
  const text = JSON.stringify({ ...verdict, faultCounts: Object.fromEntries(verdict.faultCounts) }, undefined, 2);
  writeFileSync(join(stage.folder, 'verdict.json'), text);
  writeFileSync(
    join(stage.folder, 'memory.jsonl'),
    stage.memory.map((sample) => `${JSON.stringify(sample)}\n`).join(''),
  );
}

/** Every fault is to find a load that runs. @throws Error when nothing gets going. */
async function warmUp(stage: Stage): Promise<void> {
  const tail = new JournalTail(join(stage.folder, 'journals'));
  const giveUpAt = machineMs() + warmUpMsMax;
  for (let told = 0; told < warmUpCount; told += tail.next().filter(({ note }) => note === 'told').length) {
    if (machineMs() > giveUpAt)
      throw new Error(
        `Expected ${String(warmUpCount)} activities to end before the faults, but there are ${String(told)}`,
      );
    await stage.pause(250);
  }
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** What a drill without a fault leaves behind is of no use. */
export const forget = (folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
};
