import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityClient } from '@ratchet/client';
import type * as activities from './activities.ts';
import { benchTaskQueue, percentiles, type Percentiles } from './load.ts';
import { machineNow } from './machine-now.ts';

/** How often it is asked whether the attempt runs. */
const askMs = 5;

/**
 * One activity after the other: started, running, cancelled.
 *
 * @returns from `handle.cancel()` to the activity's signal.
 */
export async function measureCancels(client: ActivityClient, count: number): Promise<Percentiles> {
  const latenciesMs: number[] = [];
  for (let i = 0; i < count; i++) latenciesMs.push(await measureCancel(client));
  return percentiles(latenciesMs);
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
