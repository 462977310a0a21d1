import { epochMillis } from '@ratchet/domain';
import { NoticeBook, pendingMax } from './notice-book.ts';
import { noticeKey, type PendingNotice } from './pending-notice.ts';

function noticeOf(index: number): PendingNotice {
  const id = { namespace: 'default', workflowId: '', runId: 'run', activityId: String(index) };
  const place = { id, scheduleOffset: index, attempt: 1, stamp: 1, decidedOffset: index };
  const workerAddress = { partition: 0, address: 'worker' };
  const told = { workerAddress, reason: 'paused', overAt: epochMillis(1), sentCount: 1 } as const;
  const record = { type: 'NotifyWorker', ...place, ...told } as const;
  return { key: noticeKey(place), record, offset: index, trace: undefined, sentCount: 1, repeatAt: index };
}

const notices = Array.from({ length: pendingMax }, (_, index) => noticeOf(index));

/** Of the processor's time: what does not depend on how many there are takes a moment for all of them, else minutes. */
const cpuMsMax = 10_000;

test.each<{ from: string; order: readonly PendingNotice[] }>([
  { from: 'the front', order: notices },
  { from: 'the back', order: [...notices].reverse() },
])('notices are settled from $from as fast as they came, and the oldest is known at any time', ({ order }) => {
  const book = new NoticeBook();
  for (const notice of notices) book.set(notice);
  const begun = process.cpuUsage();
  let unknown = 0;
  for (const { record } of order) {
    if (book.next() === undefined || book.oldestOffset() >= pendingMax) unknown++;
    book.settle({ ...record, decidedOffset: pendingMax });
  }
  expect(unknown).toBe(0);
  expect(process.cpuUsage(begun).user / 1000).toBeLessThan(cpuMsMax);
  expect(book.size).toBe(0);
  expect(book.oldestOffset()).toBe(Infinity);
});

test('one more than may be pending takes the place of the oldest', () => {
  const book = new NoticeBook();
  const givenUp = [...notices, noticeOf(pendingMax), noticeOf(pendingMax + 1)].flatMap((notice) => book.set(notice));
  expect(givenUp).toEqual(notices.slice(0, 2));
  expect(book.size).toBe(pendingMax);
  expect(book.oldestOffset()).toBe(2);
});

test('what was settled is remembered for the last attempts only', () => {
  const book = new NoticeBook();
  for (const { record } of notices) book.settle(record);
  expect(book.isSettled(noticeOf(pendingMax - 1).record)).toBe(true);
  expect(book.isSettled(noticeOf(0).record)).toBe(false);
});

test('a notice whose record is of an older version is settled by whatever settles its attempt', () => {
  const book = new NoticeBook();
  const [notice] = notices;
  if (notice === undefined) throw new Error('Expected a notice');
  book.set({ ...notice, record: { ...notice.record, decidedOffset: -1 } });
  book.settle({ ...notice.record, decidedOffset: -1 });
  expect(book.size).toBe(0);
  expect(book.isSettled(notice.record)).toBe(false);
});
