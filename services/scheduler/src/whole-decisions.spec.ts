import { epochMillis, type Command, type Reply } from '@ratchet/domain';
import { InvariantError, recordBytesMax } from '@ratchet/kafka';
import { localCodec, type Codec } from '@ratchet/schemas';
import { charge, client, codec, partition, repliesIn, schedule, Stage, worker } from './scheduler-logic.fixture.ts';

const sent = { requestId: 'request-2', identity: 'worker', replyTo: worker };
const cancel: Command = { type: 'RequestCancel', target: charge, reason: '', cascaded: false, ...sent };
const complete: Command = { type: 'Complete', target: charge, attempt: { by: 'id' }, result: [], ...sent };

/** A codec that cannot write some kind of record. */
const without = (kind: 'encodeTask' | 'encodeReply' | 'encodeCallbackRequest'): Codec =>
  Object.assign(localCodec(), {
    [kind]: () => {
      throw new Error(`no ${kind}`);
    },
  });

describe('a decision is applied whole or not at all', () => {
  const callbackUrls = ['https://example.com/told'];

  test.each([
    { what: 'its task', codec: without('encodeTask'), given: [], command: schedule() },
    { what: 'its answer', codec: without('encodeReply'), given: [], command: schedule({ awaitOutcome: false }) },
    {
      what: 'a callback of its outcome',
      codec: without('encodeCallbackRequest'),
      given: [schedule({ callbackUrls })],
      command: complete,
    },
  ])(
    'when $what cannot be written nothing has changed, and a replay says the same',
    async ({ codec, given, command }) => {
      const stage = new Stage(partition, codec);
      for (const each of given) await stage.command(each, 1_000);
      const before = stage.logic.stateHash();
      stage.seal();

      await expect(stage.command(command, 1_010)).rejects.toThrow(/no encode/);

      expect(stage.logic.stateHash()).toBe(before);
      expect([...stage.seal().keys()]).toEqual(['__progress']);
    },
  );

  test('the next command is decided as if it had not been', async () => {
    const stage = new Stage(partition, without('encodeTask'));
    await expect(stage.command(schedule(), 1_000)).rejects.toThrow();
    const { effects } = await stage.command({ ...cancel, replyTo: client }, 1_010);
    expect(await repliesIn({ effects, changedKeys: [] })).toMatchObject([
      { body: { type: 'Refused', refusal: { reason: 'not-found' } } },
    ]);
  });
});

test('an answer that no record can hold is a refusal that says so', async () => {
  // Nothing that is accepted makes one (see largest-records): whoever gets it knows at least why.
  const encodeReply = (reply: Reply): Buffer =>
    reply.body.type === 'Described' ? Buffer.alloc(recordBytesMax) : codec.encodeReply(reply);
  const stage = new Stage(partition, Object.assign(localCodec(), { encodeReply }));
  await stage.command(schedule({ awaitOutcome: false }), 1_000);

  const query = { type: 'Describe', target: charge, requestId: 'q', replyTo: client, seenOffset: -1 } as const;
  const output = await stage.query(query, 1_003);

  const [reply] = await repliesIn(output);
  expect(reply).toMatchObject({ requestId: 'q', body: { type: 'Refused' } });
  expect(JSON.stringify(reply?.body)).toMatch(/takes \d+ bytes, and a record may have \d+/);
});

test('a rule that breaks stops the partition, and says at which command and of what', async () => {
  const sound = new Stage();
  await sound.command(schedule({ awaitOutcome: false }), 1_000);
  const stage = new Stage();
  await stage.restoreFrom(await dispatchedTooEarly(sound.seal()));
  const before = stage.logic.stateHash();

  const options = { startToCloseTimeoutMs: 5_000, taskQueue: 'payments' };
  const attach = schedule({
    options,
    requestId: 'attach',
    idConflictPolicy: 'use-existing',
    target: { ...charge, runId: 'run-2' },
  });
  const decided = stage.command(attach, 1_010);

  await expect(decided).rejects.toBeInstanceOf(InvariantError);
  await expect(decided).rejects.toThrow(
    /^Expected to decide the Schedule at offset 1 of partition \d+ under rules version 1, but the rules break: Expected activity default\/\/run-1\/charge-1 to be dispatched when it is due/,
  );
  expect(stage.logic.stateHash()).toBe(before);
});

/** A state that no rule has led to. */
async function dispatchedTooEarly(
  state: ReadonlyMap<string, Buffer | null>,
): Promise<ReadonlyMap<string, Buffer | null>> {
  const changed = new Map(state);
  for (const [key, value] of state) {
    const record = value === null ? undefined : await codec.decodeState(value);
    if (record?.type !== 'ActivitySnapshot' || record.activity.status !== 'scheduled') continue;
    const activity = { ...record.activity, dispatchAt: epochMillis(9_000) };
    changed.set(key, codec.encodeState({ type: 'ActivitySnapshot', activity }));
  }
  return changed;
}
