import { parseArgs } from 'node:util';
import type { ActivityClient } from '@ratchet/client';
import { measureInFlight, measureSequential } from './load.ts';
import { say, wholeOf, withClient } from './stage.ts';

const usage = `Measures a no-op activity: the client asks, a worker runs it, the client has the result.
All services run on this machine, each in a process of its own.

  npm run bench -- [--json] [--seconds N] [--in-flight N] [--partitions N] [--secured]

  --json        print one line of JSON and nothing else on standard output
  --seconds     how long the load with many in flight lasts, and the one of 50 that warms up before it (default 10)
  --in-flight   how many activities are in flight then (default 500)
  --partitions  of each co-partitioned topic (default 4)
  --secured     on a broker that asks who comes: TLS, SCRAM-SHA-512, and for each the rights that it needs

KAFKA_BROKERS and SCHEMA_REGISTRY_URL name a broker to use; without them one is started for the run.`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '10' },
    'in-flight': { type: 'string', default: '500' },
    partitions: { type: 'string', default: '4' },
    secured: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

async function measure(client: ActivityClient, seconds: number, width: number): Promise<void> {
  // The order and the warm-up are those of the limit's pipeline, whose 500 in flight also follow a load of 50.
  await measureInFlight(client, 50, 3);
  await measureSequential(client, 100);
  const sequential = await measureSequential(client, 500);
  say(`sequential:       p50 ${String(sequential.p50Ms)} ms, p99 ${String(sequential.p99Ms)} ms`);
  await measureInFlight(client, 50, seconds);
  const wide = await measureInFlight(client, width, seconds);
  say(
    `${String(width)} in flight: ${String(wide.perSecond)} per second, p50 ${String(wide.p50Ms)} ms, p99 ${String(wide.p99Ms)} ms`,
  );
  if (!values.json) return;
  const line = {
    sequentialP50Ms: sequential.p50Ms,
    sequentialP99Ms: sequential.p99Ms,
    perSecondAt500: wide.perSecond,
    p99MsAt500: wide.p99Ms,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

async function run(): Promise<void> {
  const seconds = wholeOf('seconds', values.seconds);
  const width = wholeOf('in-flight', values['in-flight']);
  const partitions = wholeOf('partitions', values.partitions);
  await withClient((client) => measure(client, seconds, width), { secured: values.secured, partitions });
}

if (values.help) say(usage);
else await run();
