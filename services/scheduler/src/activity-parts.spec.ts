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
import { topics } from '@ratchet/schemas';
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
const useRules: Command = { type: 'UseRules', version: currentRules, requestId: '', identity: '' };
const start: Command = { ...given, awaitOutcome: false } as Command;

/** A partition that is sealed at will: what its state topics have. */
class Sealed {
  readonly #topics = new Map<string, Map<string, Buffer>>();
  stage = new Stage();

  static async underCurrentRules(): Promise<Sealed> {
    const sealed = new Sealed();
    await sealed.stage.useRules(currentRules);
    sealed.seal();
    return sealed;
  }

  /** By key. */
  in(topic: string): ReadonlyMap<string, Buffer> {
    return this.#topics.get(topic) ?? new Map<string, Buffer>();
  }

  async handle(...commands: readonly Command[]): Promise<this> {
    for (const command of commands) await this.stage.command(command, 1_000);
    return this;
  }

  /** @returns the keys of the activity that were written, tombstones with a minus before them. */
  seal(): readonly string[] {
    const sealed = this.stage.sealRecords();
    for (const { topic, key: changed, value } of sealed) {
      const records = this.#topics.get(topic) ?? new Map<string, Buffer>();
      this.#topics.set(topic, records);
      if (value === null) records.delete(changed ?? '');
      else records.set(changed ?? '', value);
    }
    const ofActivity = sealed.filter((record) => record.key?.startsWith(key) === true);
    return ofActivity.map(({ topic, key: changed, value }) => {
      const of = topic === topics.outcomes ? 'outcome' : '';
      return `${value === null ? '-' : ''}${of}${(changed ?? '').slice(key.length)}`;
    });
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
    const all = [topics.executions, topics.outcomes].flatMap((topic) =>
      [...this.in(topic)].map(([changed, value]) => this.stage.stateRecord(changed, value, topic)),
    );
    await this.stage.restoreRecords(all);
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

test.each([
  ['at once', 1],
  ['after a seal', 1],
  ['after a restart', 1],
  ['at once', currentRules],
  ['after a seal', currentRules],
  ['after a restart', currentRules],
])('when it expires %s nothing of it is left, under rules version %i', async (when, rules) => {
  const sealed = rules === 1 ? new Sealed() : await Sealed.underCurrentRules();
  await sealed.handle(start, claim, heartbeat, complete);
  if (when !== 'at once') sealed.seal();
  if (when === 'after a restart') await sealed.restart();
  const before = epochMillis(10 * 86_400_000);
  const expire: Command = { type: 'ExpireBefore', requestId: '', identity: '', before, countMax: 10 };
  await sealed.stage.command(expire, before);
  sealed.seal();
  expect([...sealed.in(topics.executions).keys()]).toEqual(['__progress']);
  expect([...sealed.in(topics.outcomes).keys()]).toEqual([]);
});

test.each<[how: string, sealEach: boolean, written: readonly string[]]>([
  ['between two seals', false, ['outcome']],
  ['over several', true, ['', '/#input', '', '/#heartbeat', '-', 'outcome', '-/#input', '-/#heartbeat']],
])('what is opened and closed %s stands whole in its outcome, and nowhere else', async (_, sealEach, written) => {
  const sealed = new Sealed();
  const seals: string[] = [];
  for (const command of [start, claim, heartbeat, useRules, complete]) {
    await sealed.handle(command);
    if (sealEach) seals.push(...sealed.seal());
  }
  seals.push(...sealed.seal());
  expect(seals).toEqual(written);
  expect([...sealed.in(topics.executions).keys()]).toEqual(['__progress']);
  expect([...sealed.in(topics.outcomes).keys()]).toEqual([key]);
  await sealed.restart();
  expect(await sealed.describe()).toMatchObject(shown);
});

test.each(['in one group with the rules', 'before', 'before, and restored'])(
  'what has closed under former rules, %s, goes over whole',
  async (when) => {
    const sealed = await new Sealed().handle(start, claim, heartbeat);
    sealed.seal();
    await sealed.handle(complete);
    if (when !== 'in one group with the rules') expect(sealed.seal()).toEqual(['']);
    if (when === 'before, and restored') await sealed.restart();
    await sealed.stage.useRules(currentRules);
    sealed.seal();
    await sealed.handle({
      ...start,
      target: { ...charge, runId: 'run-2' },
      requestId: 'again',
      idReusePolicy: 'reject-duplicate',
    } as Command);
    sealed.seal();
    expect([...sealed.in(topics.executions).keys()]).toEqual(['__progress']);
    expect([...sealed.in(topics.outcomes).keys()]).toEqual([key]);
    expect(await sealed.describe()).toMatchObject(shown);
    await sealed.restart();
    expect(await sealed.describe()).toMatchObject(shown);
  },
);

test('an id that was free again and is taken by the same run leaves nothing of its former life', async () => {
  const sealed = await Sealed.underCurrentRules();
  await sealed.handle(start, complete);
  sealed.seal();
  await sealed.handle({ ...common, type: 'Delete', requestId: 'delete' }, { ...start, requestId: 'again' });
  expect(sealed.seal()).toEqual(['', '-outcome', '/#input']);
  await sealed.restart();
  expect(await sealed.describe()).toMatchObject({ status: 'scheduled' });
});

test('links that are attached are written again', async () => {
  const sealed = await new Sealed().handle(useRules, start);
  sealed.seal();
  const onConflict = { attachRequestId: false, attachLinks: true };
  const links = [Buffer.from('another')];
  const again = { ...start, target: { ...charge, runId: 'run-2' }, requestId: 'again', links, onConflict };
  await sealed.handle({ ...again, idConflictPolicy: 'use-existing' } as Command);
  expect(sealed.seal()).toEqual(['', '/#input']);
  const record = codec.decodeState(sealed.in(topics.executions).get(inputKey(key)) ?? Buffer.alloc(0)) as StateRecord;
  expect(record).toMatchObject({ links: [Buffer.from('link'), Buffer.from('another')] });
});

test('a heartbeat that is not written yet when its activity closes is what is shown', async () => {
  const sealed = await new Sealed().handle(start, claim, heartbeat);
  sealed.seal();
  await sealed.handle({ ...heartbeat, details: payloads('page 4') }, complete);
  expect(sealed.seal()).toEqual(['/#heartbeat', '']);
  await sealed.restart();
  expect(await sealed.describe()).toMatchObject({ heartbeat: { details: payloads('page 4'), count: 2 } });
  expect(sealed.in(topics.executions).has(heartbeatKey(key))).toBe(true);
});
