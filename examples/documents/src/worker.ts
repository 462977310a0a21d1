import { Context, Worker } from '@ratchet/worker';
import * as activities from './activities.ts';
import { required, sayReady, whenToStop } from './child.ts';
import { writeJournal } from './journal.ts';

/** A worker process of the demo: `worker.js <task queue> <folder of the journal>`. */

type ActivityFunction = (...args: never[]) => Promise<unknown>;

const journaled =
  (run: ActivityFunction, folder: string): ActivityFunction =>
  (...args) => {
    const { activityId, attempt } = Context.current().info;
    writeJournal(folder, { activityId, attempt, pid: process.pid });
    return run(...args);
  };

const [taskQueue = '', journal = ''] = process.argv.slice(2);
const worker = await Worker.create({
  brokers: required('KAFKA_BROKERS'),
  registry: required('SCHEMA_REGISTRY_URL'),
  taskQueue,
  activities: Object.fromEntries(Object.entries(activities).map(([name, run]) => [name, journaled(run, journal)])),
});
whenToStop(() => {
  worker.shutdown();
});
const running = worker.run();
sayReady();
await running;
