import { Worker } from '@ratchet/worker';
import * as activities from './activities.ts';

const worker = await Worker.create({
  brokers: process.env['KAFKA_BROKERS'] ?? '',
  registry: process.env['SCHEMA_REGISTRY_URL'] ?? '',
  taskQueue: process.env['DRILL_TASK_QUEUE'] ?? '',
  activities,
  maxConcurrentActivities: 50,
  // Hundreds fail on purpose.
  log: () => undefined,
});
process.once('disconnect', () => process.exit(0));
await worker.run();
