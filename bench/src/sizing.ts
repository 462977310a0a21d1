import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { ActivityClient } from '@ratchet/client';
import type { RunningRatchet, ServiceName } from '@ratchet/tools-start';
import type * as activities from './activities.ts';
import { descendantsCpu, processCpuMs } from './descendants-cpu.ts';
import { benchTaskQueue } from './load.ts';
import { kafkaLogs, say, wholeOf, withClient } from './stage.ts';

const usage = `Measures what an installation must have: cores, memory, disk and network, of an activity that does nothing with
an argument and a result of 200 bytes, started and awaited by the client library.

  npm run bench:sizing -- [--rate N] [--seconds N] [--kept N]

  --rate      activities started in a second (default 200)
  --seconds   for how long (default 30)
  --kept      how many closed, and then how many open activities are kept, to see what they take (default 20000)

It starts a broker of its own, with one replica: disk and network of brokers are for one; three of them write three times as much.`;

const { values } = parseArgs({
  options: {
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '30' },
    kept: { type: 'string', default: '20000' },
    help: { type: 'boolean', default: false },
  },
});

const argument = 'x'.repeat(200);
const warmMs = 10_000;
const widthMax = 300;
const kib = 1024;
const mib = kib * kib;

const start = (client: ActivityClient, taskQueue: string) =>
  client.start<typeof activities, 'noop'>('noop', { taskQueue, args: [argument], timeouts: { startToClose: '1h' } });

const run = async (client: ActivityClient): Promise<void> => {
  await (await start(client, benchTaskQueue)).result();
};

/** Starts at a steady rate, and waits for all of them. @returns how many there were. */
async function atRate(client: ActivityClient, perSecond: number, ms: number): Promise<number> {
  const running: Promise<void>[] = [];
  const begun = performance.now();
  while (performance.now() - begun < ms) {
    running.push(run(client));
    await pause(Math.max(0, begun + (running.length * 1000) / perSecond - performance.now()));
  }
  await Promise.all(running);
  return running.length;
}

/** So many at a time, until there were so many. */
async function inAll(count: number, work: () => Promise<unknown>): Promise<void> {
  let left = count;
  const loop = async (): Promise<void> => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: widthMax }, loop));
}

const pidsOf = ({ services }: RunningRatchet): readonly (readonly [ServiceName, number])[] =>
  Object.entries(services).flatMap(([name, { pid }]) =>
    pid === undefined ? [] : [[name as ServiceName, pid] as const],
  );

/** Bytes that a process has read and written since it began: nearly all of it is its sockets'. Linux only. */
function ioBytes(pid: number): { readonly read: number; readonly written: number } {
  const text = readFileSync(`/proc/${String(pid)}/io`, 'utf8');
  const of = (name: string): number => Number(new RegExp(`${name}: (\\d+)`).exec(text)?.[1] ?? 0);
  return { read: of('rchar'), written: of('wchar') };
}

/** What stands in the logs of each topic, in bytes; those of task queues together. */
function logBytes(): ReadonlyMap<string, number> {
  const bytes = new Map<string, number>();
  for (const folder of readdirSync(kafkaLogs)) {
    if (!/^(ratchet|__)/.test(folder)) continue;
    const topic = folder.replace(/-\d+$/, '').replace(/^(ratchet\.activity\.tasks).*/, '$1');
    const files = readdirSync(join(kafkaLogs, folder)).filter((name) => name.endsWith('.log'));
    const size = files.reduce((sum, name) => sum + statSync(join(kafkaLogs, folder, name)).size, 0);
    bytes.set(topic, (bytes.get(topic) ?? 0) + size);
  }
  return bytes;
}

/** What a service holds at least, over some seconds: heap and what is beside it, in bytes. */
async function leastBytes({ services }: RunningRatchet): Promise<ReadonlyMap<string, number>> {
  const least = new Map<string, number>();
  for (let look = 0; look < 20; look++) {
    for (const [name, { healthUrl }] of Object.entries(services)) {
      const text = await (await fetch(new URL('/metrics', healthUrl))).text();
      const of = (metric: string): number =>
        Number(new RegExp(`^${metric}\\{[^}]*\\} (\\S+)`, 'm').exec(text)?.[1] ?? 0);
      const held = of('nodejs_heap_size_used_bytes') + of('nodejs_external_memory_bytes');
      least.set(name, Math.min(held, least.get(name) ?? Infinity));
    }
    await pause(500);
  }
  return least;
}

async function measureLoad(
  ratchet: RunningRatchet,
  client: ActivityClient,
  perSecond: number,
  ms: number,
): Promise<void> {
  await atRate(client, perSecond, warmMs);
  const pids = pidsOf(ratchet);
  const look = () => ({
    at: performance.now(),
    cpu: new Map(pids.map(([name, pid]) => [name, processCpuMs(pid)])),
    brokerMs: descendantsCpu([]).get('java') ?? 0,
    io: new Map(pids.map(([name, pid]) => [name, ioBytes(pid)])),
    logs: logBytes(),
  });
  const before = look();
  const count = await atRate(client, perSecond, ms);
  const after = look();
  const seconds = (after.at - before.at) / 1000;
  const perThousand = (cpuMs: number): string => (cpuMs / 1000 / seconds / (count / seconds / 1000)).toFixed(2);
  say(`${(count / seconds).toFixed(0)} activities a second for ${seconds.toFixed(0)} s`);
  say('service                 cores per 1,000 a second   reads KiB   writes KiB per activity');
  for (const [name] of pids) {
    const cpu = (after.cpu.get(name) ?? 0) - (before.cpu.get(name) ?? 0);
    const of = (what: 'read' | 'written'): string =>
      (((after.io.get(name)?.[what] ?? 0) - (before.io.get(name)?.[what] ?? 0)) / count / kib).toFixed(2);
    say(`${name.padEnd(24)}${perThousand(cpu).padStart(23)}${of('read').padStart(12)}${of('written').padStart(13)}`);
  }
  say(`${'broker and registry'.padEnd(24)}${perThousand(after.brokerMs - before.brokerMs).padStart(23)}`);
  say('topic                                     bytes per activity, before compaction and retention');
  for (const [topic, bytes] of after.logs) {
    const each = (bytes - (before.logs.get(topic) ?? 0)) / count;
    if (each >= 1) say(`${topic.padEnd(40)}${each.toFixed(0).padStart(10)}`);
  }
}

async function measureKept(ratchet: RunningRatchet, client: ActivityClient, count: number): Promise<void> {
  const empty = await leastBytes(ratchet);
  await inAll(count, () => run(client));
  const closed = await leastBytes(ratchet);
  await inAll(count, () => start(client, 'nobody'));
  const open = await leastBytes(ratchet);
  const perMillion = (more: ReadonlyMap<string, number>, less: ReadonlyMap<string, number>, name: string): string =>
    ((((more.get(name) ?? 0) - (less.get(name) ?? 0)) / count) * (1_000_000 / mib)).toFixed(0);
  say('service                    MiB when empty   MiB per million closed   MiB per million open');
  for (const [name, bytes] of empty)
    say(
      `${name.padEnd(24)}${(bytes / mib).toFixed(0).padStart(17)}${perMillion(closed, empty, name).padStart(25)}${perMillion(open, closed, name).padStart(23)}`,
    );
}

if (values.help) say(usage);
else
  await withClient(async (client, ratchet) => {
    await measureLoad(ratchet, client, wholeOf('rate', values.rate), wholeOf('seconds', values.seconds) * 1000);
    await measureKept(ratchet, client, wholeOf('kept', values.kept));
  });
