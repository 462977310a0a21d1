import { ActivityClient } from '@ratchet/client';
import { Worker, type WorkerOptions } from '@ratchet/worker';
import { Journal } from '../journal.ts';
import { drillActivities } from './activities.ts';
import { taskQueues } from './kinds.ts';
import { patiently } from './patiently.ts';
import { readSettings } from './process-settings.ts';

/** A worker that takes its tasks over Kafka. The drill may kill it at any moment. */

const { who, journals, brokers, registryUrl: registry } = readSettings();
const stopping = new AbortController();
const client = await patiently(() => ActivityClient.connect({ brokers, registry, identity: who }));
const tools = { journal: new Journal(journals, who), client, signal: stopping.signal };
const options: WorkerOptions = {
  brokers,
  registry,
  taskQueue: taskQueues.kafka,
  identity: who,
  activities: drillActivities(tools),
  maxConcurrentActivities: 300,
  // Thousands fail on purpose.
  log: (level, message) => {
    if (!/the activity failed|was refused/.test(message)) process.stdout.write(`${level} ${message}\n`);
  },
};
const worker = await patiently(() => Worker.create(options));
process.once('SIGTERM', () => {
  stopping.abort();
  worker.shutdown();
});
// Without its drill nobody wants what still runs here.
process.once('disconnect', () => process.exit(1));
await worker.run();
await client.close();
process.exit(0);
