import type { PhaseLatency } from './oracle/latency.ts';
import { verdictOf, type Evidence } from './verdict.ts';

const latency = (name: string, p99Ms: number): PhaseLatency => {
  return { name, count: 100, p50Ms: 10, p99Ms, maxMs: 500, failedCalls: 0 };
};
const good: Evidence = {
  acceptedCount: 100,
  unansweredCount: 0,
  violations: [],
  faultCounts: new Map([['service-killed', 3]]),
  recovery: { afterMs: 4_000, last: [], missing: [] },
  hasFinished: true,
  unexpectedEnds: [],
  growths: [],
  latencies: [latency('quiet', 50), latency('rolling', 100)],
};
const scenario = {
  mustHappen: ['service-killed'],
  slowdown: { phase: 'rolling', than: 'quiet', timesMax: 2 },
} as const;

test('promises held when every fault happened and nothing is wrong', () => {
  expect(verdictOf(good, scenario)).toMatchObject({ held: true, missed: [] });
});

test.each<[what: string, evidence: Partial<Evidence>]>([
  ['a fault never happened', { faultCounts: new Map() }],
  ['a fault happened no times', { faultCounts: new Map([['service-killed', 0]]) }],
  ['nothing was asked for', { acceptedCount: 0 }],
  ['a promise was broken', { violations: [{ rule: 'lost', id: 'a', why: 'gone', story: undefined }] }],
  ['someone never came back', { recovery: { last: [], missing: ['scheduler-1'] } }],
  ['someone came back late', { recovery: { afterMs: 30_000, last: [], missing: ['scheduler-1'] } }],
  ['not all has ended', { hasFinished: false }],
  ['a process has ended by itself', { unexpectedEnds: [{ at: 1, name: 'scheduler-1', how: 'code 1' }] }],
  ['clients waited too long', { latencies: [latency('quiet', 50), latency('rolling', 101)] }],
  ['no latency was measured', { latencies: [] }],
  ['memory only grew', { growths: [{ name: 'scheduler-1', pid: 1, leastMiB: [100, 200, 300] }] }],
])('they did not when %s', (_, evidence) => {
  expect(verdictOf({ ...good, ...evidence }, scenario).held).toBe(false);
});
