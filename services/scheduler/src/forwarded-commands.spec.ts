import { charge, client, repliesIn, schedule, Stage } from './scheduler-logic.fixture.ts';
import type { Command, ForwardedFrom } from '@ratchet/domain';

const cancel = (forwardedFrom: ForwardedFrom): Command => ({
  type: 'RequestCancel',
  // The latest run of the id, whichever it is.
  target: { ...charge, runId: '' },
  requestId: 'cancel-1',
  identity: 'outside',
  replyTo: client,
  reason: '',
  cascaded: false,
  forwardedFrom,
});

const nextRun = { ...charge, runId: 'run-2' };
const scheduleNext = schedule({ target: nextRun, requestId: 'request-2', awaitOutcome: false });

const statusOf = async (stage: Stage, target: typeof charge): Promise<string | undefined> => {
  const query = { type: 'Describe', target, requestId: 'describe', replyTo: client, seenOffset: -1 } as const;
  const [reply] = await repliesIn(await stage.query(query, 10));
  return reply?.body.type === 'Described' ? reply.body.description.status : undefined;
};

test('what is forwarded again after a crash does not reach the next run of the id', async () => {
  const stage = new Stage();
  await stage.command(schedule({ awaitOutcome: false }), 1);
  expect(await repliesIn(await stage.command(cancel({ offset: 5, index: 0 }), 2))).toHaveLength(1);
  await stage.command(scheduleNext, 3);

  expect(await stage.command(cancel({ offset: 5, index: 0 }), 4)).toEqual({ effects: [], changedKeys: [] });
  expect(await statusOf(stage, charge)).toBe('canceled');
  expect(await statusOf(stage, nextRun)).toBe('scheduled');
});

test('nor when it was refused the first time, nor after a restore', async () => {
  const stage = new Stage();
  await stage.command(cancel({ offset: 5, index: 1 }), 1);
  await stage.command(scheduleNext, 2);
  const restored = new Stage();
  await restored.restoreFrom(stage.seal());

  await restored.command(cancel({ offset: 5, index: 0 }), 3);
  await restored.command(cancel({ offset: 5, index: 1 }), 4);
  expect(await statusOf(restored, nextRun)).toBe('scheduled');
});

test.each([
  { offset: 5, index: 2 },
  { offset: 6, index: 0 },
])('what is forwarded after it is news: %j', async (forwardedFrom) => {
  const stage = new Stage();
  await stage.command(cancel({ offset: 5, index: 1 }), 1);
  await stage.command(scheduleNext, 2);
  await stage.command(cancel(forwardedFrom), 3);
  expect(await statusOf(stage, nextRun)).toBe('canceled');
});
