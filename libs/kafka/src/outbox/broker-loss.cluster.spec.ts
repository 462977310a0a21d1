import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, startKafka, uniqueName, type RunningKafka } from '@ratchet/testing';
import type { SentRecord } from '../record.ts';
import { CounterStage, type StartedCounter } from '../testing/counter-stage.ts';

const deadlineMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'ratchet-broker-loss-'));
let kafka: RunningKafka;

beforeAll(async () => {
  kafka = await startKafka({ folder, brokers: 3, registry: false });
}, 120_000);
afterAll(async () => {
  await kafka.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A steady load, and what the brokers have acknowledged of it. */
class Load {
  readonly acknowledged: { readonly value: string; readonly sent: SentRecord }[] = [];
  readonly #stage: CounterStage;
  #goesOn = true;
  #asked = 0;
  readonly #waiting: Promise<unknown>[] = [];
  readonly #running: Promise<void>;

  constructor(stage: CounterStage) {
    this.#stage = stage;
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#goesOn = false;
    await this.#running;
    await Promise.all(this.#waiting);
  }

  async #run(): Promise<void> {
    while (this.#goesOn) {
      for (let index = 0; index < 10; index++) this.#waiting.push(this.#ask());
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #ask(): Promise<void> {
    const value = String(this.#asked++);
    const topic = this.#stage.topics.commands;
    const sent = await this.#stage.source.send({
      topic,
      key: `key-${String(Number(value) % 50)}`,
      value: Buffer.from(value),
    });
    this.acknowledged.push({ value, sent });
  }
}

/** More is acknowledged than was at this moment. */
async function goesOn(load: Load): Promise<void> {
  const before = load.acknowledged.length;
  await eventually(() => load.acknowledged.length > before + 100, { deadlineMs });
}

async function expectNothingLost(stage: CounterStage, load: Load, counters: readonly StartedCounter[]): Promise<void> {
  const commands = await stage.read('commands');
  const written = new Set(
    commands.map(({ partition, offset, value }) => `${String(partition)}/${String(offset)}=${String(value)}`),
  );
  const lost = load.acknowledged.filter(
    ({ value, sent }) => !written.has(`${String(sent.partition)}/${String(sent.offset)}=${value}`),
  );
  expect(lost).toEqual([]);
  const expected = await stage.expectedHashes();
  await eventually(
    () => {
      expect(stage.hashes(...counters)).toEqual(expected);
    },
    { deadlineMs },
  );

  const effects = await stage.read('effects');
  const answered = new Set(
    effects.map(({ value }) => {
      const { partition, offset } = JSON.parse(String(value)) as { partition: number; offset: number };
      return `${String(partition)}/${String(offset)}`;
    }),
  );
  expect(commands.filter(({ partition, offset }) => !answered.has(`${String(partition)}/${String(offset)}`))).toEqual(
    [],
  );
}

test('brokers are killed one after the other under load: leaders move, and nothing acknowledged is lost', async () => {
  const stage = await CounterStage.create(kafka.brokers.split(','), uniqueName('loss'), 6, 3);
  const counters = [await stage.start(), await stage.start()];
  const load = new Load(stage);
  await goesOn(load);
  for (const broker of [1, 2, 3]) {
    await kafka.killBroker?.(broker);
    await goesOn(load);
    await kafka.startBroker?.(broker);
    await goesOn(load);
  }
  await load.stop();
  await expectNothingLost(stage, load, counters);
  expect(counters.every(({ processor }) => processor.health().ready)).toBe(true);
  await stage.close();
}, 280_000);
