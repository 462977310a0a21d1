import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { ActivityClient } from '@ratchet/client';
import { startRatchet } from '@ratchet/tools-start';
import { measureCancels } from './cancel-load.ts';

const usage = `Measures a cancellation: from handle.cancel() to the activity's AbortSignal, one after the other.
The activity has a heartbeat timeout of an hour and never heartbeats: nothing but the push can tell it.

  npm run bench:cancel -- [--json] [--count N]

  --json    print one line of JSON and nothing else on standard output
  --count   how many activities are cancelled (default 500)

KAFKA_BROKERS and SCHEMA_REGISTRY_URL name a broker to use; without them one is started for the run.`;

const folder = '.ratchet/bench';
const say = (line: string): void => void process.stderr.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    count: { type: 'string', default: '500' },
    help: { type: 'boolean', default: false },
  },
});

async function run(count: number): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const ratchet = await startRatchet({ folder, partitions: 4, log: say });
  const environment = { KAFKA_BROKERS: ratchet.brokers, SCHEMA_REGISTRY_URL: ratchet.registryUrl };
  const worker = fork(new URL('./worker.ts', import.meta.url), { env: { ...process.env, ...environment } });
  const client = await ActivityClient.connect({ brokers: ratchet.brokers, registry: ratchet.registryUrl });
  try {
    await measureCancels(client, 50);
    const { p50Ms, p99Ms, maxMs } = await measureCancels(client, count);
    say(`cancel to signal: p50 ${String(p50Ms)} ms, p99 ${String(p99Ms)} ms, max ${String(maxMs)} ms`);
    if (values.json) {
      process.stdout.write(
        `${JSON.stringify({ cancelP50Ms: p50Ms, cancelP99Ms: p99Ms, cancelMaxMs: maxMs, count })}\n`,
      );
    }
  } finally {
    await client.close();
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    await ratchet.stop();
  }
}

if (values.help) say(usage);
else await run(Number(values.count));
