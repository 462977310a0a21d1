import type { Note, Noted } from '../journal.ts';
import type { Fact } from './facts.ts';
import { judge, type Violation } from './judge.ts';

const id = 'a';
const outcome = 'completed: "done"';
const noted = (note: Omit<Note, 'id'> & Record<string, unknown>, who = 'client'): Noted =>
  ({ at: 1, who, id, ...note }) as Noted;
const fact = (each: Omit<Fact, 'id' | 'partition'> & Record<string, unknown>): Fact =>
  ({ id, partition: 0, ...each }) as Fact;

const scheduleOffset = 10;
const token = (attempt: number) => ({ scheduleOffset, attempt, stamp: attempt });
const state = (place: number, offset: number, more: object = {}): Fact =>
  fact({ fact: 'state', place, offset, scheduleOffset, scheduledAt: 1_000, status: 'started', ...more });
const granted = (attempt: number, offset: number, more: object = {}): Fact =>
  fact({ fact: 'granted', offset, claimId: `c${String(attempt)}`, startedAt: 2_000, ...token(attempt), ...more });
const accepted = (report: string, attempt: number, offset: number, more: object = {}): Fact =>
  fact({ fact: 'accepted', offset, report, token: token(attempt), ...more });

/** An activity that fails once, after a heartbeat, and then completes. */
const healthyNotes: readonly Noted[] = [
  noted({ note: 'asked', kind: 'flaky', door: 'kafka', startDelayMs: 0 }),
  noted({ note: 'accepted', door: 'kafka', runId: 'r' }),
  noted({ note: 'ran', ...token(1) }, 'worker-1'),
  noted({ note: 'beating', attempt: 1, beat: 7 }, 'worker-1'),
  noted({ note: 'beat', attempt: 1, beat: 7 }, 'worker-1'),
  noted({ note: 'ran', ...token(2), beat: 7 }, 'worker-2'),
  noted({ note: 'told', door: 'kafka', outcome }),
  noted({ note: 'told', door: 'http', outcome }),
];
const healthyFacts: readonly Fact[] = [
  fact({ fact: 'scheduled', offset: scheduleOffset }),
  state(0, 11),
  granted(1, 12),
  accepted('RecordHeartbeat', 1, 13),
  accepted('Fail', 1, 14),
  granted(2, 17),
  granted(2, 18, { claimId: 'c2' }),
  accepted('Complete', 2, 20),
  state(1, 20, { status: 'completed', outcome }),
  fact({ fact: 'outcome', offset: 20, outcome }),
];
const expected = (): RegExp => /^completed: /;

const violationsOf = (notes: readonly Noted[], facts: readonly Fact[]): readonly Violation[] =>
  judge(notes, { facts, deadLetters: [] }, expected).violations;

const without = (what: string): readonly Noted[] => healthyNotes.filter(({ note }) => note !== what);

test('nothing is wrong with an activity that fails once and then completes', () => {
  expect(violationsOf(healthyNotes, healthyFacts)).toEqual([]);
});

test('a start that nobody answered is no fault when the topics do not know of it, and is judged when they do', () => {
  const asked = healthyNotes.slice(0, 1);
  expect(violationsOf(asked, [])).toEqual([]);
  expect(judge(without('accepted'), { facts: healthyFacts, deadLetters: [] }, expected)).toMatchObject({
    acceptedCount: 0,
    unansweredCount: 1,
    violations: [],
  });
  expect(violationsOf(asked, healthyFacts.slice(0, 2)).map(({ rule }) => rule)).toEqual(['not-ended']);
});

