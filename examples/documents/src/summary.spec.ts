import type { Observation } from './outcome.ts';
import { formatChecks, formatSummary } from './summary.ts';

const seen = (attempt: number, durationMs: number, outcome: Observation['outcome']): Observation => ({
  name: 'read of a.txt',
  activityId: 'read-1',
  outcome,
  outcomeAgain: outcome,
  described: { status: outcome.status, attempt, durationMs },
  attemptsRun: [],
});
const completed = { status: 'completed', result: 1 } as const;
const timedOut = {
  status: 'timed-out',
  timeoutType: 'heartbeat',
  lastHeartbeatDetails: undefined,
  cause: undefined,
} as const;

test('a line per group: outcomes, attempts, times', () => {
  const groups = [
    { title: 'read', observations: [seen(1, 5, completed), seen(3, 1500, completed), seen(1, 7, timedOut)] },
    { title: 'walk', observations: [seen(2, 12_000, completed)], remark: 'resumed at 40 of 100' },
    { title: 'silent', observations: [seen(1, 900, timedOut)] },
  ];
  expect(formatSummary(groups).split('\n')).toEqual([
    expect.stringMatching(/^activity +outcome +attempts +time$/),
    expect.stringMatching(/^[- ]+$/),
    expect.stringMatching(
      /^read +2 completed, 1 timed out \(heartbeat\) +5 \(up to 3 each\) +median 7 ms, longest 1.5 s$/,
    ),
    expect.stringMatching(/^walk +completed, resumed at 40 of 100 +2 +12.0 s$/),
    expect.stringMatching(/^silent +timed out \(heartbeat\) +1 +900 ms$/),
  ]);
});

test('a check that found nothing is ok, one that found something names it', () => {
  const disagreements = [{ activity: 'read of a.txt', reason: 'Expected to be 1, but it is 2' }];
  const text = formatChecks([
    { title: 'same', checkedCount: 3, disagreements: [] },
    { title: 'equal', checkedCount: 2, disagreements },
  ]);
  expect(text).toBe(
    [
      'ok      3 checked: same',
      'NOT OK  2 checked: equal',
      '        read of a.txt: Expected to be 1, but it is 2',
    ].join('\n'),
  );
});
