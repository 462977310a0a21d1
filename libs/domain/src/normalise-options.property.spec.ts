import fc from 'fast-check';
import type { ActivityOptionsRequest } from './activity-options.ts';
import { normaliseOptions } from './normalise-options.ts';

const duration = fc.option(fc.constantFrom(0, 1, 5, 10, 50, 100, 1e15), { nil: undefined });
const without = <T extends object>(record: T): T =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;

const request = fc
  .record({
    taskQueue: fc.constant('mail'),
    scheduleToCloseTimeoutMs: duration,
    scheduleToStartTimeoutMs: duration,
    startToCloseTimeoutMs: duration,
    heartbeatTimeoutMs: duration,
    startDelayMs: duration,
    priorityKey: fc.constantFrom(undefined, 0, 1, 5, 9),
    fairnessKey: fc.constantFrom(undefined, '', 'tenant'),
    fairnessWeight: fc.constantFrom(undefined, 0, 0.5, 2_000),
    retryPolicy: fc
      .record({
        initialIntervalMs: duration,
        intervalMsMax: duration,
        backoffCoefficient: fc.constantFrom(undefined, 0, 0.5, 1, 2.5),
        attemptsMax: fc.constantFrom(undefined, -1, 0, 1, 5),
      })
      .map(without),
  })
  .map((record) => without(record) as ActivityOptionsRequest);

const subject = { namespace: 'default', activityId: 'a', activityType: 't' };

test('normal options are inside each other, and normalising them again changes nothing', () => {
  fc.assert(
    fc.property(request, (asked) => {
      const checked = normaliseOptions(asked, subject);
      if (checked.kind === 'refused') return;
      const { value } = checked;
      expect(normaliseOptions(value, subject)).toEqual(checked);
      expect(value.startToCloseTimeoutMs).toBeGreaterThan(0);
      expect(value.heartbeatTimeoutMs).toBeLessThanOrEqual(value.startToCloseTimeoutMs);
      expect(value.retryPolicy.intervalMsMax).toBeGreaterThanOrEqual(value.retryPolicy.initialIntervalMs);
      if (value.scheduleToCloseTimeoutMs === 0) return;
      expect(value.startToCloseTimeoutMs).toBeLessThanOrEqual(value.scheduleToCloseTimeoutMs);
      expect(value.scheduleToStartTimeoutMs).toBeLessThanOrEqual(value.scheduleToCloseTimeoutMs);
    }),
    { numRuns: 1000 },
  );
});
