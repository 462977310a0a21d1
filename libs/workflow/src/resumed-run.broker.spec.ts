import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { Worker } from '@ratchet/worker';
import { orderActivities } from './order-activities.fixture.ts';
import type { OrderProcessOptions } from './order-process.fixture.ts';
import { failed, RunStage } from './run-stage.fixture.ts';
import { WorkflowRun } from './index.ts';

const { brokers, registryUrl: registry } = connectBroker();
const taskQueue = uniqueName('orders');
const common = { taskQueue, timeouts: { startToClose: '10m' } } as const;
const video = Promise.withResolvers<undefined>();
const { counts, activities } = orderActivities(video.promise);

let stage: RunStage;
let worker: Worker;
let working: Promise<void>;
const processes: ChildProcess[] = [];

beforeAll(async () => {
  stage = await RunStage.open({ identity: 'the test' });
  worker = await Worker.create({ brokers, registry, taskQueue, activities, identity: 'the worker' });
  working = worker.run();
});
afterAll(async () => {
  video.resolve(undefined);
  for (const child of processes) child.kill('SIGKILL');
  worker.shutdown();
  await working;
  await stage.close();
});

/** Starts the process of the order; whoever starts one kills it, or waits for its end. */
function startOrder(workflowId: string) {
  const main = new URL('order-process.fixture.ts', import.meta.url).pathname;
  const options: OrderProcessOptions = { brokers, registry, workflowId, taskQueue };
  const args = ['--conditions=@ratchet/source', main, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  processes.push(child);
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { lines, exited: once(child, 'exit'), kill: () => child.kill('SIGKILL') };
}

test('a process that is killed with -9 and runs the same code again finds what its steps have come to', async () => {
  const workflowId = uniqueName('order');
  const first = startOrder(workflowId);
  await eventually(() => counts.video === 1, { deadlineMs: 60_000 });
  expect(first.lines).toEqual(['charged receipt 1 of 1999']);
  first.kill();
  await first.exited;

  const second = startOrder(workflowId);
  await eventually(() => second.lines.length === 1, { deadlineMs: 60_000 });
  video.resolve(undefined);
  await second.exited;
  expect(second.lines).toEqual([
    'charged receipt 1 of 1999',
    "completed receipt 1 of 1999, ActivityFailure: activity 'insure' did not complete: not insurable, video 1",
  ]);
  expect(counts).toEqual({ charge: 1, insure: 1, video: 1 });
}, 120_000);

test('whoever attaches drives the run, and the former driver is refused and leaves it open', async () => {
  const former = await stage.openRun();
  const watching = former.execute(async () => {
    await former.signals('go').next();
    return former.step('charge', 'charge', { ...common, args: [1] });
  });
  const driver = await stage.attachTo(former);
  await stage.client.signal(former.workflowId, undefined, 'go');
  expect(await failed(watching)).toMatchObject({
    name: 'WorkflowRunTakenOverError',
    message: expect.stringContaining('another process drives the workflow run: the test') as string,
  });
  for (const call of [
    former.step('charge', 'charge', { ...common, args: [1] }),
    former.startActivity('charge', { ...common, args: [1] }),
    former.complete(),
  ]) {
    expect(await failed(call)).toMatchObject({ name: 'WorkflowRunTakenOverError', runId: former.runId });
  }
  const before = counts.charge;
  expect(await driver.step('charge', 'charge', { ...common, args: [1] })).toBe(`receipt ${String(before + 1)} of 1`);
  const looking = await stage.attachTo(former, { takeOver: false });
  expect(await failed(looking.complete())).toMatchObject({ name: 'WorkflowRunTakenOverError' });
  await looking.cancel('enough');
  await driver.reportCancellation();
});

test('a run that is open for too long is closed as timed out, and what is open in it ends', async () => {
  const workflowId = uniqueName('order');
  const run = stage.keep(await WorkflowRun.open(stage.client, { workflowId, timeout: '3s' }));
  const waiting = run.startActivity('video', { ...common, taskQueue: uniqueName('nobody') });
  const handle = await waiting;
  expect(await failed(handle.result())).toMatchObject({ cause: { message: 'workflow run closed' } });
  await eventually(() => run.closeStatus === 'timed-out');
  expect(run.scope.consideredCancelled).toBe(true);
}, 60_000);
