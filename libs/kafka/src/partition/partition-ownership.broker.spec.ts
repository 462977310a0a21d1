import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka } from '../cluster/connection.ts';
import { CounterStage, type StartedCounter } from '../testing/counter-stage.ts';
import { apiKeys, KafkaProxy } from '../testing/kafka-proxy.ts';

const { brokers } = connectBroker();
const [broker = ''] = brokers;
const deadlineMs = 30_000;
const stages: CounterStage[] = [];

async function newStage(name: string, partitions = 4): Promise<CounterStage> {
  const stage = await CounterStage.create(brokers, uniqueName(name), partitions);
  stages.push(stage);
  return stage;
}
afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

const restored = (counter: StartedCounter): readonly number[] => counter.processor.health().restored;
const restores = (counter: StartedCounter): number =>
  counter.events.filter((event) => event.startsWith('restored')).length;

/** All partitions are restored somewhere, and nobody has two more than another. */
async function balanced(stage: CounterStage, counters: readonly StartedCounter[]): Promise<void> {
  await eventually(
    () => {
      expect(counters.every(({ processor }) => processor.health().ready)).toBe(true);
      const all = counters.flatMap(restored).sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: stage.partitions }, (_, partition) => partition));
      const sizes = counters.map((counter) => restored(counter).length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    },
    { deadlineMs },
  );
}

async function expectCounted(stage: CounterStage, counters: readonly StartedCounter[]): Promise<void> {
  await stage.source.settled();
  const expected = await stage.expectedHashes();
  await eventually(
    () => {
      expect(stage.hashes(...counters)).toEqual(expected);
    },
    { deadlineMs },
  );
}

test('five members over twelve partitions: 3, 3, 2, 2, 2; when one goes, only its own move', async () => {
  const stage = await newStage('five', 12);
  const counters: StartedCounter[] = [];
  for (let index = 0; index < 5; index++) counters.push(await stage.start());
  await balanced(stage, counters);
  expect(counters.map((counter) => restored(counter).length).sort()).toEqual([2, 2, 2, 3, 3]);
  await stage.feed(300);

  const [leaver, ...rest] = counters;
  const before = rest.map((counter) => ({ owned: restored(counter), restores: restores(counter) }));
  await leaver?.stop();
  await balanced(stage, rest);
  for (const [index, counter] of rest.entries()) {
    const kept = before[index]?.owned ?? [];
    expect(restored(counter)).toEqual(expect.arrayContaining([...kept]));
    // Only partitions whose owner changed are restored.
    expect(restores(counter) - (before[index]?.restores ?? 0)).toBe(restored(counter).length - kept.length);
  }
  await stage.feed(300);
  await expectCounted(stage, rest);
});

