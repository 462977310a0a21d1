import { createServiceMetrics, oldGenerationLimitBytes } from './service-metrics.ts';

const mib = 1024 * 1024;

/** Limits as Node 24 has told them of `--max-old-space-size=100`, of which a process ends at 98 MB whatever else it says. */
test.each([
  ['--max-old-space-size=100 --max-semi-space-size=32', 196],
  ['--max-old-space-size=100', 292],
])('with %s a process ends at 100 MiB, and not at %d', (flags, limitMiB) => {
  expect(oldGenerationLimitBytes(limitMiB * mib, flags) / mib).toBe(100);
});

test('how far a restore is, is said of the partitions that are owned', async () => {
  const { processor, registry } = createServiceMetrics('test');
  const shown = async (): Promise<readonly unknown[]> => {
    const found = await registry.getSingleMetric('ratchet_restore_progress')?.get();
    return found?.values.map(({ labels, value }) => [labels['partition'], value]) ?? [];
  };
  processor.owned?.([1, 2, 3]);
  processor.restoring?.(1, 0.25);
  processor.restoring?.(2, 0.5);
  processor.restored?.(3, { records: 7, durationMs: 10 });
  expect(await shown()).toEqual([
    [1, 0.25],
    [2, 0.5],
    [3, 1],
  ]);
  processor.owned?.([2, 3]);
  expect(await shown()).toEqual([
    [2, 0.5],
    [3, 1],
  ]);
});
