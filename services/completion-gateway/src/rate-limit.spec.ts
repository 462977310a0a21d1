import { RateLimit } from './rate-limit.ts';

/** How many may be taken when it is asked as fast as can be at `now`. */
const takenAt = (limit: RateLimit, now: number): number => {
  let count = 0;
  while (count < 1000 && limit.take(now)) count++;
  return count;
};

test('without a limit everything may be taken', () => {
  const limit = new RateLimit();
  expect(takenAt(limit, 0)).toBe(1000);
  expect(limit.waitMs(0)).toBe(0);
});

test.each([
  { perSecond: 10, atOnce: 10, afterMs: 100, more: 1 },
  { perSecond: 10, atOnce: 10, afterMs: 1000, more: 10 },
  { perSecond: 10, atOnce: 10, afterMs: 60_000, more: 10 },
  { perSecond: 0.5, atOnce: 1, afterMs: 1000, more: 0 },
  { perSecond: 0.5, atOnce: 1, afterMs: 2000, more: 1 },
  { perSecond: 0, atOnce: 0, afterMs: 60_000, more: 0 },
])('$perSecond per second gives $atOnce, and $more after $afterMs ms', ({ perSecond, atOnce, afterMs, more }) => {
  const limit = new RateLimit();
  limit.set(perSecond, 5000);
  expect(takenAt(limit, 5000)).toBe(atOnce);
  expect(takenAt(limit, 5000 + afterMs)).toBe(more);
});

test('it says how long to wait for the next', () => {
  const limit = new RateLimit();
  limit.set(4, 0);
  takenAt(limit, 0);
  expect(limit.waitMs(0)).toBe(250);
  expect(limit.waitMs(150)).toBe(100);
  expect(limit.waitMs(250)).toBe(0);
});
