import { epochMillis, type Query } from '@ratchet/domain';
import { ParkedQueries, parkedMax } from './parked-queries.ts';

const query = (requestId: string, seenOffset: number): Query => ({
  type: 'Describe',
  target: { namespace: 'default', workflowId: '', runId: '', activityId: 'charge' },
  requestId,
  replyTo: { partition: 0, address: 'here' },
  seenOffset,
});
const ids = (queries: readonly Query[]): readonly string[] => queries.map(({ requestId }) => requestId);

test('a question is answered after the command it waits for, and once', () => {
  const parked = new ParkedQueries();
  parked.park(query('late', 7), 1);
  parked.park(query('early', 5), 1);
  parked.park(query('early, too', 5), 1);
  expect(ids(parked.take(3, 4, epochMillis(1)))).toEqual([]);
  expect(ids(parked.take(4, 5, epochMillis(1)))).toEqual(['early', 'early, too']);
  expect(ids(parked.take(5, 6, epochMillis(1)))).toEqual([]);
  expect(parked.count).toBe(1);
  expect(ids(parked.take(6, 9, epochMillis(1)))).toEqual(['late']);
  expect(parked.count).toBe(0);
});

test('where the log has a hole, all that waited for what lies in it are answered', () => {
  const parked = new ParkedQueries();
  parked.park(query('one', 5), 1);
  parked.park(query('two', 4e15), 1);
  expect(ids(parked.take(3, 1e15, epochMillis(1)))).toEqual(['one']);
  expect(parked.count).toBe(1);
});

test('what has waited for half a minute is dropped, by the next command or the next question', () => {
  const parked = new ParkedQueries();
  parked.park(query('old', 100), 1_000);
  parked.park(query('young', 100), 2_000);
  expect(ids(parked.take(3, 4, epochMillis(31_000)))).toEqual([]);
  expect(parked.count).toBe(1);
  parked.park(query('new', 100), 32_000);
  expect(ids(parked.take(4, 100, epochMillis(32_000)))).toEqual(['new']);
});

test('there is a limit, and the oldest gives way', () => {
  const parked = new ParkedQueries();
  for (let index = 0; index < parkedMax + 3; index++) parked.park(query(String(index), 9 + (index % 2)), 1);
  expect(parked.count).toBe(parkedMax);
  expect(ids(parked.take(3, 9, epochMillis(1)))[0]).toBe('4');
});

test('a command costs the same however many questions wait for later ones', () => {
  const parked = new ParkedQueries();
  const now = epochMillis(1);
  for (let index = 0; index < parkedMax; index++) parked.park(query(String(index), 100_000 + index), now);
  const startedMs = performance.now();
  let taken = 0;
  for (let offset = 0; offset < 100_000 + parkedMax; offset++) taken += parked.take(offset - 1, offset, now).length;
  expect(taken).toBe(parkedMax);
  // To look through all of them for every command took a minute.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});
