import type { ComingIn } from '@ratchet/tools-start';
import { Worker } from '@ratchet/worker';
import * as activities from './activities.ts';
import { benchTaskQueue } from './load.ts';

// What `withClient` gives: secrets are named by their files in it.
const connection = JSON.parse(process.argv[2] ?? '{}') as ComingIn;

const worker = await Worker.create({
  ...connection,
  taskQueue: benchTaskQueue,
  activities,
  maxConcurrentActivities: 1_000,
});
process.once('SIGTERM', () => {
  process.disconnect();
});
process.once('disconnect', () => {
  worker.shutdown();
});
await worker.run();
