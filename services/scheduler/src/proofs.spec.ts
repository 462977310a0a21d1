import { jest } from '@jest/globals';
import {
  currentRules,
  epochMillis,
  type AttemptReference,
  type Command,
  type ExecutionId,
  type Failure,
  type StateRecord,
} from '@ratchet/domain';
import { attemptOf, createTokenSigner, decodeTaskToken, type TokenKey } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { progressKey } from './scheduler-logic.ts';
import { charge, codec, repliesIn, schedule, signer, Stage, tasksIn, worker } from './scheduler-logic.fixture.ts';

const sent = { target: charge, identity: 'worker', replyTo: worker };
const failure: Failure = {
  message: 'no',
  source: '',
  stackTrace: '',
  info: { type: 'canceled', details: [], identity: '' },
};
const claim = (attempt: AttemptReference, claimId = 'claim-1'): Command => ({
  type: 'Claim',
  ...sent,
  requestId: claimId,
  claimId,
  attempt,
});
const complete = (attempt: AttemptReference): Command => ({
  type: 'Complete',
  ...sent,
  requestId: 'complete',
  attempt,
  result: [],
});
const reports = (attempt: AttemptReference): readonly Command[] => [
  { type: 'RecordHeartbeat', ...sent, requestId: 'heartbeat', attempt, details: [] },
  { type: 'Fail', ...sent, requestId: 'fail', attempt, failure },
  { type: 'ReportCanceled', ...sent, requestId: 'canceled', attempt, details: [] },
  complete(attempt),
];

/** The attempt of the task that a schedule has dispatched. */
async function attemptIn(stage: Stage): Promise<AttemptReference> {
  const [task] = await tasksIn(await stage.command(schedule({ awaitOutcome: false }), 1_000));
  return attemptOf(decodeTaskToken(task?.taskToken ?? Buffer.alloc(0)));
}

const answerTo = async (stage: Stage, command: Command): Promise<unknown> =>
  (await repliesIn(await stage.command(command, 1_001)))[0]?.body;

const refused = (message: string) => ({ type: 'Refused', refusal: { reason: 'invalid-argument', message } });
const notSet = refused('Task token not set on request.');
const doesNotMatch = refused('Error deserializing task token. The signature does not match.');

describe('under the rules that ask for it', () => {
  test('whoever has the task claims its attempt, and reports', async () => {
    const stage = await Stage.underCurrentRules();
    const attempt = await attemptIn(stage);
    expect(await answerTo(stage, claim(attempt))).toMatchObject({ type: 'Accepted', answer: { type: 'Granted' } });
    for (const report of reports(attempt)) {
      expect(await answerTo(stage, report)).not.toEqual(doesNotMatch);
    }
    expect(stage.dropped).toEqual([]);
  });

  const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1);
  const other = createTokenSigner('the secret of another cluster');
  const proofOf = (attempt: AttemptReference, id: ExecutionId = charge, by = signer): Uint8Array | undefined =>
    attempt.by === 'id' ? undefined : decodeTaskToken(by.sign({ id, ...attempt })).proof;

  test.each<{ given: string; forge: (attempt: AttemptReference & { by: 'token' }) => AttemptReference }>([
    { given: 'no proof', forge: ({ proof: _, ...attempt }) => attempt },
    { given: 'an empty one', forge: (attempt) => ({ ...attempt, proof: Buffer.alloc(0) }) },
    { given: 'another signature', forge: (attempt) => ({ ...attempt, proof: flipped(attempt.proof ?? Buffer.of(0)) }) },
    { given: 'the proof of another attempt', forge: (attempt) => ({ ...attempt, stamp: attempt.stamp + 1 }) },
    {
      given: 'the proof of another activity',
      forge: (attempt) => ({ ...attempt, proof: proofOf(attempt, { ...charge, activityId: 'mine' }) ?? Buffer.of(0) }),
    },
    {
      given: 'the proof of another cluster',
      forge: (attempt) => ({ ...attempt, proof: proofOf(attempt, charge, other) ?? Buffer.of(0) }),
    },
    { given: 'numbers that no token can say', forge: (attempt) => ({ ...attempt, scheduleOffset: -7 }) },
  ])('$given claims nothing, and reports nothing', async ({ forge }) => {
    const stage = await Stage.underCurrentRules();
    const attempt = await attemptIn(stage);
    if (attempt.by === 'id') throw new Error('Expected a token');
    const before = stage.logic.stateHash();
    const commands = [claim(forge(attempt)), ...reports(forge(attempt))];
    for (const command of commands) expect(await answerTo(stage, command)).toEqual(doesNotMatch);
    expect(stage.logic.stateHash()).toBe(before);
    expect(stage.dropped).toEqual(commands.map(() => 'unproved'));
  });

  test('nobody claims by id; a report by id needs no task', async () => {
    const stage = await Stage.underCurrentRules();
    await attemptIn(stage);
    expect(await answerTo(stage, claim({ by: 'id' }))).toEqual(notSet);
    expect(await answerTo(stage, complete({ by: 'id' }))).toMatchObject({ type: 'Accepted' });
  });
});

