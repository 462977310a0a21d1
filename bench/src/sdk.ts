import { fork, type ChildProcess } from 'node:child_process';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { runUntilAskedToStop, unlessAborted } from '@ratchet/tools-kafka';
import { descendantsCpu, type CpuByName } from './descendants-cpu.ts';
import { measureHeartbeats } from './heartbeat-load.ts';
import { percentiles } from './load.ts';
import { end, onRatchet } from './stage.ts';

const usage = `Measures a no-op standalone activity through Temporal's own TypeScript SDK, client and worker unmodified.
All services run on this machine, each in a process of its own, with 4 partitions.

  npm run bench:sdk -- [--address host:port] [--seconds N] [--in-flight N] [--sequential N]

  --address     a server to measure instead of starting Ratchet; its CPU time is not counted then
  --seconds     how long the load with many in flight lasts (default 30); before all else it runs twice as long, to warm up
  --in-flight   how many activities are in flight then (default 200)
  --sequential  how many are run one after the other (default 200)`;

const taskQueue = 'bench-sdk';
const heartbeatQueue = 'bench-heartbeats';
const argument = 'x'.repeat(200);

const { values } = parseArgs({
  options: {
    address: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    'in-flight': { type: 'string', default: '200' },
    sequential: { type: 'string', default: '200' },
    help: { type: 'boolean', default: false },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

let started = 0;

async function execute(client: Client): Promise<number> {
  const begun = performance.now();
  const id = `bench-${String(process.pid)}-${String(started++)}`;
  const result: unknown = await client.activity.execute('noop', {
    id,
    taskQueue,
    args: [argument],
    startToCloseTimeout: '60s',
  });
  if (result !== argument) throw new Error('Expected to get the argument back, but the result differs');
  return performance.now() - begun;
}

async function measureSequential(client: Client, count: number): Promise<void> {
  const latenciesMs: number[] = [];
  for (let index = 0; index < count; index++) latenciesMs.push(await execute(client));
  const { p50Ms, p99Ms } = percentiles(latenciesMs);
  say(`sequential:       p50 ${String(p50Ms)} ms, p99 ${String(p99Ms)} ms`);
}

/** Closed loops: `width` activities in flight at any time. */
async function measureInFlight(client: Client, width: number, seconds: number, workerPid: number): Promise<void> {
  const latenciesMs: number[] = [];
  const cpuBefore = descendantsCpu([workerPid]);
  const ownBefore = process.cpuUsage();
  const begun = performance.now();
  const loop = async (): Promise<void> => {
    while (performance.now() < begun + seconds * 1000) latenciesMs.push(await execute(client));
  };
  await Promise.all(Array.from({ length: width }, loop));
  const perSecond = latenciesMs.length / ((performance.now() - begun) / 1000);
  const cpu = cpuPerActivity(cpuBefore, descendantsCpu([workerPid]), latenciesMs.length);
  const own = process.cpuUsage(ownBefore);
  const ownMs = (own.user + own.system) / 1000 / latenciesMs.length;
  const { p50Ms, p99Ms } = percentiles(latenciesMs);
  say(
    `${String(width)} in flight: ${perSecond.toFixed(0)} per second, p50 ${String(p50Ms)} ms, ` +
      `p99 ${String(p99Ms)} ms; ms of CPU each: ${cpu}; the SDK's client ${ownMs.toFixed(2)}`,
  );
}

/** By process, the most first, after the sum. */
function cpuPerActivity(before: CpuByName, after: CpuByName, count: number): string {
  const each = Array.from(after, ([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / count] as const);
  const sum = each.reduce((total, [, ms]) => total + ms, 0);
  const parts = each.toSorted(([, a], [, b]) => b - a).map(([name, ms]) => `${name} ${ms.toFixed(2)}`);
  return `${sum.toFixed(2)} (${parts.join(', ')})`;
}

/** Tokens of activities that are running nowhere. */
async function runningTokens(connection: Connection, client: Client, count: number): Promise<readonly Uint8Array[]> {
  const one = async (index: number): Promise<Uint8Array> => {
    const id = `bench-heartbeat-${String(process.pid)}-${String(index)}`;
    await client.activity.start('beat', { id, taskQueue: heartbeatQueue, startToCloseTimeout: '10m' });
    const request = { namespace: 'default', taskQueue: { name: heartbeatQueue }, identity: 'bench' };
    const poll = (): Promise<{ readonly taskToken: Uint8Array }> =>
      connection.withDeadline(Date.now() + 30_000, () => connection.workflowService.pollActivityTaskQueue(request));
    return (await poll()).taskToken;
  };
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
}

async function measureAll(address: string, asked: AbortSignal): Promise<void> {
  const worker = fork(new URL('./sdk-worker.ts', import.meta.url), [address, taskQueue]);
  const connection = await Connection.connect({ address });
  try {
    await unlessAborted(asked, measure(address, worker, connection));
  } finally {
    worker.kill('SIGKILL');
    await connection.close();
  }
}

async function measure(address: string, worker: ChildProcess, connection: Connection): Promise<void> {
  const { seconds, sequential, 'in-flight': width } = values;
  const client = new Client({ connection });
  // A JVM and five of Node compile for a minute under load on two cores, and that is no cost of an activity.
  say('warming up:');
  await measureInFlight(client, Number(width), 2 * Number(seconds), worker.pid ?? 0);
  await measureSequential(client, Number(sequential));
  await measureInFlight(client, Number(width), Number(seconds), worker.pid ?? 0);
  await end(worker);
  const tokens = await runningTokens(connection, client, 100);
  const measureBeats = (): Promise<number> => measureHeartbeats(address, tokens, { width: 400, seconds: 10 });
  say(`warming up:       ${String(await measureBeats())} heartbeats per second`);
  const beats = await measureBeats();
  say(`heartbeats:       ${String(beats)} per second from a plain gRPC client`);
}

async function run(): Promise<void> {
  const { address } = values;
  if (address === undefined) return onRatchet(({ grpcAddress }, asked) => measureAll(grpcAddress, asked));
  await runUntilAskedToStop((asked) => measureAll(address, asked).then(() => 0));
}

if (values.help) say(usage);
else await run();
