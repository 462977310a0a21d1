import { epochMillis } from '@ratchet/domain';
import { silenceMsMax, subjectWaitersMax, Waiters, waitersMax, type OutcomeWaiter } from './waiters.ts';

const waiter = (address: string, requestId = 'question'): OutcomeWaiter => ({
  replyTo: { partition: 0, address },
  requestId,
});
const names = (waiters: Waiters<OutcomeWaiter>, subject: string): readonly string[] =>
  waiters.take(subject, ({ replyTo, requestId }) => `${replyTo.address} ${requestId}`);

test('all who wait for something are taken once, and who waits for something else waits on', () => {
  const waiters = new Waiters<OutcomeWaiter>();
  waiters.add('charge', waiter('one'), epochMillis(1));
  waiters.add('ship', waiter('one'), epochMillis(1));
  waiters.add('charge', waiter('two'), epochMillis(1));
  expect(names(waiters, 'charge')).toEqual(['one question', 'two question']);
  expect(names(waiters, 'charge')).toEqual([]);
  expect(waiters.count).toBe(1);
  expect(names(waiters, 'ship')).toEqual(['one question']);
});

test('of one address the latest question waits, however many it has asked', () => {
  const waiters = new Waiters<OutcomeWaiter>();
  for (let index = 0; index < 20_000; index++) waiters.add('charge', waiter('one', String(index)), epochMillis(index));
  expect(waiters.count).toBe(1);
  expect(names(waiters, 'charge')).toEqual(['one 19999']);
});

test('who has been silent for a minute is forgotten when anyone asks for anything; who has asked again is not', () => {
  const waiters = new Waiters<OutcomeWaiter>();
  waiters.add('charge', waiter('one'), epochMillis(1));
  waiters.add('charge', waiter('two'), epochMillis(1));
  waiters.add('charge', waiter('one'), epochMillis(2));
  waiters.add('ship', waiter('three'), epochMillis(1 + silenceMsMax));
  expect(waiters.count).toBe(3);
  waiters.add('ship', waiter('three'), epochMillis(2 + silenceMsMax));
  expect(names(waiters, 'charge')).toEqual(['one question']);
  expect(names(waiters, 'ship')).toEqual(['three question']);
});

test('the longest silent gives way when there are too many, of one subject and of all', () => {
  const waiters = new Waiters<OutcomeWaiter>();
  for (let index = 0; index <= subjectWaitersMax; index++) {
    waiters.add('charge', waiter(String(index)), epochMillis(index));
  }
  expect(names(waiters, 'charge')).toHaveLength(subjectWaitersMax);
  for (let index = 0; index <= waitersMax; index++) waiters.add(String(index), waiter('one'), epochMillis(1));
  expect(waiters.count).toBe(waitersMax);
  expect(names(waiters, '0')).toEqual([]);
  expect(names(waiters, '1')).toEqual(['one question']);
});

test('a question costs the same however many wait', () => {
  const waiters = new Waiters<OutcomeWaiter>();
  // Where each question looks at all who wait this takes minutes.
  for (let index = 0; index < 200_000; index++) waiters.add('charge', waiter(String(index)), epochMillis(index));
  for (let index = 0; index < 200_000; index++) waiters.add(String(index), waiter('one'), epochMillis(200_000));
  expect(waiters.count).toBe(waitersMax);
});
