import { oldGenerationLimitBytes } from './service-metrics.ts';

const mib = 1024 * 1024;

/** Limits as Node 24 has told them of `--max-old-space-size=100`, of which a process ends at 98 MB whatever else it says. */
test.each([
  ['--max-old-space-size=100 --max-semi-space-size=32', 196],
  ['--max-old-space-size=100', 292],
])('with %s a process ends at 100 MiB, and not at %d', (flags, limitMiB) => {
  expect(oldGenerationLimitBytes(limitMiB * mib, flags) / mib).toBe(100);
});
