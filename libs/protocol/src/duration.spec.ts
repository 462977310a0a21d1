import { durationMs, type Duration } from './duration.ts';

test.each<{ duration: Duration; then: number }>([
  { duration: 0, then: 0 },
  { duration: 1500, then: 1500 },
  { duration: 0.6, then: 1 },
  { duration: '30s', then: 30_000 },
  { duration: '2 hours', then: 7_200_000 },
  { duration: '100', then: 100 },
  { duration: '1.5s', then: 1500 },
  { duration: 2 ** 60, then: 3_153_600_000_000 },
  { duration: '1000 years', then: 3_153_600_000_000 },
])('$duration is $then ms', ({ duration, then }) => {
  expect(durationMs(duration)).toBe(then);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '', 'soon', '-3s', '5 parsecs', 'x'.repeat(200), null, {}, true])(
  '%p is no duration',
  (value) => {
    expect(durationMs(value as Duration)).toBeUndefined();
  },
);
