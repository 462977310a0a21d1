import { currentRules, epochMillis, type Command, type ForwardedFrom } from '@ratchet/domain';
import { createTokenSigner } from '@ratchet/protocol';
import { charge, client, partition, repliesIn, schedule, signer, Stage } from './scheduler-logic.fixture.ts';

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

/** As the cancellation service says it of a record. */
function from(offset: number, index: number, appendedAt = 1_000): ForwardedFrom {
  const place = { offset, index, appendedAt: epochMillis(appendedAt) };
  return { ...place, proof: signer.signForwarding({ partition, ...place }) };
}

const nextRun = { ...charge, runId: 'run-2' };
const scheduleNext = schedule({ target: nextRun, requestId: 'request-2', awaitOutcome: false });

const statusOf = async (stage: Stage, target: typeof charge): Promise<string | undefined> => {
  const query = { type: 'Describe', target, requestId: 'describe', replyTo: client, seenOffset: -1 } as const;
  const [reply] = await repliesIn(await stage.query(query, 10));
  return reply?.body.type === 'Described' ? reply.body.description.status : undefined;
};

/** A partition that has decided a forwarded command, which was refused, and in which the next run has begun. */
async function stageAfter(forwardedFrom: ForwardedFrom): Promise<Stage> {
  const stage = await Stage.underCurrentRules();
  await stage.command(cancel(forwardedFrom), 1);
  await stage.command(scheduleNext, 2);
  return stage;
}

test('what is forwarded again after a crash does not reach the next run of the id', async () => {
  const stage = await Stage.underCurrentRules();
  await stage.command(schedule({ awaitOutcome: false }), 1);
  expect(await repliesIn(await stage.command(cancel(from(5, 0)), 2))).toHaveLength(1);
  await stage.command(scheduleNext, 3);

  expect(await stage.command(cancel(from(5, 0)), 4)).toEqual({ effects: [], changedKeys: [] });
  expect(stage.dropped).toEqual(['repeated']);
  expect(await statusOf(stage, charge)).toBe('canceled');
  expect(await statusOf(stage, nextRun)).toBe('scheduled');
});

test('nor when it was refused the first time, nor after a restore', async () => {
  const restored = new Stage();
  await restored.restoreFrom((await stageAfter(from(5, 1))).seal());

  await restored.command(cancel(from(5, 0)), 3);
  await restored.command(cancel(from(5, 1)), 4);
  expect(restored.dropped).toEqual(['repeated', 'repeated']);
  expect(await statusOf(restored, nextRun)).toBe('scheduled');
});

test.each<{ given: string; later: ForwardedFrom }>([
  { given: 'a later command of the same record', later: from(5, 2) },
  { given: 'a later record', later: from(6, 0) },
  { given: 'a later record, though the clock of the new leader is behind', later: from(6, 0, 900) },
  { given: 'the first record of a topic that was made anew', later: from(0, 0, 1_001) },
])('what is forwarded after it is news: $given', async ({ later }) => {
  const stage = await stageAfter(from(5, 1));
  await stage.command(cancel(later), 3);
  expect(await statusOf(stage, nextRun)).toBe('canceled');
  // And then it is none.
  await stage.command(cancel(later), 4);
  expect(stage.dropped).toEqual(['repeated']);
});

test('a record that a slow clock stamped does not make an earlier one look like news', async () => {
  const stage = await stageAfter(from(5, 0, 1_000));
  await stage.command(cancel(from(6, 0, 900)), 3);
  await stage.command(schedule({ target: { ...charge, runId: 'run-3' }, requestId: 'request-3' }), 4);
  await stage.command(cancel(from(5, 0, 1_000)), 5);
  expect(stage.dropped).toEqual(['repeated']);
});

test('what an older version forwarded is compared by its place alone', async () => {
  const stage = new Stage();
  await stage.command(cancel({ offset: 5, index: 0, appendedAt: epochMillis(0) }), 1);
  await stage.useRules(currentRules);
  await stage.command(scheduleNext, 2);
  await stage.command(cancel(from(5, 0)), 3);
  expect(stage.dropped).toEqual(['repeated']);
  await stage.command(cancel(from(6, 0)), 4);
  expect(await statusOf(stage, nextRun)).toBe('canceled');
});

describe('a place that nobody signed moves nothing', () => {
  /** The largest number that a record can carry. */
  const farthest = Number.MAX_SAFE_INTEGER - 1;
  const forged = { offset: farthest, index: 0, appendedAt: epochMillis(farthest) };
  const other = createTokenSigner('the secret of another cluster');
  test.each<{ given: string; forwardedFrom: ForwardedFrom }>([
    { given: 'no proof', forwardedFrom: forged },
    { given: 'an empty one', forwardedFrom: { ...forged, proof: Buffer.alloc(0) } },
    { given: 'one of another place', forwardedFrom: { ...from(6, 0), offset: farthest } },
    { given: 'one of another time', forwardedFrom: { ...from(6, 0), appendedAt: epochMillis(5_000) } },
    {
      given: 'one of another partition',
      forwardedFrom: { ...forged, proof: signer.signForwarding({ ...forged, partition: partition + 1 }) },
    },
    {
      given: 'one of another cluster',
      forwardedFrom: { ...forged, proof: other.signForwarding({ ...forged, partition }) },
    },
    { given: 'a place that is none', forwardedFrom: { ...from(6, 0), offset: -1 } },
  ])('$given', async ({ forwardedFrom }) => {
    const stage = await stageAfter(from(5, 0));
    const [reply] = await repliesIn(await stage.command(cancel(forwardedFrom), 3));
    expect(reply?.body).toMatchObject({ type: 'Refused', refusal: { reason: 'invalid-argument' } });
    expect(stage.dropped).toEqual(['unproved']);
    expect(await statusOf(stage, nextRun)).toBe('scheduled');

    await stage.command(cancel(from(6, 0)), 4);
    expect(await statusOf(stage, nextRun)).toBe('canceled');
  });
});
