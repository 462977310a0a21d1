import type { CompletionEvent } from '@ratchet/domain';
import { missingFailure } from '@ratchet/domain';
import { localCodec } from '@ratchet/schemas';
import { CompletionHandler } from './completion-handler.ts';

let asked: readonly unknown[] = [];
const ask =
  (what: string) =>
  (...args: readonly unknown[]): Promise<never> => {
    asked = [what, ...args];
    return Promise.resolve(undefined as never);
  };
const codec = localCodec();
const handler = new CompletionHandler({
  codec,
  attempts: {
    complete: ask('complete'),
    fail: ask('fail'),
    reportCanceled: ask('reportCanceled'),
    heartbeat: ask('heartbeat'),
  },
});

const target = { namespace: 'orders', workflowId: '', runId: '', activityId: 'charge-1' };
const event = (more: Partial<CompletionEvent> = {}): CompletionEvent => ({
  eventId: 'e1',
  source: '/billing',
  target,
  body: { type: 'Completed', result: [] },
  ...more,
});
const reportIdOf = async (of: CompletionEvent): Promise<unknown> => {
  await handler.carryOut(of, undefined);
  return (asked.at(-1) as { readonly reportId: unknown }).reportId;
};

test.each<[CompletionEvent['body'], string]>([
  [{ type: 'Completed', result: [] }, 'complete'],
  [{ type: 'Failed', failure: missingFailure }, 'fail'],
  [{ type: 'Canceled', details: [] }, 'reportCanceled'],
  [{ type: 'Heartbeat', details: [] }, 'heartbeat'],
])('%j is carried out by ids', async (body, what) => {
  await handler.carryOut(event({ body }), undefined);
  expect(asked.slice(0, 3)).toMatchObject([what, { namespace: 'orders', identity: '/billing' }, target]);
});

test('a task token names the namespace itself', async () => {
  await handler.carryOut(event({ taskToken: Buffer.from([1]) }), undefined);
  expect(asked.slice(0, 3)).toMatchObject(['complete', { namespace: '' }, { taskToken: Buffer.from([1]) }]);
});

test('the same event has the same report id, another has another', async () => {
  const id = await reportIdOf(event());
  expect(await reportIdOf(event({ body: { type: 'Canceled', details: [] } }))).toBe(id);
  expect(await reportIdOf(event({ eventId: 'e2' }))).not.toBe(id);
  expect(await reportIdOf(event({ source: '/other' }))).not.toBe(id);
  expect(await reportIdOf(event({ source: '/billing","e1', eventId: '' }))).not.toBe(id);
});

test('who sent it is told in as many characters as an identity may have', async () => {
  const source = `/${'\u{1F4B3}'.repeat(240)}`;
  await handler.carryOut(event({ source }), undefined);
  const { identity } = asked[1] as { readonly identity: string };
  expect([identity.length, identity.isWellFormed()]).toEqual([200, true]);
});

test('an event that names nothing is refused', async () => {
  const { target: _, ...nameless } = event();
  await expect(handler.carryOut(nameless, undefined)).rejects.toMatchObject({ name: 'PoisonousRecordError' });
});

test('a tombstone is refused', () => {
  const record = { topic: 't', partition: 0, offset: 0, key: 'k', value: null, headers: {}, timestampMs: 0 };
  expect(() => handler.read(record)).toThrow('tombstone');
});
