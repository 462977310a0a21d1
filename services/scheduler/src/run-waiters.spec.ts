import { epochMillis, millis, type AwaitRun, type KnownOfRun, type Signal, type WorkflowRun } from '@ratchet/domain';
import { newsOf, RunWaiters } from './run-waiters.ts';

const run: WorkflowRun = {
  id: { namespace: 'default', workflowId: 'order-1', runId: 'run-1' },
  status: 'open',
  version: 1,
  openedAt: epochMillis(1),
  openRequestId: 'open-1',
  retentionMs: millis(1),
  signalsAcknowledgedTo: -1,
  recentSignalIds: [{ id: 'signal-1', until: epochMillis(0) }],
};
const signal = (offset: number, name = 'count', bytes = 1): Signal => ({
  offset,
  signalId: `signal-${String(offset)}`,
  name,
  args: [{ metadata: {}, data: Buffer.alloc(bytes) }],
  sentAt: epochMillis(1),
});
const known: KnownOfRun = { status: 'open', signalName: '', signalsUpTo: -1, signalCountMax: 0 };
const query = (change: Partial<AwaitRun> = {}): AwaitRun => ({
  type: 'AwaitRun',
  run: run.id,
  known,
  requestId: 'query-1',
  replyTo: { partition: 0, address: 'here' },
  seenOffset: -1,
  ...change,
});
const large = 400 * 1024;

test.each<{ what: string; known: KnownOfRun; waiting?: readonly Signal[]; offsets: readonly number[] | undefined }>([
  { what: 'there is no signal', known: { ...known, signalCountMax: 9 }, offsets: undefined },
  { what: 'there is no room for signals', known, waiting: [signal(2)], offsets: undefined },
  {
    what: 'all signals are known',
    known: { ...known, signalCountMax: 9, signalsUpTo: 2 },
    waiting: [signal(2)],
    offsets: undefined,
  },
  {
    what: 'some are not',
    known: { ...known, signalCountMax: 9, signalsUpTo: 2 },
    waiting: [signal(2), signal(3)],
    offsets: [3],
  },
  {
    what: 'there is room for one',
    known: { ...known, signalCountMax: 1 },
    waiting: [signal(2), signal(3)],
    offsets: [2],
  },
  {
    what: 'there is room for more than a page',
    known: { ...known, signalCountMax: 1_000 },
    waiting: Array.from({ length: 101 }, (_, n) => signal(n)),
    offsets: Array.from({ length: 100 }, (_, n) => n),
  },
  {
    what: 'there is less than no room',
    known: { ...known, signalCountMax: -1 },
    waiting: [signal(2)],
    offsets: undefined,
  },
  {
    what: 'others have other names',
    known: { ...known, signalName: 'count', signalCountMax: 9 },
    waiting: [signal(2, 'noise'), signal(3)],
    offsets: [3],
  },
  {
    what: 'they are large',
    known: { ...known, signalCountMax: 9 },
    waiting: [signal(2, 'a', large), signal(3, 'a', large)],
    offsets: [2],
  },
  {
    what: 'one is larger than a page',
    known: { ...known, signalCountMax: 9 },
    waiting: [signal(2, 'a', 2 * large)],
    offsets: [2],
  },
])('$what: $offsets', ({ known: has, waiting = [], offsets }) => {
  expect(newsOf(run, waiting, has)?.signals.map(({ offset }) => offset)).toEqual(offsets);
});

test('another status is news, and to whom nothing is known everything is', () => {
  expect(newsOf({ ...run, status: 'closed' }, [], known)).toMatchObject({
    run: { status: 'closed', recentSignalIds: [] },
  });
  const { status: _, ...nothing } = known;
  expect(newsOf(run, [], nothing)).toMatchObject({ run: { status: 'open' } });
});

const at = (address: string): AwaitRun['replyTo'] => ({ partition: 0, address });
const closed = { ...run, status: 'closed' } as const;
const addresses = (told: ReturnType<RunWaiters['take']>): readonly string[] =>
  told.map(({ query: { replyTo } }) => replyTo.address);

test('who waits is told once, with what is news to it, and others wait on', () => {
  const waiters = new RunWaiters();
  waiters.add(run, query(), epochMillis(1));
  waiters.add(run, query({ replyTo: at('there'), known: { ...known, signalCountMax: 9 } }), epochMillis(1));
  expect(addresses(waiters.take(run, signal(2)))).toEqual(['there']);
  expect(waiters.take(run, signal(2))).toEqual([]);
  expect(addresses(waiters.take(closed))).toEqual(['here']);
  expect(waiters.take(closed)).toEqual([]);
  expect(waiters.count).toBe(0);
});

test('nobody waits for more of a run that is closed', () => {
  const waiters = new RunWaiters();
  waiters.add(closed, query({ known: { ...known, status: 'closed' } }), epochMillis(1));
  expect(waiters.take({ ...run, status: 'open' })).toEqual([]);
});

test('a newer question from the same address takes the place of the former', () => {
  const waiters = new RunWaiters();
  waiters.add(run, query(), epochMillis(1));
  waiters.add(run, query({ requestId: 'query-2' }), epochMillis(2));
  const told = waiters.take(closed);
  expect(told.map(({ query: { requestId } }) => requestId)).toEqual(['query-2']);
});
