import { epochMillis, heartbeatKey } from '@ratchet/domain';
import { DeadlineBook } from './deadline-book.ts';

const activityCount = 100_000;
const firstAt = 1_000_000;

/** One comparison of two timers. What scanned the pending deadlines would need a hundred thousand at a time. */
let comparisonCount = 0;
const book = new DeadlineBook((one, other) => {
  comparisonCount++;
  return one.at - other.at;
});

const countOf = (act: () => void): number => {
  comparisonCount = 0;
  act();
  return comparisonCount;
};

const key = (index: number): string => `n//r/${String(index)}`;

const watch = (index: number, at: number) => ({
  key: key(index),
  id: { namespace: 'n', workflowId: '', runId: 'r', activityId: String(index) },
  deadlines: [
    { type: 'heartbeat' as const, at: epochMillis(at), timer: { scheduleOffset: index, attempt: 1, stamp: 1 } },
  ],
  heartbeatTimeoutMs: 60_000,
  trace: undefined,
});

// Deadlines in no order; 48_271 and the count have no common factor, so that each instant comes once.
const instantOf = (index: number): number => firstAt + ((index * 48_271) % activityCount);

test('a hundred thousand deadlines are added with a few comparisons each', () => {
  const count = countOf(() => {
    for (let index = 0; index < activityCount; index++) book.set(watch(index, instantOf(index)));
  });
  expect(book.size).toBe(activityCount);
  expect(count / activityCount).toBeLessThan(20);
});

test('looking whether something is due costs nothing, however much is pending', () => {
  const count = countOf(() => {
    for (let now = 0; now < 1_000; now++) {
      expect(book.nextAt(1_000)).toBe(firstAt);
      expect(book.takeDue(firstAt - 1, 1_000)).toBeUndefined();
    }
  });
  expect(count).toBe(0);
});

test('a heartbeat costs nothing', () => {
  const count = countOf(() => {
    for (let beat = 0; beat < 1_000; beat++) book.setHeartbeat(heartbeatKey(key(beat)), beat);
  });
  expect(count).toBe(0);
});

test('each that is due is handed out once, in order, for the depth of the heap', () => {
  let inOrderCount = 0;
  const count = countOf(() => {
    for (let at = firstAt; at < firstAt + activityCount; at++) {
      const due = book.takeDue(at, 1_000);
      if (due?.deadlines[0]?.at === at) inOrderCount++;
      book.delete(due?.activity.key ?? '');
    }
  });
  expect(inOrderCount).toBe(activityCount);
  expect(book.size).toBe(0);
  expect(count / activityCount).toBeLessThan(2 * Math.ceil(Math.log2(activityCount)));
});

test('a hundred thousand that are due at once take turns', () => {
  for (let index = 0; index < activityCount; index++) book.set(watch(index, firstAt));
  const outstandingMax = 1_000;
  const now = firstAt + 60_000;
  const count = countOf(() => {
    for (let due = book.takeDue(now, outstandingMax); due !== undefined; due = book.takeDue(now, outstandingMax)) {
      book.repeatAt(due.activity, now + 10);
      book.delete(due.activity.key);
    }
  });
  expect(book.size).toBe(0);
  expect(count / activityCount).toBeLessThan(4 * Math.ceil(Math.log2(activityCount)));
});
