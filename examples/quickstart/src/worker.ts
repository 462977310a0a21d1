import { Worker } from '@ratchet/worker';
import * as activities from './activities.js';

const { KAFKA_BROKERS: brokers = '127.0.0.1:9092', SCHEMA_REGISTRY_URL: registry = '' } = process.env;

async function main(): Promise<void> {
  const worker = await Worker.create({ brokers, registry, taskQueue: 'greetings', activities });
  const stop = (): void => {
    worker.shutdown();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  await worker.run();
}

void main();
