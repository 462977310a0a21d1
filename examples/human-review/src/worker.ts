import { Worker } from '@ratchet/worker';
import * as activities from './activities.ts';

/** A worker process: `worker.js <task queue>`. */

const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registry = '' } = process.env;
const [taskQueue = ''] = process.argv.slice(2);

const worker = await Worker.create({ brokers, registry, taskQueue, activities });
const stop = (): void => {
  worker.shutdown();
};
process.once('SIGTERM', stop);
process.once('disconnect', stop);
await worker.run();
process.exit(0);
