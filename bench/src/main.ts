import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ActivityClient } from '@ratchet/client';
import { startRatchet } from '@ratchet/tools-start';
import { measureInFlight, measureSequential } from './load.ts';

const usage = `Measures a no-op activity: the client asks, a worker runs it, the client has the result.
All services run on this machine, each in a process of its own, with 4 partitions.

  npm run bench -- [--json] [--seconds N] [--in-flight N]

  --json        print one line of JSON and nothing else on standard output
  --seconds     how long the load with many in flight lasts (default 10)
  --in-flight   how many activities are in flight then (default 500)

KAFKA_BROKERS and SCHEMA_REGISTRY_URL name a broker to use; without them one is started for the run.`;

const folder = '.ratchet/bench';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    'in-flight': { type: 'string', default: '500' },
    help: { type: 'boolean', default: false },
  },
});

const positive = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`Expected --${name} to be a whole number above 0, but it is '${text}'`);
};

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function run(): Promise<void> {
  const seconds = positive('seconds', values.seconds);
  const width = positive('in-flight', values['in-flight']);
  // What former runs have left would be restored, and slow the start.
  rmSync(folder, { recursive: true, force: true });
  const ratchet = await startRatchet({ folder, partitions: 4, log: say });
  const environment = { KAFKA_BROKERS: ratchet.brokers, SCHEMA_REGISTRY_URL: ratchet.registryUrl };
  const worker = fork(new URL('./worker.ts', import.meta.url), { env: { ...process.env, ...environment } });
  const client = await ActivityClient.connect({ brokers: ratchet.brokers, registry: ratchet.registryUrl });
  try {
    await measureInFlight(client, 50, 3);
    await measureSequential(client, 100);
    const sequential = await measureSequential(client, 500);
    say(`sequential:       p50 ${String(sequential.p50Ms)} ms, p99 ${String(sequential.p99Ms)} ms`);
    const wide = await measureInFlight(client, width, seconds);
    say(
      `${String(width)} in flight: ${String(wide.perSecond)} per second, p50 ${String(wide.p50Ms)} ms, p99 ${String(wide.p99Ms)} ms`,
    );
    if (values.json) {
      const line = {
        sequentialP50Ms: sequential.p50Ms,
        sequentialP99Ms: sequential.p99Ms,
        perSecondAt500: wide.perSecond,
        p99MsAt500: wide.p99Ms,
      };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  } finally {
    await client.close();
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    await ratchet.stop();
  }
}

if (values.help) say(usage);
else await run();
