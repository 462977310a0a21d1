import {
  currentRules,
  epochMillis,
  executionKey,
  heartbeatKey,
  inputKey,
  type ActivityDescription,
  type Command,
  type Payloads,
  type StateRecord,
} from '@ratchet/domain';
import { charge, client, codec, repliesIn, schedule, Stage } from './scheduler-logic.fixture.ts';

// What of a closed activity is only ever shown stays in the state topic, and in memory as the bytes of its records.

const payloads = (text: string): Payloads => [{ metadata: {}, data: Buffer.from(text) }];
const key = executionKey(charge);
const byId = { by: 'id' } as const;
const common = { target: charge, identity: 'someone' };
const claim: Command = { ...common, type: 'Claim', requestId: 'claim', claimId: 'claim', attempt: byId };
const heartbeat: Command = {
  ...common,
  type: 'RecordHeartbeat',
  requestId: 'heartbeat',
  attempt: byId,
  details: payloads('page 3'),
};
const complete: Command = { ...common, type: 'Complete', requestId: 'done', attempt: byId, result: payloads('42') };
const given = schedule({
  header: { trace: { metadata: {}, data: Buffer.from('t') } },
  userMetadata: { summary: { metadata: {}, data: Buffer.from('a charge') } },
  links: [Buffer.from('link')],
});
const start: Command = { ...given, awaitOutcome: false } as Command;

/** A partition that is sealed at will: what its state topic has. */
class Sealed {
  readonly topic = new Map<string, Buffer | null>();
  stage = new Stage();

  async handle(...commands: readonly Command[]): Promise<this> {
    for (const command of commands) await this.stage.command(command, 1_000);
    return this;
  }

  /** @returns the keys of the activity that were written, tombstones with a minus before them. */
  seal(): readonly string[] {
    const sealed = this.stage.seal();
    for (const [changed, value] of sealed) {
      if (value === null) this.topic.delete(changed);
      else this.topic.set(changed, value);
    }
    const ofActivity = [...sealed].filter(([changed]) => changed.startsWith(key));
    return ofActivity.map(([changed, value]) => `${value === null ? '-' : ''}${changed.slice(key.length)}`);
  }

  async describe(): Promise<ActivityDescription> {
    const query = { type: 'Describe', target: charge, requestId: 'ask', replyTo: client, seenOffset: -1 } as const;
    const [reply] = await repliesIn(await this.stage.query(query, 2_000));
    if (reply?.body.type !== 'Described') throw new Error(`Expected a description, but got ${JSON.stringify(reply)}`);
    expect(reply.body.stateBytes).toBeGreaterThan(0);
    return reply.body.description;
  }

  /** What the next owner has after its restore. */
  async restart(): Promise<void> {
    const before = this.stage.logic.stateHash();
    this.stage = new Stage();
    await this.stage.restoreFrom(this.topic);
    expect(this.stage.logic.stateHash()).toBe(before);
  }
}

const shown = {
  status: 'completed',
  options: { taskQueue: 'payments', startToCloseTimeoutMs: 10_000 },
  input: [{ data: Buffer.from('1') }],
  header: { trace: { data: Buffer.from('t') } },
  userMetadata: { summary: { data: Buffer.from('a charge') } },
  links: [Buffer.from('link')],
  heartbeat: { details: [{ data: Buffer.from('page 3') }], count: 1 },
  outcome: { result: [{ data: Buffer.from('42') }] },
};

test.each<[how: string, sealEach: boolean, written: readonly string[]]>([
  ['between two seals', false, ['', '/#input', '/#heartbeat']],
  ['over several', true, ['', '/#input', '', '/#heartbeat', '']],
])('what is opened and closed %s shows all that it was given, after a restart, too', async (_, sealEach, written) => {
  const sealed = new Sealed();
  const seals: string[] = [];
  for (const command of [start, claim, heartbeat, complete]) {
    await sealed.handle(command);
    if (sealEach) seals.push(...sealed.seal());
  }
  seals.push(...sealed.seal());
  expect(seals.toSorted()).toEqual(written.toSorted());
  expect(await sealed.describe()).toMatchObject(shown);
  await sealed.restart();
  expect(await sealed.describe()).toMatchObject(shown);
});

test('what was given nothing leaves one record', async () => {
  const sealed = new Sealed();
  await sealed.handle({ ...schedule({ input: [] }), awaitOutcome: false } as Command, complete);
  expect(sealed.seal()).toEqual(['']);
  expect(await sealed.describe()).toMatchObject({ status: 'completed', input: [], header: {} });
});

test.each(['at once', 'after a seal', 'after a restart'])('when it expires %s nothing of it is left', async (when) => {
  const sealed = await new Sealed().handle(start, claim, heartbeat, complete);
  if (when !== 'at once') sealed.seal();
  if (when === 'after a restart') await sealed.restart();
  const before = epochMillis(10 * 86_400_000);
  const expire: Command = { type: 'ExpireBefore', requestId: '', identity: '', before, countMax: 10 };
  await sealed.stage.command(expire, before);
  sealed.seal();
  expect([...sealed.topic.keys()]).toEqual(['__progress']);
});

test('links that are attached are written again', async () => {
  const sealed = await new Sealed().handle(
    { type: 'UseRules', version: currentRules, requestId: '', identity: '' },
    start,
  );
  sealed.seal();
  const onConflict = { attachRequestId: false, attachLinks: true };
  const links = [Buffer.from('another')];
  const again = { ...start, target: { ...charge, runId: 'run-2' }, requestId: 'again', links, onConflict };
  await sealed.handle({ ...again, idConflictPolicy: 'use-existing' } as Command);
  expect(sealed.seal()).toEqual(['', '/#input']);
  const record = codec.decodeState(sealed.topic.get(inputKey(key)) ?? Buffer.alloc(0)) as StateRecord;
  expect(record).toMatchObject({ links: [Buffer.from('link'), Buffer.from('another')] });
});

test('a heartbeat that is not written yet when its activity closes is what is shown', async () => {
  const sealed = await new Sealed().handle(start, claim, heartbeat);
  sealed.seal();
  await sealed.handle({ ...heartbeat, details: payloads('page 4') }, complete);
  expect(sealed.seal()).toEqual(['/#heartbeat', '']);
  await sealed.restart();
  expect(await sealed.describe()).toMatchObject({ heartbeat: { details: payloads('page 4'), count: 2 } });
  expect(sealed.topic.has(heartbeatKey(key))).toBe(true);
});