test.each<[rule: Violation['rule'], what: string, notes: readonly Noted[], facts: readonly Fact[]]>([
  ['lost', 'no topic has what was acknowledged', healthyNotes.slice(0, 2), []],
  ['began-twice', 'two lives of one start', healthyNotes, [...healthyFacts, fact({ fact: 'scheduled', offset: 9 })]],
  [
    'not-ended',
    'it is open at the end',
    without('told'),
    healthyFacts.filter((each) => !('outcome' in each) && each.fact !== 'accepted'),
  ],
  ['not-told', 'an end that nobody heard of', without('told'), healthyFacts],
  ['ended-twice', 'two ends', healthyNotes, [...healthyFacts, state(2, 22, { status: 'completed', outcome })]],
  ['changed-after-end', 'open again', healthyNotes, [...healthyFacts, state(2, 23)]],
  ['went-back', 'a former owner commits once more', healthyNotes, [...healthyFacts, state(1, 17), state(2, 14)]],
  [
    'disagreement',
    'two observers, two outcomes',
    [...healthyNotes, noted({ note: 'told', door: 'grpc', outcome: 'failed: no' })],
    healthyFacts,
  ],
  [
    'disagreement',
    'an observer and the log',
    healthyNotes,
    [...healthyFacts, fact({ fact: 'outcome', offset: 20, outcome: 'timed-out: activity StartToClose timeout' })],
  ],
  [
    'unexpected-outcome',
    'an outcome that this kind cannot have',
    [...without('told'), noted({ note: 'told', door: 'kafka', outcome: 'failed: no' })],
    [...healthyFacts.slice(0, -2), state(1, 20, { status: 'failed', outcome: 'failed: no' })],
  ],
  ['granted-twice', 'one attempt, two claims', healthyNotes, [...healthyFacts, granted(1, 13, { claimId: 'other' })]],
  [
    'ran-twice',
    'one attempt, two workers',
    [...healthyNotes, noted({ note: 'ran', ...token(2), beat: 7 })],
    healthyFacts,
  ],
  [
    'ran-without-grant',
    'an attempt that nobody was granted',
    healthyNotes,
    healthyFacts.filter((each) => each.fact !== 'granted' || each.attempt !== 1),
  ],
  [
    'attempts-not-contiguous',
    'the second attempt is left out',
    without('ran'),
    [
      ...healthyFacts.filter((each) => each.fact !== 'granted' || each.attempt === 1),
      granted(3, 18),
      accepted('Complete', 3, 20),
    ],
  ],
  ['granted-after-end', 'a grant after the end', healthyNotes, [...healthyFacts, granted(3, 21)]],
  ['stale-token-accepted', 'of the attempt before', healthyNotes, [...healthyFacts, accepted('Complete', 1, 19)]],
  [
    'stale-token-accepted',
    'of the attempt before, by the id of a report of another one',
    healthyNotes,
    [
      ...healthyFacts,
      accepted('RecordHeartbeat', 2, 18, { reportId: 'r' }),
      accepted('RecordHeartbeat', 1, 19, { reportId: 'r' }),
    ],
  ],
  ['stale-token-accepted', 'of an attempt to come', healthyNotes, [...healthyFacts, accepted('Fail', 2, 15)]],
  [
    'stale-token-accepted',
    'of a former stamp',
    healthyNotes,
    [...healthyFacts, accepted('RecordHeartbeat', 2, 19, { token: { ...token(2), stamp: 1 } })],
  ],
  [
    'report-after-end',
    'a heartbeat after the end',
    healthyNotes,
    [...healthyFacts, accepted('RecordHeartbeat', 2, 21)],
  ],
  [
    'details-lost',
    'the next attempt has older details',
    [...healthyNotes, noted({ note: 'beating', attempt: 1, beat: 8 }), noted({ note: 'beat', attempt: 1, beat: 8 })],
    healthyFacts,
  ],
  [
    'details-lost',
    'the next attempt has no details',
    [...healthyNotes.filter((each) => each.note !== 'ran' || each.attempt === 1), noted({ note: 'ran', ...token(2) })],
    healthyFacts,
  ],
  ['details-lost', 'details from nowhere', without('beating'), healthyFacts],
  [
    'word-broken',
    'a completion was acknowledged, and another one counts',
    [
      ...healthyNotes,
      noted({ note: 'reported', ...token(1), report: 'complete', answer: 'acknowledged', value: '"x"' }),
    ],
    healthyFacts,
  ],
  [
    'word-broken',
    'a termination was acknowledged, and it completed',
    [...healthyNotes, noted({ note: 'requested', door: 'http', request: 'terminate', answer: 'acknowledged' })],
    healthyFacts,
  ],
  [
    'began-early',
    'before its start delay',
    [noted({ note: 'asked', kind: 'delayed', door: 'kafka', startDelayMs: 1_001 }), ...healthyNotes.slice(1)],
    healthyFacts,
  ],
])('%s: %s', (rule, _, notes, facts) => {
  expect(violationsOf(notes, facts).map((each) => each.rule)).toContain(rule);
});

test('a report that was repeated under its own id is acknowledged again after the end', () => {
  const reportId = 'http:1';
  const facts = [
    ...healthyFacts.filter((each) => each.fact !== 'accepted' || each.report !== 'Complete'),
    accepted('Complete', 2, 20, { reportId }),
    accepted('Complete', 2, 25, { reportId }),
  ];
  expect(violationsOf(healthyNotes, facts)).toEqual([]);
});

test('an attempt that timed out before it began to run leaves no note, and is no gap', () => {
  expect(
    violationsOf(
      without('beat').filter((each) => each.note !== 'ran' || each.attempt === 2),
      healthyFacts,
    ),
  ).toEqual([]);
});

test('every dead letter is one too many', () => {
  const deadLetters = [{ topic: 'ratchet.activity.commands.dlq', key: 'default//a', reason: 'it is no command' }];
  expect(judge([], { facts: [], deadLetters }, expected).violations).toEqual([
    expect.objectContaining({ rule: 'dead-letter', why: 'ratchet.activity.commands.dlq: it is no command' }),
  ]);
});
