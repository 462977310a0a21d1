import { growthOf, measuredOf, problemsOf, slowdownOf, type Effect } from './measured.ts';

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index + 1);

test('the 99th of a hundred is the p99, and what failed is slower than all', () => {
  expect(measuredOf(upTo(100), 0)).toEqual({ count: 100, failedCount: 0, p50Ms: 50, p99Ms: 99 });
  expect(measuredOf(upTo(98), 2)).toEqual({ count: 100, failedCount: 2, p50Ms: 50, p99Ms: Infinity });
  expect(measuredOf([], 0).p99Ms).toBe(Infinity);
});

const good: Effect = {
  quiet: measuredOf([10, 20], 0),
  attacked: measuredOf([20, 60], 0),
  quietMiB: { scheduler: 100, 'completion-gateway': 150 },
  attackedMiB: { scheduler: 130, 'completion-gateway': 350 },
  told: { '401': 12 },
};

test('three times as long and 200 MiB more are just within the limits', () => {
  expect(slowdownOf(good)).toBe(3);
  expect(growthOf(good)).toEqual({ service: 'completion-gateway', miB: 200 });
  expect(problemsOf(good)).toEqual([]);
});

test.each<[problem: string, effect: Partial<Effect>]>([
  ['a neighbour waited 3.1 times as long', { attacked: measuredOf([20, 62], 0) }],
  ['1 activities of the neighbour failed', { attacked: measuredOf(upTo(60).slice(0, 20), 1) }],
  ['scheduler took 201 MiB more', { attackedMiB: { scheduler: 301 } }],
  ['it was let in', { notRefused: 'it was let in' }],
])('%s', (problem, effect) => {
  expect(problemsOf({ ...good, ...effect })).toContain(problem);
});
