import { Worker } from '@ratchet/worker';
import * as activities from './activities.ts';

/** A worker process: `worker.js <task queue>`. */

const { KAFKA_BROKERS: brokers = '', SCHEMA_REGISTRY_URL: registry = '' } = process.env;
const [taskQueue = ''] = process.argv.slice(2);

const worker = await Worker.create({ brokers, registry, taskQueue, activities });
// It ends with the example, and is killed before.
process.once('disconnect', () => {
  worker.shutdown();
});
await worker.run();
