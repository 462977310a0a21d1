import { once } from 'node:events';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Descriptors } from './descriptors.ts';

/** `describeServices` in a thread of its own, which ends when it is done. Rejects with what went wrong there. */
export async function describeBeside(services: readonly string[]): Promise<Descriptors> {
  const worker = new Worker(new URL(`descriptor-worker${extname(import.meta.url)}`, import.meta.url), {
    workerData: services,
  });
  worker.unref();
  const [descriptors] = (await once(worker, 'message')) as [Descriptors];
  return descriptors;
}
