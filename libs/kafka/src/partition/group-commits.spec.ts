import { GroupCommits } from './group-commits.ts';
import { defaultTuning } from './processor-options.ts';
import type { SealedGroup } from './record-handler.ts';

const commitsOf = (ownedCount: number, partition = 0): GroupCommits =>
  new GroupCommits({ ...defaultTuning, partition, ownedCount });

/** When the group is sealed that has been open since 0. */
const dueAt = (commits: GroupCommits, mayWaitMs = Infinity): number => {
  commits.isDue(0, mayWaitMs);
  return commits.dueAt;
};

const group: SealedGroup = { records: 1, states: [], bytes: 0, positions: new Map(), sealedAt: 0, processed: [] };

function commit(commits: GroupCommits, now: number): void {
  commits.push(group);
  commits.begin(now);
  commits.settled();
  commits.written();
}

test.each([
  [1, 1000],
  [16, 1000],
  [48, 3000],
  [400, 5000],
])('of %i partitions of an instance each has its turn every so many milliseconds: %i', (ownedCount, turnMs) => {
  const commits = commitsOf(ownedCount);
  expect(dueAt(commits)).toBe(turnMs);
  commit(commits, turnMs);
  commits.isDue(turnMs, Infinity);
  expect(commits.dueAt).toBe(2 * turnMs);
});

test.each([4, 12, 48])('the turns of %i partitions are spread over the time', (ownedCount) => {
  const all = Array.from({ length: ownedCount }, (_, partition) => dueAt(commitsOf(ownedCount, partition)));
  const fairMs = Math.max(1000, ownedCount * 62.5) / ownedCount;
  for (const [index, at] of all.toSorted((a, b) => a - b).entries())
    expect(Math.abs(at - index * fairMs)).toBeLessThan(2.1 * fairMs);
});

test('whoever owns fewer from now on commits sooner', () => {
  const commits = commitsOf(48);
  commits.shareAmong(12);
  expect(dueAt(commits)).toBe(1000);
});

test.each([
  ['in time for who waits', 800, 550],
  ['soon when it is late for them', -5, 20],
  ['in its turn when that is in time', 60_000, 3000],
])('a commit comes %s', (_, mayWaitMs, expected) => {
  expect(dueAt(commitsOf(48), mayWaitMs)).toBe(expected);
});

test('whoever waits counts, though the next change could wait for longer', () => {
  const commits = commitsOf(48);
  commits.isDue(0, Infinity);
  commits.isDue(100, 600);
  commits.isDue(200, Infinity);
  expect(commits.dueAt).toBe(450);
  expect([commits.isDue(449, Infinity), commits.isDue(450, Infinity)]).toEqual([false, true]);
});

test('however urgent, commits are a quarter of a second apart', () => {
  const commits = commitsOf(48);
  commit(commits, 500);
  commits.isDue(510, 0);
  expect(commits.dueAt).toBe(750);
});
