import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityClient, type ActivityHandle } from '@ratchet/client';
import { connectBroker, startCluster, uniqueName } from '@ratchet/testing';
import type { RunningRatchet } from '@ratchet/tools-start';
import type * as activities from './drill/activities.ts';
import { WorkerProcess } from './drill/worker-process.ts';

const killCount = 20;
/** How long the load goes on between two kills. */
const pauseMs = 500;

const taskQueue = uniqueName('drill');
const folder = mkdtempSync(join(tmpdir(), 'ratchet-drill-'));
const runsFile = join(folder, 'runs');

let ratchet: RunningRatchet;
let client: ActivityClient;
let workers: readonly WorkerProcess[];

beforeAll(async () => {
  const { brokers, registryUrl } = connectBroker();
  writeFileSync(runsFile, '');
  ratchet = await startCluster();
  const environment = {
    KAFKA_BROKERS: ratchet.brokers,
    SCHEMA_REGISTRY_URL: registryUrl,
    DRILL_TASK_QUEUE: taskQueue,
    DRILL_RUNS_FILE: runsFile,
    DRILL_SLOTS: '50',
  };
  workers = [new WorkerProcess(environment), new WorkerProcess(environment)];
  client = await ActivityClient.connect({ brokers, registry: registryUrl });
});

afterAll(async () => {
  await client.close();
  await Promise.all(workers.map((worker) => worker.stop()));
  await ratchet.stop();
  rmSync(folder, { recursive: true });
});

type Handle = ActivityHandle<string>;

/** Asks for activities until it is told to stop; every one that was accepted is in `accepted`. */
function startLoad(accepted: Handle[]): { stop: () => Promise<void> } {
  let going = true;
  const options = { taskQueue, timeouts: { startToClose: 1_500 }, retry: { initialInterval: 100 } } as const;
  const ask = async (): Promise<void> => {
    while (going) {
      const isFlaky = accepted.length % 3 === 0;
      const activity = isFlaky ? 'flaky' : 'work';
      accepted.push(await client.start<typeof activities, 'work' | 'flaky'>(activity, { ...options, args: [30] }));
    }
  };
  const loops = Array.from({ length: 4 }, ask);
  return {
    stop: async () => {
      going = false;
      await Promise.all(loops);
    },
  };
}

// No worker comes last: the session of a dead one lasts ten seconds, and they would be spent waiting without a kill.
const victims: readonly [name: string, kill: () => Promise<void>][] = [
  ['scheduler', () => killService('scheduler')],
  ['timeout-tracker', () => killService('timeout-tracker')],
  ['a worker', () => workers[0]?.kill() ?? Promise.resolve()],
  ['completion-gateway', () => killService('completion-gateway')],
  ['the other worker', () => workers[1]?.kill() ?? Promise.resolve()],
  ['cancellation', () => killService('cancellation')],
];

async function killService(name: keyof RunningRatchet['services']): Promise<void> {
  await ratchet.services[name].kill('SIGKILL');
  await ratchet.services[name].ready();
}

test(`kill -9 of any service or worker, ${String(killCount)} times in a row: one outcome each, no attempt granted twice`, async () => {
  const accepted: Handle[] = [];
  const load = startLoad(accepted);
  for (let kill = 0; kill < killCount; kill++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await victims[kill % victims.length]?.[1]();
  }
  await load.stop();

  const outcomes = await Promise.all(accepted.map((handle) => handle.result()));

  expect(accepted.length).toBeGreaterThan(killCount);
  expect(outcomes).toEqual(accepted.map(({ activityId }) => activityId));
  const described = await Promise.all(accepted.map((handle) => handle.describe()));
  expect(new Set(described.map(({ status }) => status))).toEqual(new Set(['completed']));
  const runs = readFileSync(runsFile, 'utf8').trimEnd().split('\n');
  expect(runs.filter((run, index) => runs.indexOf(run) !== index)).toEqual([]);
  expect(new Set(runs.map((run) => run.split(' ')[0]))).toEqual(new Set(accepted.map(({ activityId }) => activityId)));
}, 600_000);
