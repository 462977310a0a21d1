import { Worker } from '@ratchet/worker';
import * as activities from './activities.ts';
import { benchTaskQueue } from './load.ts';

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Expected to find ${name} in the environment, but it is not set`);
  return value;
};

const worker = await Worker.create({
  brokers: required('KAFKA_BROKERS'),
  registry: required('SCHEMA_REGISTRY_URL'),
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
