import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { partitionKey, type Command, type ExecutionId, type Reply } from '@ratchet/domain';
import { partitionFor, recordBytesMax } from '@ratchet/kafka';
import { localCodec, type Codec } from '@ratchet/schemas';
import {
  charge,
  client,
  codec,
  partition,
  partitions,
  repliesIn,
  schedule,
  Stage,
  worker,
} from './scheduler-logic.fixture.ts';

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

describe('a restored state', () => {
  /** Ids that belong to the partition of the stage. */
  const targets = (count: number): readonly ExecutionId[] => {
    const found: ExecutionId[] = [];
    for (let index = 0; found.length < count; index++) {
      const target = { ...charge, activityId: `charge-${String(index)}` };
      if (partitionFor(partitionKey(target), partitions) === partition) found.push(target);
    }
    return found;
  };

  async function scheduled(all: readonly ExecutionId[], inputBytes: number): Promise<Stage> {
    const stage = new Stage();
    for (const target of all) {
      const input = [{ metadata: {}, data: Buffer.alloc(inputBytes) }];
      await stage.command(schedule({ target, requestId: target.activityId, input, awaitOutcome: false }), 1_000);
    }
    return stage;
  }

  /** Bytes outside of the heap, where inputs are, once no more can be collected. */
  const bufferBytes = async (): Promise<number> => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    let least = Infinity;
    // What an `await` still holds is let go in a later turn, and its memory by another thread.
    for (let turn = 0; turn < 4; turn++) {
      await sleep(10);
      collect();
      least = Math.min(least, process.memoryUsage().arrayBuffers);
    }
    return least;
  };

  /** Apart, so that nothing of the former owner stays in a caller's hands. */
  async function heirOf(all: readonly ExecutionId[]): Promise<Stage> {
    const former = await scheduled(all, 1024 * 1024);
    const heir = new Stage();
    await heir.restoreFrom(former.seal());
    return heir;
  }

  test('keeps no input of what has closed since', async () => {
    const all = targets(24);
    const before = await bufferBytes();
    const heir = await heirOf(all);
    expect((await bufferBytes()) - before).toBeGreaterThan(16 * 1024 * 1024);
    for (const target of all) await heir.command({ ...complete, target }, 1_010);
    heir.seal();
    expect((await bufferBytes()) - before).toBeLessThan(6 * 1024 * 1024);
  });

  test('is put together in turns, between which the event loop gets its own', async () => {
    const sealed = (await scheduled(targets(3_000), 1)).seal();
    const heir = new Stage();
    for (const [key, value] of sealed) await heir.logic.restore(heir.stateRecord(key, value));
    let turns = 0;
    const count = (): void => {
      turns++;
      handle = setImmediate(count);
    };
    let handle = setImmediate(count);
    await heir.logic.restored();
    clearImmediate(handle);
    expect(turns).toBeGreaterThanOrEqual(5);
  });
});
