import { Worker } from '@ratchet/worker';
import * as activities from './cancel-activities.ts';

/** A worker that its drill may kill at any moment. */

const worker = await Worker.create({
  brokers: process.env['KAFKA_BROKERS'] ?? '',
  registry: process.env['SCHEMA_REGISTRY_URL'] ?? '',
  taskQueue: process.env['DRILL_TASK_QUEUE'] ?? '',
  activities,
  maxConcurrentActivities: Number(process.env['DRILL_SLOTS']),
  // Hundreds fail on purpose.
  log: () => undefined,
});
// Without its drill nobody wants what still runs here.
process.once('disconnect', () => process.exit(1));
await worker.run();
