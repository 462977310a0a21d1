import type { ActivityClient } from '@ratchet/client';
import type * as activities from './activities.ts';

export const benchTaskQueue = 'bench';

/** 200 bytes, as the limit pipeline sends. */
const argument = 'x'.repeat(200);

/** Latencies of one load, in milliseconds, and how many activities ended in each second of it. */
export interface Measured extends Percentiles {
  readonly perSecond: number;
}

/** @param q 0.99 is the 99th percentile. */
const quantile = (sorted: readonly number[], q: number): number =>
  Number((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(2));

/** Of latencies, in milliseconds. */
export interface Percentiles {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export function percentiles(latenciesMs: readonly number[]): Percentiles {
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99), maxMs: quantile(sorted, 1) };
}

async function execute(client: ActivityClient): Promise<number> {
  const begun = performance.now();
  const result = await client.execute<typeof activities, 'noop'>('noop', {
    taskQueue: benchTaskQueue,
    args: [argument],
    timeouts: { startToClose: '60s' },
  });
  if (result !== argument) throw new Error('Expected to get the argument back, but the result differs');
  return performance.now() - begun;
}

const measured = (latenciesMs: readonly number[], elapsedMs: number): Measured => ({
  ...percentiles(latenciesMs),
  perSecond: Math.round(latenciesMs.length / (elapsedMs / 1000)),
});

/** One activity after the other. */
export async function measureSequential(client: ActivityClient, count: number): Promise<Measured> {
  const latenciesMs: number[] = [];
  const begun = performance.now();
  for (let i = 0; i < count; i++) latenciesMs.push(await execute(client));
  return measured(latenciesMs, performance.now() - begun);
}

/** Closed loops: `width` activities in flight at any time, for `seconds`. */
export async function measureInFlight(client: ActivityClient, width: number, seconds: number): Promise<Measured> {
  const latenciesMs: number[] = [];
  const begun = performance.now();
  const end = begun + seconds * 1000;
  const loop = async (): Promise<void> => {
    while (performance.now() < end) latenciesMs.push(await execute(client));
  };
  await Promise.all(Array.from({ length: width }, loop));
  return measured(latenciesMs, performance.now() - begun);
}
