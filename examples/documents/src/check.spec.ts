import { checkAll, checkResumption, checkUnchanged, type Checkable } from './check.ts';
import type { Expectation, Observation } from './outcome.ts';

const completed = { status: 'completed', result: { sha256: 'abc' } } as const;
const observation: Observation = {
  name: 'checksum of a.txt',
  activityId: 'checksum-1',
  outcome: completed,
  outcomeAgain: completed,
  described: { status: 'completed', attempt: 2, durationMs: 10 },
  attemptsRun: [1, 2],
};
const expectation: Expectation = { outcome: completed, attempts: { min: 2, max: 2 }, runs: 'all' };
const agreeing: Checkable = { observation, expectation };

const planted = (change: Partial<Observation>): Checkable => ({
  expectation,
  observation: { ...observation, activityId: 'checksum-2', ...change },
});
const titlesOfFailed = (checkables: readonly Checkable[]): readonly string[] =>
  checkAll(checkables)
    .filter(({ disagreements }) => disagreements.length > 0)
    .map(({ title }) => title);

test('agrees when all is as it must be', () => {
  expect(titlesOfFailed([agreeing])).toEqual([]);
});

describe('finds a planted', () => {
  const wrong = { status: 'completed', result: { sha256: 'abd' } } as const;
  const failed = { status: 'failed', message: 'no' } as const;
  test.each<{ wrong: string; change: Partial<Observation>; check: RegExp }>([
    { wrong: 'wrong result', change: { outcome: wrong, outcomeAgain: wrong }, check: /direct computation/ },
    { wrong: 'second outcome', change: { outcomeAgain: failed }, check: /asked for again/ },
    { wrong: 'second result', change: { outcomeAgain: wrong }, check: /asked for again/ },
    {
      wrong: 'description',
      change: { described: { ...observation.described, status: 'failed' } },
      check: /description and outcome/,
    },
    { wrong: 'attempt that ran twice', change: { attemptsRun: [1, 2, 2] }, check: /ran twice/ },
    { wrong: 'attempt that never ran', change: { attemptsRun: [2] }, check: /ran twice/ },
    { wrong: 'attempt too many', change: { attemptsRun: [1, 2, 3] }, check: /ran twice/ },
    {
      wrong: 'retry that was not planned',
      change: { described: { ...observation.described, attempt: 3 }, attemptsRun: [1, 2, 3] },
      check: /failures were planned/,
    },
    {
      wrong: 'retry that is missing',
      change: { described: { ...observation.described, attempt: 1 }, attemptsRun: [1] },
      check: /failures were planned/,
    },
    { wrong: 'id of another', change: { activityId: 'checksum-1' }, check: /two activities/ },
  ])('$wrong', ({ change, check }) => {
    expect(titlesOfFailed([agreeing, planted(change)])).toEqual([expect.stringMatching(check)]);
  });

  test('run of what nobody may have run', () => {
    const never: Checkable = { observation, expectation: { ...expectation, runs: 'none' } };
    expect(titlesOfFailed([never])).toEqual([expect.stringMatching(/ran twice/)]);
  });

  test.each([
    { attemptsRun: [1, 3], right: true },
    { attemptsRun: [1, 2], right: true },
    { attemptsRun: [], right: false },
    { attemptsRun: [1, 3, 3], right: false },
    { attemptsRun: [1, 3, 4], right: false },
  ])('doubled one where only some must run: $attemptsRun of 3 is right: $right', ({ attemptsRun, right }) => {
    const described = { ...observation.described, attempt: 3 };
    const lossy: Checkable = {
      observation: { ...observation, described, attemptsRun },
      expectation: { ...expectation, attempts: { min: 2, max: 5 }, runs: 'some' },
    };
    expect(titlesOfFailed([lossy])).toEqual(right ? [] : [expect.stringMatching(/ran twice/)]);
  });

  test('disagreement is named with its activity and both values', () => {
    const [check] = checkAll([planted({ outcome: { status: 'failed', message: 'disk full' } })]);
    expect(check?.disagreements).toEqual([
      {
        activity: 'checksum of a.txt (checksum-2)',
        reason:
          "Expected to end with { status: 'completed', result: { sha256: 'abc' } }, but it ended with { status: 'failed', message: 'disk full' }",
      },
    ]);
  });
});

describe('the walk must have gone on', () => {
  const crash = { recordedPosition: 40, killedPid: 7 };
  const walk = { resumedAt: 41, pid: 8, documentCount: 100 };

  test.each([
    { when: 'at the recorded position', walk: { ...walk, resumedAt: 40 }, wrong: 0 },
    { when: 'later, since one more heartbeat had arrived', walk, wrong: 0 },
    { when: 'not at zero', walk: { ...walk, resumedAt: 0 }, wrong: 1 },
    { when: 'not earlier than recorded', walk: { ...walk, resumedAt: 39 }, wrong: 1 },
    { when: 'not at the end', walk: { ...walk, resumedAt: 100 }, wrong: 1 },
    { when: 'not in the killed process', walk: { ...walk, pid: 7 }, wrong: 1 },
  ])('$when', ({ walk: seen, wrong }) => {
    expect(checkResumption(crash, seen).disagreements).toHaveLength(wrong);
  });
});

test('a document that changed, went away or came is named', () => {
  const before = new Map(['a', 'b', 'c'].map((path) => [path, '1 byte of noon']));
  const after = new Map([
    ['a', '1 byte of noon'],
    ['b', '1 byte of midnight'],
    ['d', '1 byte of noon'],
  ]);
  expect(checkUnchanged(before, before).disagreements).toEqual([]);
  expect(checkUnchanged(before, after).disagreements.map(({ activity }) => activity)).toEqual(['b', 'c', 'd']);
});