test('members that come and go under load cost no record and count none twice', async () => {
  const stage = await newStage('load', 8);
  const feeder = { goesOn: true };
  const feeding = (async () => {
    while (feeder.goesOn) {
      await stage.feed(100);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const first = await stage.start();
  await balanced(stage, [first]);
  const second = await stage.start();
  const third = await stage.start();
  await balanced(stage, [first, second, third]);
  await second.stop();
  await balanced(stage, [first, third]);
  await first.stop();
  await balanced(stage, [third]);
  feeder.goesOn = false;
  await feeding;
  await expectCounted(stage, [third]);
  const effects = await stage.read('effects');
  const offsets = new Set(
    effects.map(({ value }) => {
      const { partition, offset } = JSON.parse(String(value)) as { partition: number; offset: number };
      return `${String(partition)}/${String(offset)}`;
    }),
  );
  // What was fed may stand in the log twice, where the broker took a batch and its answer came too late.
  const { length: logged } = await stage.read('commands');
  expect(logged).toBeGreaterThanOrEqual(stage.fed);
  expect(offsets.size).toBe(logged);
});

describe('copies of partitions that another owns', () => {
  const keeping = { processor: { standbyCopies: 1 } };
  const restoredRecords = (counter: StartedCounter): number =>
    counter.events.reduce((sum, event) => sum + Number(/^restored \d+: (\d+)$/.exec(event)?.[1] ?? 0), 0);
  const copied = (counter: StartedCounter): readonly number[] =>
    [...counter.processor.standbyLags].filter(([, lag]) => lag === 0).map(([partition]) => partition);

  test('are with who does not own them, follow, and are gone on with when their owner goes', async () => {
    const stage = await newStage('copies', 4);
    const [first, second] = [await stage.start(keeping), await stage.start(keeping)];
    await balanced(stage, [first, second]);
    // Each group writes what has changed anew: more records than a copy has left to read.
    for (let round = 0; round < 20; round++) {
      await stage.feed(50);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await expectCounted(stage, [first, second]);
    await eventually(
      () => {
        expect([...copied(first)].sort()).toEqual([...restored(second)].sort());
        expect([...copied(second)].sort()).toEqual([...restored(first)].sort());
      },
      { deadlineMs },
    );
    const before = restoredRecords(second);
    await first.stop();
    await balanced(stage, [second]);
    expect(restoredRecords(second) - before).toBeLessThan(60);
    await stage.feed(100);
    await expectCounted(stage, [second]);
    expect(second.processor.standbyLags.size).toBe(0);
  });

  test('move with what moves: who comes gets its share of partitions and of copies', async () => {
    const stage = await newStage('copies-move', 4);
    const counters = [await stage.start(keeping), await stage.start(keeping), await stage.start(keeping)];
    await balanced(stage, counters);
    await stage.feed(200);
    await expectCounted(stage, counters);
    await eventually(
      () => {
        const all = counters.flatMap((counter) => copied(counter)).sort((a, b) => a - b);
        expect(all).toEqual([0, 1, 2, 3]);
        for (const counter of counters) for (const own of restored(counter)) expect(copied(counter)).not.toContain(own);
      },
      { deadlineMs },
    );
  });
});

test.each([
  { outcome: 'was committed, and nobody heard of it', fate: 'swallow-answer' as const },
  { outcome: 'never reached the broker', fate: 'hold' as const },
])('a commit that $outcome: memory is dropped, the partition is taken again, and nothing is lost', async ({ fate }) => {
  const stage = await newStage('unknown', 1);
  const proxy = await KafkaProxy.start(broker);
  const far = await connectKafka({ brokers: [proxy.address], clientId: 'far', requestTimeoutMs: 1500 });
  const counter = await stage.start({ connection: far });
  await balanced(stage, [counter]);
  let commits = 0;
  proxy.decide = ({ apiKey }) => (apiKey === apiKeys.endTxn && ++commits === 2 ? fate : 'forward');
  for (let round = 0; round < 10; round++) {
    await stage.feed(50);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await eventually(() => counter.events.some((event) => event.startsWith('commit failed')), { deadlineMs });
  await eventually(() => restores(counter) === 2, { deadlineMs });
  await expectCounted(stage, [counter]);
  await counter.stop();
  await far.close();
  await proxy.stop();
});

test('a producer that was fenced drops the partition, and takes it again only as the group says', async () => {
  const stage = await newStage('fenced', 1);
  const counter = await stage.start();
  await balanced(stage, [counter]);
  await stage.feed(10);
  await expectCounted(stage, [counter]);

  const intruder = stage.connection.createClient().producer({
    transactionalId: `${stage.service}-0`,
    idempotent: true,
    maxInFlightRequests: 1,
  });
  await intruder.connect();
  await (await intruder.transaction()).abort();
  const heartbeatsBefore = performance.now();
  await stage.feed(10);
  await eventually(() => counter.events.some((event) => /commit failed 0: .*epoch/i.test(event)), { deadlineMs });
  await eventually(() => restores(counter) === 2, { deadlineMs });
  // Two heartbeats lie between, 100 ms apart: the first could have been asked for before.
  expect(performance.now() - heartbeatsBefore).toBeGreaterThan(90);
  await expectCounted(stage, [counter]);
  await intruder.disconnect();
});
