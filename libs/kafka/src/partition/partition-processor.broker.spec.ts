import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import type { PartitionLogic } from './partition-logic.ts';
import { PartitionProcessor } from './partition-processor.ts';
import type { InputRecord } from '../record.ts';
import { CounterStage, testTuning, type StartedCounter } from '../testing/counter-stage.ts';
import { apiKeys, KafkaProxy } from '../testing/kafka-proxy.ts';
import { connectKafka } from '../cluster/connection.ts';
import { Outbox } from '../outbox/outbox.ts';

const { brokers } = connectBroker();
const [broker = ''] = brokers;
const stages: CounterStage[] = [];
const outboxes: Outbox[] = [];

async function newStage(name: string, partitions = 4): Promise<CounterStage> {
  const stage = await CounterStage.create(brokers, uniqueName(name), partitions);
  stages.push(stage);
  return stage;
}
afterEach(async () => {
  await Promise.all(outboxes.splice(0).map((outbox) => outbox.close()));
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

const allRestored = (stage: CounterStage, { processor }: StartedCounter): Promise<unknown> =>
  eventually(() => processor.health().ready && processor.health().restored.length === stage.partitions, {
    deadlineMs: 20_000,
  });

async function expectCounted(stage: CounterStage, counter: StartedCounter): Promise<void> {
  await stage.source.settled();
  const expected = await stage.expectedHashes();
  await eventually(() => {
    expect(stage.hashes(counter)).toEqual(expected);
  });
}

test('what was counted is restored by the next, which handles nothing twice', async () => {
  const stage = await newStage('restart');
  const first = await stage.start();
  await stage.feed(1000);
  await expectCounted(stage, first);
  await first.stop();
  expect(first.processor.health().ready).toBe(false);

  const second = await stage.start();
  await allRestored(stage, second);
  expect(stage.hashes(second)).toEqual(await stage.expectedHashes());
  await stage.feed(1);
  await expectCounted(stage, second);
  expect(await stage.read('effects')).toHaveLength(1001);
});

test('the trace context goes on to effects and state, and nothing that is none', async () => {
  const stage = await newStage('trace', 1);
  await stage.start();
  const { commands } = stage.topics;
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const send = (key: string, trace: string): Promise<unknown> =>
    stage.source.send({ topic: commands, key, value: Buffer.from('x'), headers: { traceparent: trace } });
  await send('a', traceparent);
  await send('b', 'x'.repeat(8_000));
  await eventually(async () => (await stage.read('state')).some(({ key }) => key === 'b'));
  for (const topic of ['effects', 'state'] as const) {
    const traces = new Map((await stage.read(topic)).map(({ key, headers }) => [key, headers['traceparent']]));
    expect([String(traces.get('a')), traces.get('b')]).toEqual([traceparent, undefined]);
  }
});

test.each([
  { value: 'poison', reason: 'it is poison' },
  { value: 'throw', reason: 'it says throw' },
])(
  'a command that says $value goes to the dead letters as it was, and everything else is counted',
  async ({ value, reason }) => {
    const stage = await newStage('poison');
    const counter = await stage.start();
    await stage.feed(50);
    stage.feedOne('bad', value);
    await stage.feed(50);
    await expectCounted(stage, counter);

    const letters = await eventually(async () => {
      const found = await stage.readTopic(`${stage.topics.commands}.dlq`);
      expect(found).toHaveLength(1);
      return found;
    });
    expect(letters[0]).toMatchObject({ key: 'bad', value: Buffer.from(value) });
    expect(String(letters[0]?.headers['ratchet-dlq-reason'])).toContain(reason);
    const [original] = (await stage.read('commands')).filter(({ key }) => key === 'bad');
    expect(String(letters[0]?.headers['ratchet-dlq-offset'])).toBe(String(original?.offset));
    const partition = String(letters[0]?.headers['ratchet-dlq-partition']);
    expect(counter.events).toContain(`dead-lettered ${stage.topics.commands} ${partition}`);
  },
);

test('an effect that can never be sent goes to the dead letters, and stops nothing', async () => {
  const stage = await newStage('unsendable');
  const counter = await stage.start();
  await stage.feed(50);
  stage.feedOne('key-1', 'to:99');
  await stage.feed(50);
  await expectCounted(stage, counter);
  await eventually(async () => (await stage.readTopic(`${stage.topics.effects}.dlq`)).length === 1);
  expect(await stage.read('effects')).toHaveLength(100);
});

test('a group larger than a batch may be is written whole', async () => {
  const stage = await newStage('large', 1);
  const counter = await stage.start();
  await allRestored(stage, counter);
  stage.feedOne('first', 'count');
  for (let index = 0; index < 24; index++) stage.feedOne(`large-${String(index)}`, 'large:600000');
  await expectCounted(stage, counter);
  await counter.stop();

  const second = await stage.start();
  await allRestored(stage, second);
  expect(stage.hashes(second)).toEqual(await stage.expectedHashes());
  expect(second.logics.get(0)?.counts.size).toBe(25);
});

test('a state topic whose tail is aborted records is restored to its end', async () => {
  const stage = await newStage('aborted', 1);
  const first = await stage.start();
  await stage.feed(100);
  await expectCounted(stage, first);
  await first.stop();
  const producer = stage.connection.createClient().producer({
    transactionalId: `${stage.service}-other`,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await producer.connect();
  for (let round = 0; round < 3; round++) {
    const transaction = await producer.transaction();
    const messages = [{ key: 'key-1', value: 'never', partition: 0 }];
    await transaction.sendBatch({ topicMessages: [{ topic: stage.topics.state, messages }] });
    await transaction.abort();
  }
  await producer.disconnect();

  const second = await stage.start();
  await allRestored(stage, second);
  await stage.feed(10);
  await expectCounted(stage, second);
});

describe('records that were deleted before they were read', () => {
  async function withDeleted(onGap: 'stop' | 'skip'): Promise<{ stage: CounterStage; second: StartedCounter }> {
    const stage = await newStage('gap', 1);
    const { commands } = stage.topics;
    const first = await stage.start();
    await stage.feed(10);
    await expectCounted(stage, first);
    await first.stop();
    await stage.feed(20);
    await stage.deleteBefore(20);
    const second = await stage.start({ processor: { inputs: [{ topic: commands, start: 'progress', onGap }] } });
    return { stage, second };
  }

  test('stop the partition, with what is missing', async () => {
    const { second } = await withDeleted('stop');
    const [partition] = await eventually(() => {
      const { partitions } = second.processor.health();
      expect(partitions[0]?.phase).toBe('stopped');
      return partitions;
    });
    expect(partition?.error).toMatch(/RKT1005.*go on at offset 10 of .*, but its log has the offsets 20 to 30/);
    expect(second.processor.health().ready).toBe(false);
  });

  test('stop the partition, too, when nothing was ever committed', async () => {
    const stage = await newStage('gap', 1);
    await stage.feed(20);
    await stage.deleteBefore(15);
    const counter = await stage.start();
    await eventually(() => {
      const [partition] = counter.processor.health().partitions;
      expect(partition?.error).toMatch(/RKT1005.*go on at offset 0 of .*, but its log has the offsets 15 to 20/);
    });
    expect(counter.logics.get(0)?.counts.size).toBe(0);
  });

  test('are skipped where that is allowed', async () => {
    const { second } = await withDeleted('skip');
    await eventually(
      () => [...(second.logics.get(0)?.counts.values() ?? [])].reduce((sum, { count }) => sum + count, 0) === 20,
    );
    expect(second.processor.health().ready).toBe(true);
  });

  test('are noticed while running, too', async () => {
    const stage = await newStage('gap', 1);
    const proxy = await KafkaProxy.start(broker);
    const far = await connectKafka({ brokers: [proxy.address], clientId: 'far', requestTimeoutMs: 1000 });
    const counter = await stage.start({ connection: far });
    await allRestored(stage, counter);
    await stage.feed(5);
    await expectCounted(stage, counter);
    // Fetches do not get through while records come and go.
    proxy.decide = ({ apiKey }) => (apiKey === apiKeys.fetch ? 'hold' : 'forward');
    proxy.cut();
    await stage.feed(20);
    await stage.deleteBefore(15);
    proxy.decide = () => 'forward';
    proxy.cut();
    await eventually(() => counter.processor.health().partitions[0]?.error?.includes('RKT1005') === true, {
      deadlineMs: 20_000,
    });
    await counter.stop();
    await far.close();
    await proxy.stop();
  });
});

describe('a partition', () => {
  const tuning = { ...testTuning, stuckMsMax: 1_500 };
  const stuckOf = ({ processor }: StartedCounter): readonly number[] => processor.health().stuck;
  const lookedOften = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 3 * tuning.stuckMsMax));

  test('whose log grows while nobody brings the records is stuck, until they come', async () => {
    const stage = await newStage('starved', 2);
    const proxy = await KafkaProxy.start(broker);
    const far = await connectKafka({ brokers: [proxy.address], clientId: 'far' });
    const counter = await stage.start({ connection: far, processor: { tuning } });
    await allRestored(stage, counter);
    await stage.feed(20);
    await expectCounted(stage, counter);
    await lookedOften();
    expect(stuckOf(counter)).toEqual([]);
    // Heartbeats and all else get through.
    let heldCount = 0;
    proxy.decide = ({ apiKey }) => {
      if (apiKey === apiKeys.fetch) heldCount++;
      return apiKey === apiKeys.fetch ? 'hold' : 'forward';
    };
    await eventually(() => heldCount > 0);
    await stage.feed(20);
    await eventually(() => expect(stuckOf(counter)).toEqual([0, 1]));
    proxy.decide = () => 'forward';
    proxy.cut();
    await expectCounted(stage, counter);
    expect(stuckOf(counter)).toEqual([]);
    await counter.stop();
    await far.close();
    await proxy.stop();
  });

  test.each([
    ['is stuck while a record is never read', () => new Promise<string>(() => undefined), [0]],
    ['is not while it is known what it waits for', () => Promise.reject(new Error('the registry is away')), []],
  ])('%s', async (_, decode, expected) => {
    const stage = await newStage('unread', 1);
    const counter = await stage.start({ processor: { tuning } });
    await allRestored(stage, counter);
    const logic = counter.logics.get(0);
    if (logic !== undefined) Object.assign(logic, { decode });
    await stage.feed(5);
    await lookedOften();
    expect(stuckOf(counter)).toEqual(expected);
  });
});

test('an invariant that breaks outside of handling stops its partition, and no other', async () => {
  const stage = await newStage('broken', 2);
  const counter = await stage.start();
  await allRestored(stage, counter);
  const broken = counter.logics.get(0);
  if (broken !== undefined)
    broken.encodeState = () => {
      throw new Error('the code is wrong');
    };
  await stage.feed(100);
  await eventually(() => {
    const phases = counter.processor.health().partitions.map(({ phase }) => phase);
    expect(phases).toEqual(['stopped', 'running']);
  });
  expect(counter.processor.health().partitions[0]?.error).toContain('the code is wrong');
  const [, expected] = await stage.expectedHashes();
  await eventually(() => stage.hashes(counter)[1] === expected);
});

test('input waits when effects do not get through, and goes on when they do', async () => {
  const stage = await newStage('pressure', 1);
  const proxy = await KafkaProxy.start(broker);
  const far = await connectKafka({ brokers: [proxy.address], clientId: 'far', requestTimeoutMs: 1000 });
  const counter = await stage.start({
    connection: far,
    processor: { tuning: { ...testTuning, groupBytesMax: 20_000, queueBytesMax: 50_000 } },
  });
  await allRestored(stage, counter);
  proxy.decide = ({ apiKey, isTransactional }) => (apiKey === apiKeys.produce && !isTransactional ? 'hold' : 'forward');
  await stage.feed(5000, 'x'.repeat(100));
  const counted = (): number =>
    [...(counter.logics.get(0)?.counts.values() ?? [])].reduce((sum, { count }) => sum + count, 0);
  await eventually(() => counted() >= 400);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(counted()).toBeLessThan(1500);

  proxy.decide = () => 'forward';
  proxy.cut();
  await expectCounted(stage, counter);
  await counter.stop();
  await far.close();
  await proxy.stop();
});

test('topics with different numbers of partitions are refused', async () => {
  const [stage, other] = [await newStage('three', 3), await newStage('four', 4)];
  const inputs = [stage, other].map(({ topics }) => ({ topic: topics.commands, start: 'progress' as const }));
  await expect(stage.start({ processor: { inputs } })).rejects.toThrow(/RKT1003.*commands: 3, .*commands: 4/);
});

/** Notes what it is given, and sends what it is told to. */
class NotingLogic implements PartitionLogic<string> {
  readonly notes: string[];
  readonly #effects: string | undefined;

  constructor(notes: string[], effects?: string) {
    this.notes = notes;
    this.#effects = effects;
  }

  restore({ value }: InputRecord): void {
    this.notes.push(`restore ${String(value)}`);
  }
  restored(): ReadonlyMap<string, number> {
    this.notes.push('restored');
    return new Map();
  }
  decode({ value }: InputRecord): string {
    return String(value);
  }
  handle(
    { key }: InputRecord,
    value: string,
  ): { effects: { topic: string; key: string | null; value: Buffer }[]; changedKeys: [] } {
    this.notes.push(`handle ${value}`);
    const topic = this.#effects;
    return { effects: topic === undefined ? [] : [{ topic, key, value: Buffer.from(value) }], changedKeys: [] };
  }
  encodeState(): readonly [] {
    return [];
  }
  encodeProgress(): never {
    throw new Error('Expected never to be asked for progress');
  }
  close(): void {
    this.notes.push('closed');
  }
}

async function startNoting(
  stage: CounterStage,
  start: 'beginning' | 'group',
  notes: string[],
): Promise<PartitionProcessor<string>> {
  const { connection, topics, service } = stage;
  const outbox = new Outbox({ connection, steadyTopics: [topics.effects] });
  const processor = new PartitionProcessor<string>({
    connection,
    service: `${service}-noting`,
    inputs: [{ topic: topics.commands, start }],
    outbox,
    createLogic: () => new NotingLogic(notes, start === 'group' ? topics.effects : undefined),
    tuning: testTuning,
  });
  await processor.start();
  outboxes.push(outbox);
  return processor;
}

test('an input from its beginning is restored up to its end, and handled from there', async () => {
  const stage = await newStage('beginning', 1);
  for (const value of ['a', 'b', 'c']) stage.feedOne('key', value);
  await stage.source.settled();
  const notes: string[] = [];
  const processor = await startNoting(stage, 'beginning', notes);
  await eventually(() => processor.health().ready);
  for (const value of ['d', 'e']) stage.feedOne('key', value);
  await eventually(() => notes.includes('handle e'));
  await processor.stop();
  expect(notes).toEqual(['restore a', 'restore b', 'restore c', 'restored', 'handle d', 'handle e', 'closed']);
});

test('an input of the group goes on where the effects were acknowledged', async () => {
  const stage = await newStage('group', 1);
  for (const value of ['a', 'b']) stage.feedOne('key', value);
  const notes: string[] = [];
  const first = await startNoting(stage, 'group', notes);
  await eventually(() => notes.includes('handle b'));
  await first.stop();
  stage.feedOne('key', 'c');
  const second = await startNoting(stage, 'group', notes);
  await eventually(() => notes.includes('handle c'));
  await second.stop();
  expect(notes).toEqual(['restored', 'handle a', 'handle b', 'closed', 'restored', 'handle c', 'closed']);
  expect((await stage.read('effects')).map(({ value }) => String(value))).toEqual(['a', 'b', 'c']);
});

test('100,000 keys are restored, with the same hash, in seconds', async () => {
  const stage = await newStage('many');
  const first = await stage.start();
  for (let index = 0; index < 50; index++) stage.feedOne(`key-${String(index)}`, 'spread:2000');
  await eventually(() => [...first.logics.values()].reduce((sum, { counts }) => sum + counts.size, 0) === 100_000, {
    deadlineMs: 60_000,
  });
  await first.stop();
  const hashes = [...first.logics].sort(([a], [b]) => a - b).map(([, logic]) => logic.hash());

  const second = await stage.start();
  await eventually(() => second.processor.health().restored.length === stage.partitions, { deadlineMs: 30_000 });
  expect(stage.hashes(second)).toEqual(hashes);
});
