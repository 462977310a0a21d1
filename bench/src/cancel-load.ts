import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityClient } from '@ratchet/client';
import type * as activities from './activities.ts';
import { benchTaskQueue, quantile } from './load.ts';
import { machineNow } from './machine-now.ts';

/** From `handle.cancel()` to the activity's signal, in milliseconds. */
export interface MeasuredCancels {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** How often it is asked whether the attempt runs. */
const askMs = 5;

/** One activity after the other: started, running, cancelled. */
export async function measureCancels(client: ActivityClient, count: number): Promise<MeasuredCancels> {
  const latenciesMs: number[] = [];
  for (let i = 0; i < count; i++) latenciesMs.push(await measureCancel(client));
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: quantile(sorted, 1) };
}

/** The activity tells when its signal was aborted, on the clock that all processes of the machine share. */
async function measureCancel(client: ActivityClient): Promise<number> {
  const handle = await client.start<typeof activities, 'untilCancelled'>('untilCancelled', {
    taskQueue: benchTaskQueue,
    args: [],
    timeouts: { startToClose: '1h', heartbeat: '1h' },
  });
  while ((await handle.describe()).runState !== 'started') await pause(askMs);
  const askedAt = machineNow();
  const [heardAt] = await Promise.all([handle.result(), handle.cancel('measured')]);
  return heardAt - askedAt;
}
