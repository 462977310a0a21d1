import { Worker } from '@ratchet/worker';
import * as activities from './activities.js';
import { connection } from './connection.js';

async function main(): Promise<void> {
  const worker = await Worker.create({ ...connection, taskQueue: 'greetings', activities });
  const stop = (): void => {
    worker.shutdown();
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  await worker.run();
}

void main();
