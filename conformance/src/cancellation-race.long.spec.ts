import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ActivityClient, ActivityFailedError, type ActivityHandle } from '@ratchet/client';
import { connectBroker, startCluster, uniqueName } from '@ratchet/testing';
import type { RunningRatchet } from '@ratchet/tools-start';
import type * as activities from './drill/cancel-activities.ts';
import { WorkerProcess } from './drill/worker-process.ts';

const countOfEach = 250;
/** All of them are running by then. */
const leadMs = 15_000;
/** In this window they end and are cancelled, each at the same moment. */
const windowMs = 10_000;
/** How far the cancel is off that moment, at most. */
const jitterMs = 100;
const killEveryMs = 2_000;
const killCount = 6;

const taskQueue = uniqueName('race');
const folder = mkdtempSync(join(tmpdir(), 'ratchet-race-'));
const linesFile = join(folder, 'lines');

let ratchet: RunningRatchet;
let client: ActivityClient;
let workers: readonly WorkerProcess[];

beforeAll(async () => {
  const { brokers, registryUrl } = connectBroker();
  writeFileSync(linesFile, '');
  ratchet = await startCluster();
  const environment = {
    KAFKA_BROKERS: ratchet.brokers,
    SCHEMA_REGISTRY_URL: registryUrl,
    DRILL_TASK_QUEUE: taskQueue,
    DRILL_RUNS_FILE: linesFile,
    DRILL_SLOTS: '1000',
  };
  workers = [new WorkerProcess(environment), new WorkerProcess(environment)];
  client = await ActivityClient.connect({ brokers, registry: registryUrl, requestTimeout: '5m' });
});

afterAll(async () => {
  await client.close();
  await Promise.all(workers.map((worker) => worker.stop()));
  await ratchet.stop();
  rmSync(folder, { recursive: true });
});

type Kind = keyof typeof activities;
type Status = 'completed' | ActivityFailedError['status'];

interface Raced {
  readonly kind: Kind;
  readonly endAt: number;
  readonly handle: ActivityHandle<string>;
}

async function start(kind: Kind, endAt: number): Promise<Raced> {
  const startToClose = kind === 'overrun' ? endAt - Date.now() : '10m';
  const handle = await client.start<typeof activities, Kind>(kind, {
    taskQueue,
    args: kind === 'untilTold' || kind === 'overrun' ? [] : [endAt],
    // So long that only a notice can tell it in time.
    timeouts: { startToClose, heartbeat: '10m' },
    retry: { initialInterval: 50, maximumAttempts: kind === 'failAt' ? 2 : 1 },
  });
  return { kind, endAt, handle };
}

/** @returns whether the request was accepted; one that came too late is refused. */
async function cancelAt({ handle, endAt }: Raced, offsetMs: number): Promise<boolean> {
  await pause(Math.max(0, endAt + offsetMs - Date.now()));
  return handle.cancel('raced').then(
    () => true,
    (error: unknown) => {
      expect(String(error)).toContain('activity is in terminal state');
      return false;
    },
  );
}

async function statusOf({ handle }: Raced): Promise<Status> {
  try {
    await handle.result();
    return 'completed';
  } catch (error) {
    if (error instanceof ActivityFailedError) return error.status;
    throw error;
  }
}

/** kill -9 of the one, then of the other, and so on. */
async function killInTurn(): Promise<void> {
  for (let kill = 0; kill < killCount; kill++) {
    const victim = ratchet.services[kill % 2 === 0 ? 'scheduler' : 'cancellation'];
    // One that is killed again before it was ready would be given up as broken.
    await victim.ready();
    await victim.kill('SIGKILL');
    await pause(killEveryMs);
  }
}

/** Activity id to what was noted of it: `<attempt> <what>`. */
function linesByActivity(): ReadonlyMap<string, readonly string[]> {
  const byId = new Map<string, string[]>();
  for (const line of readFileSync(linesFile, 'utf8').trimEnd().split('\n')) {
    const [id = '', ...what] = line.split(' ');
    byId.set(id, [...(byId.get(id) ?? []), what.join(' ')]);
  }
  return byId;
}

/** How an activity of a kind may end, once an attempt of it ran. */
const endings: Readonly<Record<Kind, readonly Status[]>> = {
  completeAt: ['completed'],
  // Cancelled while it waits for its second attempt, it closes at once.
  failAt: ['completed', 'failed', 'canceled'],
  overrun: ['timed-out'],
  untilTold: ['canceled'],
};

const kinds = Object.keys(endings) as readonly Kind[];

test('1,000 activities cancelled while each ends, cancellation and scheduler killed all the while: one outcome each, told once, none missed', async () => {
  const begunAt = Date.now() + leadMs;
  const plans = Array.from({ length: countOfEach }, (_, index) =>
    kinds.map((kind) => ({ kind, endAt: begunAt + (index / countOfEach) * windowMs })),
  ).flat();
  const raced = await Promise.all(plans.map(({ kind, endAt }) => start(kind, endAt)));
  const cancels = raced.map((one, index) => cancelAt(one, ((index * 7) % (2 * jitterMs)) - jitterMs));
  await pause(Math.max(0, begunAt - Date.now()));
  await killInTurn();

  const accepted = await Promise.all(cancels);
  const statuses = await Promise.all(raced.map(statusOf));

  const lines = linesByActivity();
  for (const [index, { kind, handle }] of raced.entries()) {
    const noted = lines.get(handle.activityId) ?? [];
    const status = statuses[index];
    const told = noted.filter((line) => line.endsWith('CANCELLED'));
    expect({ kind, noted, told: told.length }).toEqual({
      kind,
      noted: [...new Set(noted)],
      told: Math.min(1, told.length),
    });
    expect({ kind, noted, status, isAllowed: true }).toEqual({
      kind,
      noted,
      status,
      isAllowed: noted.length === 0 ? status === 'canceled' : endings[kind].some((ending) => ending === status),
    });
    if (kind === 'untilTold' && noted.length > 0) expect(told).toHaveLength(1);
    if (status === 'canceled') expect(accepted[index]).toBe(true);
  }
  expect(new Set(statuses)).toEqual(new Set(['completed', 'canceled', 'timed-out', 'failed']));

  const again = await Promise.all(raced.map(async ({ handle }) => (await handle.describe()).status));
  expect(again).toEqual(statuses);
}, 600_000);
