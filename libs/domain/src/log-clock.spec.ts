import { nextNow } from './log-clock.ts';
import { currentRules, supportsRules } from './rules.ts';
import { epochMillis } from './units.ts';

test.each([
  { previous: 10, appended: 11, now: 11 },
  { previous: 10, appended: 10, now: 10 },
  { previous: 10, appended: 9, now: 10 },
  { previous: 10, appended: -1, now: 10 },
])('after $previous comes $now when the record was appended at $appended', ({ previous, appended, now }) => {
  expect(nextNow(epochMillis(previous), appended)).toBe(now);
});

test.each([
  { version: 0, known: false },
  { version: 1, known: true },
  { version: currentRules, known: true },
  { version: currentRules + 1, known: false },
  { version: 1.5, known: false },
])('rules version $version is known: $known', ({ version, known }) => {
  expect(supportsRules(version)).toBe(known);
});
