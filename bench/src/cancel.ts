import { parseArgs } from 'node:util';
import type { ActivityClient } from '@ratchet/client';
import { measureCancels } from './cancel-load.ts';
import { say, wholeOf, withClient } from './stage.ts';

const usage = `Measures a cancellation: from handle.cancel() to the activity's AbortSignal, one after the other.
The activity has a heartbeat timeout of an hour and never heartbeats: nothing but the push can tell it.

  npm run bench:cancel -- [--json] [--count N]

  --json    print one line of JSON and nothing else on standard output
  --count   how many activities are cancelled (default 500)

KAFKA_BROKERS and SCHEMA_REGISTRY_URL name a broker to use; without them one is started for the run.`;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    count: { type: 'string', default: '500' },
    help: { type: 'boolean', default: false },
  },
});

async function measure(client: ActivityClient, count: number): Promise<void> {
  await measureCancels(client, 50);
  const { p50Ms, p99Ms, maxMs } = await measureCancels(client, count);
  say(`cancel to signal: p50 ${String(p50Ms)} ms, p99 ${String(p99Ms)} ms, max ${String(maxMs)} ms`);
  if (!values.json) return;
  process.stdout.write(`${JSON.stringify({ cancelP50Ms: p50Ms, cancelP99Ms: p99Ms, cancelMaxMs: maxMs, count })}\n`);
}

if (values.help) say(usage);
else await withClient((client) => measure(client, wholeOf('count', values.count)));
