import { epochMillis, heartbeatKey, type Deadline, type DeadlineType } from '@ratchet/domain';
import { DeadlineBook } from './deadline-book.ts';

const timer = { scheduleOffset: 1, attempt: 1, stamp: 1 };
const unlimited = Infinity;

const deadline = (type: DeadlineType, at: number): Deadline => ({ type, at: epochMillis(at), timer });

const watch = (key: string, ...deadlines: readonly Deadline[]) => ({
  key,
  id: { namespace: 'n', workflowId: '', runId: 'r', activityId: key },
  deadlines,
  heartbeatTimeoutMs: 100,
  trace: undefined,
});

/** Takes all that is due, and wants it again 10 ms later. */
function takeAll(book: DeadlineBook, now: number, outstandingMax = unlimited): string[] {
  const taken: string[] = [];
  for (;;) {
    const due = book.takeDue(now, outstandingMax);
    if (due === undefined) return taken;
    book.repeatAt(due.activity, now + 10);
    taken.push(`${due.activity.key}: ${due.deadlines.map(({ type }) => type).join(', ')}`);
  }
}

test('nothing is due early, and what is due comes in order', () => {
  const book = new DeadlineBook();
  book.set(watch('b', deadline('start-to-close', 200), deadline('schedule-to-close', 300)));
  book.set(watch('a', deadline('dispatch', 100)));
  expect(book.nextAt(unlimited)).toBe(100);
  expect(takeAll(book, 99)).toEqual([]);
  expect(takeAll(book, 200)).toEqual(['a: dispatch', 'b: start-to-close']);
});

test('what is due is handed out again until it is superseded', () => {
  const book = new DeadlineBook();
  book.set(watch('a', deadline('start-to-close', 100), deadline('schedule-to-close', 105)));
  expect(takeAll(book, 100)).toEqual(['a: start-to-close']);
  expect(book.nextAt(unlimited)).toBe(110);
  expect(takeAll(book, 109)).toEqual([]);
  expect(takeAll(book, 110)).toEqual(['a: start-to-close, schedule-to-close']);

  book.set(watch('a', deadline('dispatch', 500)));
  expect(book.nextAt(unlimited)).toBe(500);
  expect(takeAll(book, 499)).toEqual([]);
  book.delete('a');
  expect(book.nextAt(unlimited)).toBeUndefined();
  expect(takeAll(book, 1_000)).toEqual([]);
});

describe('a heartbeat', () => {
  test('moves only the heartbeat deadline, without a place of its own in the queue', () => {
    const book = new DeadlineBook();
    book.set(watch('a', deadline('heartbeat', 100), deadline('start-to-close', 1_000)));
    for (let at = 10; at <= 990; at += 10) book.setHeartbeat(heartbeatKey('a'), at);
    expect(takeAll(book, 999)).toEqual([]);
    expect(takeAll(book, 1_000)).toEqual(['a: start-to-close']);
    expect(takeAll(book, 1_090)).toEqual(['a: heartbeat, start-to-close']);
  });

  test('counts when it is read before the snapshot', () => {
    const book = new DeadlineBook();
    book.setHeartbeat(heartbeatKey('a'), 50);
    book.set(watch('a', deadline('heartbeat', 100)));
    expect(book.nextAt(unlimited)).toBe(150);
  });

  test('that comes after a proposal takes it back', () => {
    const book = new DeadlineBook();
    book.set(watch('a', deadline('heartbeat', 100)));
    expect(takeAll(book, 100)).toEqual(['a: heartbeat']);
    book.setHeartbeat(heartbeatKey('a'), 99);
    expect(takeAll(book, 110)).toEqual([]);
    expect(book.outstandingCount).toBe(0);
    expect(takeAll(book, 199)).toEqual(['a: heartbeat']);
  });

  test('is forgotten with its tombstone', () => {
    const book = new DeadlineBook();
    book.setHeartbeat(heartbeatKey('a'), 50);
    book.deleteHeartbeat(heartbeatKey('a'));
    book.set(watch('a', deadline('heartbeat', 100)));
    expect(book.nextAt(unlimited)).toBe(100);
  });
});

describe('when more is due than may be outstanding', () => {
  test('the others stand in line, and follow as the first are settled', () => {
    const book = new DeadlineBook();
    for (const key of ['a', 'b', 'c', 'd']) book.set(watch(key, deadline('dispatch', 100)));
    const first = takeAll(book, 100, 2);
    expect(first).toHaveLength(2);
    expect(book.nextAt(2)).toBe(110);
    expect(takeAll(book, 105, 2)).toEqual([]);

    book.delete(first[0]?.slice(0, 1) ?? '');
    expect(book.nextAt(2)).toBe(-Infinity);
    const next = takeAll(book, 105, 2);
    expect(next).toHaveLength(1);
    expect(takeAll(book, 110, 2)).toEqual([first[1]]);
    expect(new Set([...first, ...next]).size).toBe(3);
  });

  test('one that is superseded in line is never handed out', () => {
    const book = new DeadlineBook();
    for (const key of ['a', 'b']) book.set(watch(key, deadline('dispatch', 100)));
    const [first] = takeAll(book, 100, 1);
    const other = first === 'a: dispatch' ? 'b' : 'a';
    book.delete(other);
    book.delete(first?.slice(0, 1) ?? '');
    expect(takeAll(book, 200, 1)).toEqual([]);
    expect(book.size).toBe(0);
  });
});

test('what is due comes with when the next is, and is left alone once it is superseded', () => {
  const book = new DeadlineBook();
  book.set(watch('a', deadline('start-to-close', 100), deadline('schedule-to-close', 150)));
  const due = book.takeDue(100, unlimited);
  expect(due?.nextAt).toBe(150);
  book.delete('a');
  if (due !== undefined) book.repeatAt(due.activity, 120);
  expect(book.nextAt(unlimited)).toBeUndefined();
});

test('proposals that turn out to be early wait for their time again', () => {
  const book = new DeadlineBook();
  book.set(watch('a', deadline('dispatch', 5_000)));
  const due = book.takeDue(5_000, unlimited);
  book.reconsider(due === undefined ? [] : [due.activity], 4_999);
  expect(book.outstandingCount).toBe(0);
  expect(book.nextAt(unlimited)).toBe(5_000);
});

test('proposals that were superseded, or were in time, are left alone', () => {
  const book = new DeadlineBook();
  book.set(watch('a', deadline('dispatch', 5_000)));
  const due = book.takeDue(5_000, unlimited);
  const proposed = due === undefined ? [] : [due.activity];
  book.reconsider(proposed, 5_000);
  expect(book.outstandingCount).toBe(1);
  book.set(watch('a', deadline('heartbeat', 9_000)));
  book.reconsider(proposed, 100);
  expect(book.nextAt(unlimited)).toBe(9_000);
});
