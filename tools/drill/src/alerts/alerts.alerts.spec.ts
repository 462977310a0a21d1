import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@ratchet/testing';
import { alertsOf, ruleFileOf } from '@ratchet/tools-deploy';
import { ownRoot } from '../stage/stage.ts';
import { AlertStage } from './alert-stage.ts';
import { faultGroups, lastFault, onlyByUnitTest, slowFaults, type AlertFault } from './faults.ts';
import { Prometheus, type FiringAlert } from './prometheus.ts';

/** A minute of an alert's rule is so many times shorter here: 3 s. Nothing else about it is changed. */
const factor = 20;
/** For the longest rule to come due, and a fault to be noticed. */
const ringMsMax = 120_000;
/** Until the longest window of a rule has passed over what was: an hour's. */
const quietAgainMsMax = 240_000;
/** Longer than any rule waits. */
const quietMs = 60_000;
/** The slow ones ring after five minutes of real time. */
const slowMsMax = 420_000;

const folder = mkdtempSync(join(tmpdir(), 'ratchet-alerts-'));
let alerts: AlertStage;
let prometheus: Prometheus;
/** Ends with whatever has begun, also where the time for it was over. */
const asked = new AbortController();
let starting: Promise<void> | undefined;
const stops: (() => Promise<void>)[] = [];
/** Of the whole stage, beside much other work. */
const startMsMax = 600_000;
const mends: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  starting = start();
  await starting;
}, startMsMax);

async function start(): Promise<void> {
  alerts = await AlertStage.start(folder, () => undefined, asked.signal);
  stops.push(() => alerts.stop());
  prometheus = await Prometheus.start({ folder, rules: ruleFileOf(ownRoot), factor, targets: alerts.targets });
  stops.push(() => prometheus.stop());
}

afterAll(async () => {
  asked.abort(new Error('the tests are over'));
  await starting?.catch(() => undefined);
  for (const mend of mends) await mend();
  for (const stop of stops.toReversed()) await stop();
  rmSync(folder, { recursive: true });
}, 120_000);

const has =
  (alert: string, labels: AlertFault['labels']) =>
  (firing: FiringAlert): boolean =>
    firing['alertname'] === alert && Object.entries(labels).every(([name, value]) => firing[name] === value);
const keyOf = (firing: FiringAlert): string => JSON.stringify(Object.entries(firing).toSorted());
const namesOf = (firing: readonly FiringAlert[]): readonly string[] =>
  [...new Set(firing.map(({ alertname = '' }) => alertname))].toSorted();
const slowNames = slowFaults.map(({ alert }) => alert);

test(
  'a quiet run rings nothing',
  async () => {
    const since = Date.now();
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    expect(await prometheus.firedSince(since)).toEqual([]);
    // They ring in the end, while all the others do.
    for (const { make } of slowFaults) mends.push(await make(alerts));
  },
  2 * quietMs,
);

/** Makes them all, waits until each rings, mends them all, and looks that nothing else has rung. */
async function ring(group: readonly AlertFault[]): Promise<void> {
  const since = Date.now();
  const before = new Set((await prometheus.firing()).map(keyOf));
  const mending = await Promise.all(group.map(({ make }) => make(alerts)));
  try {
    for (const { alert, labels } of group) await rings(alert, labels, ringMsMax);
  } finally {
    for (const mend of mending) await mend();
  }
  const fired = (await prometheus.firedSince(since)).filter((each) => !before.has(keyOf(each)));
  const expected = [...group.flatMap(({ alert, also = [] }) => [alert, ...also]), ...slowNames];
  expect(namesOf(fired).filter((name) => !expected.includes(name))).toEqual([]);
}

async function rings(alert: string, labels: AlertFault['labels'], msMax: number): Promise<void> {
  const check = async (): Promise<true> => {
    const firing = await prometheus.firing();
    if (firing.some(has(alert, labels))) return true;
    throw new Error(`${alert} does not ring with ${JSON.stringify(labels)}; what does is ${JSON.stringify(firing)}`);
  };
  await eventually(check, { deadlineMs: msMax, pauseMs: 500 });
}

test.each(faultGroups.map((group) => [group.map(({ alert, what }) => `${alert}: ${what}`).join('; '), group] as const))(
  '%s',
  async (_, group) => {
    await ring(group);
    await Promise.all(alerts.stage.services.map(({ process }) => process.ready()));
  },
  3 * ringMsMax,
);

test.each(slowFaults.map((fault) => [fault.alert, fault.what, fault] as const))(
  '%s: %s',
  async (alert, _, { labels }) => {
    await rings(alert, labels, slowMsMax);
  },
  slowMsMax + 60_000,
);

test(
  'whatever was mended rings no longer',
  async () => {
    const isOver = async (): Promise<boolean> => {
      const names = namesOf(await prometheus.firing());
      return names.every((name) => slowNames.includes(name));
    };
    await eventually(isOver, { deadlineMs: quietAgainMsMax, pauseMs: 1_000 });
  },
  2 * quietAgainMsMax,
);

test(`${lastFault.alert}: ${lastFault.what}`, () => ring([lastFault]), 3 * ringMsMax);

test('there is no alert that nothing was done for, but for those that only a fault of ours could make ring', () => {
  const rung = [...faultGroups.flat(), ...slowFaults, lastFault].map(({ alert }) => alert);
  const all = alertsOf(ownRoot).map(({ alert }) => alert);
  expect([...rung, ...Object.keys(onlyByUnitTest)].toSorted()).toEqual(all.toSorted());
});
