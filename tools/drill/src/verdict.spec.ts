import { verdictOf, type Evidence } from './verdict.ts';

const good: Evidence = {
  acceptedCount: 100,
  unansweredCount: 0,
  violations: [],
  faultCounts: new Map([['service-killed', 3]]),
  recovery: { afterMs: 4_000, missing: [] },
  hasFinished: true,
  unexpectedEnds: [],
  growths: [],
};
const mustHappen = ['service-killed'] as const;

test('promises held when every fault happened and nothing is wrong', () => {
  expect(verdictOf(good, mustHappen)).toMatchObject({ held: true, missed: [] });
});

test.each<[what: string, evidence: Partial<Evidence>]>([
  ['a fault never happened', { faultCounts: new Map() }],
  ['a fault happened no times', { faultCounts: new Map([['service-killed', 0]]) }],
  ['nothing was asked for', { acceptedCount: 0 }],
  ['a promise was broken', { violations: [{ rule: 'lost', id: 'a', why: 'gone', story: undefined }] }],
  ['someone never came back', { recovery: { missing: ['scheduler-1'] } }],
  ['someone came back late', { recovery: { afterMs: 30_000, missing: ['scheduler-1'] } }],
  ['not all has ended', { hasFinished: false }],
  ['a process has ended by itself', { unexpectedEnds: [{ at: 1, name: 'scheduler-1', how: 'code 1' }] }],
  ['memory only grew', { growths: [{ name: 'scheduler-1', pid: 1, leastMiB: [100, 200, 300] }] }],
])('they did not when %s', (_, evidence) => {
  expect(verdictOf({ ...good, ...evidence }, mustHappen).held).toBe(false);
});