test('the rules before ask for no proof', async () => {
  const stage = new Stage();
  await attemptIn(stage);
  expect(await answerTo(stage, claim({ by: 'id' }))).toMatchObject({ answer: { type: 'Granted' } });
});

describe('a replay, after a key is gone', () => {
  const march: TokenKey = { id: 'march', secret: 'the key of march' };
  const april: TokenKey = { id: 'april', secret: 'the key of april' };

  /** A partition that has committed and then granted a claim under the key of March; the heir has April's alone. */
  async function afterKeyChange() {
    const ofMarch = createTokenSigner([march]);
    const former = await Stage.underCurrentRules(ofMarch);
    const attempt = await attemptIn(former);
    const committed = former.seal();
    const heir = new Stage(undefined, undefined, createTokenSigner([april]));
    await heir.restoreFrom(committed);
    return { former, heir, attempt };
  }

  test('accepts what was accepted, and nothing of that key that comes after', async () => {
    const { former, heir, attempt } = await afterKeyChange();
    const at = former.nextOffset;
    expect(await answerTo(former, claim(attempt))).toMatchObject({ answer: { type: 'Granted' } });
    heir.logic.goesOn(topics.commands, at + 1);
    expect(await answerTo(heir, claim(attempt))).toMatchObject({ answer: { type: 'Granted' } });
    expect(heir.logic.stateHash()).toBe(former.logic.stateHash());
    expect(await answerTo(heir, claim(attempt, 'claim-2'))).toEqual(doesNotMatch);
  });

  test('accepts nothing of a key that never was', async () => {
    const { heir, attempt } = await afterKeyChange();
    if (attempt.by === 'id') throw new Error('Expected a token');
    heir.logic.goesOn(topics.commands, 1_000);
    const { proof } = decodeTaskToken(createTokenSigner([{ ...march, id: 'may' }]).sign({ id: charge, ...attempt }));
    expect(await answerTo(heir, claim({ ...attempt, proof: proof ?? Buffer.of(0) }))).toEqual(doesNotMatch);
  });
});

describe('new rules', () => {
  const proposals = async (stage: Stage): Promise<readonly unknown[]> =>
    Promise.all(stage.sent.map(async ({ value }) => codec.decodeCommand(value ?? Buffer.alloc(0))));

  test('are proposed in a partition that has decided nothing yet', async () => {
    const stage = new Stage();
    await stage.restoreFrom(new Map());
    expect(await proposals(stage)).toMatchObject([{ type: 'UseRules', version: currentRules }]);
    expect(stage.sent).toMatchObject([{ topic: topics.commands, partition: expect.any(Number) as number }]);
  });

  test('are proposed in any other once it has stayed here for a minute', async () => {
    jest.useFakeTimers();
    const former = new Stage();
    await attemptIn(former);
    const [heir, lost] = [new Stage(), new Stage()];
    for (const stage of [heir, lost]) await stage.restoreFrom(former.seal());
    lost.logic.close();
    jest.advanceTimersByTime(59_000);
    expect(heir.sent).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(await proposals(heir)).toMatchObject([{ type: 'UseRules', version: currentRules }]);
    expect(lost.sent).toEqual([]);
    jest.useRealTimers();
  });

  test('are not proposed beyond the version that an operator allows', async () => {
    const held = new Stage(undefined, undefined, undefined, undefined, { rulesMax: 2 });
    await held.restoreFrom(new Map());
    expect(await proposals(held)).toMatchObject([{ type: 'UseRules', version: 2 }]);
    await held.useRules(2);
    const heir = new Stage(undefined, undefined, undefined, undefined, { rulesMax: 2 });
    jest.useFakeTimers();
    await heir.restoreFrom(held.seal());
    jest.advanceTimersByTime(3_600_000);
    expect(heir.sent).toEqual([]);
    jest.useRealTimers();
  });

  test('that are in force and that this version does not know stop the partition, and a newer version is asked for', async () => {
    const former = new Stage();
    await former.useRules(currentRules);
    const records = new Map(former.seal());
    const progress: StateRecord = {
      type: 'Progress',
      commands: 1,
      queries: 0,
      now: epochMillis(0),
      rules: currentRules + 1,
      tokenKeyIds: [],
      unsentTopics: [],
    };
    records.set(progressKey, codec.encodeState(progress));
    await expect(new Stage().restoreFrom(records)).rejects.toMatchObject({
      code: 'RKT1011',
      retryable: false,
      message: expect.stringContaining(`rules version ${String(currentRules + 1)}`) as unknown,
    });
  });

  test('are not proposed where they are in force', async () => {
    jest.useFakeTimers();
    const heir = new Stage();
    await heir.restoreFrom((await Stage.underCurrentRules()).seal());
    jest.advanceTimersByTime(3_600_000);
    expect(heir.sent).toEqual([]);
    jest.useRealTimers();
  });
});
