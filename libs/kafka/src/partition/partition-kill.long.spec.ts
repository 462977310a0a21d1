import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import type { InputRecord } from '../record.ts';
import { progressKey } from '../testing/counter-logic.ts';
import { CounterStage, type StartedCounter } from '../testing/counter-stage.ts';
import { apiKeys, KafkaProxy, type Fate, type ProxiedRequest } from '../testing/kafka-proxy.ts';

const { brokers } = connectBroker();
const [broker = ''] = brokers;
const deadlineMs = 40_000;
const records = 200;

/** When the process dies: at the first request that is of this kind, which then goes on or not. */
interface Moment {
  readonly name: string;
  readonly when: (request: ProxiedRequest) => boolean;
  readonly fate: Fate;
}

const moments: readonly Moment[] = [
  {
    name: 'before its effects are acknowledged',
    when: ({ apiKey, isTransactional }) => apiKey === apiKeys.produce && !isTransactional,
    fate: 'swallow-answer',
  },
  {
    name: 'after its effects, before its commit',
    when: ({ apiKey }) => apiKey === apiKeys.addPartitionsToTxn,
    fate: 'hold',
  },
  {
    name: 'in the middle of its commit, with the states written',
    when: ({ apiKey }) => apiKey === apiKeys.endTxn,
    fate: 'hold',
  },
  {
    name: 'when its commit is done and it does not know',
    when: ({ apiKey }) => apiKey === apiKeys.endTxn,
    fate: 'swallow-answer',
  },
];

/** Every command counted once; every command with its effect, and its repetitions the same. */
async function expectExactlyOnce(stage: CounterStage, counter: StartedCounter): Promise<void> {
  await stage.source.settled();
  const expected = await stage.expectedHashes();
  await eventually(
    () => {
      expect(stage.hashes(counter)).toEqual(expected);
    },
    { deadlineMs },
  );
  await eventually(async () => {
    const effects = await stage.read('effects');
    const byOffset = new Map<string, Set<string>>();
    for (const { partition, value } of effects) {
      const { offset } = JSON.parse(String(value)) as { offset: number };
      const key = `${String(partition)}/${String(offset)}`;
      byOffset.set(key, (byOffset.get(key) ?? new Set()).add(String(value)));
    }
    // What was fed may stand in the log twice, where the broker took a batch and its answer came too late.
    const { length: logged } = await stage.read('commands');
    expect(logged).toBeGreaterThanOrEqual(stage.fed);
    expect(byOffset.size).toBe(logged);
    expect([...byOffset.values()].every((values) => values.size === 1)).toBe(true);
  });
}

const stages: CounterStage[] = [];

async function newStage(name: string): Promise<CounterStage> {
  const stage = await CounterStage.create(brokers, uniqueName(name));
  stages.push(stage);
  return stage;
}

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function killAt(moment: Moment): Promise<void> {
  const stage = await newStage('kill');
  const proxy = await KafkaProxy.start(broker);
  const victim = stage.spawn('victim', { brokers: [proxy.address] });
  await eventually(() => victim.lines.filter((line) => line.startsWith('restored')).length === stage.partitions, {
    deadlineMs,
  });

  let fatal = 0;
  proxy.decide = (request) => {
    if (!moment.when(request)) return 'forward';
    fatal++;
    // The answer must have had time to leave the broker, and not to arrive.
    setTimeout(() => {
      victim.signal('SIGKILL');
    }, 30);
    return moment.fate;
  };
  await stage.feed(records);
  await victim.exited;
  expect(fatal).toBeGreaterThan(0);
  expect(victim.lines).not.toContain('committed');

  const successor = await stage.start();
  await stage.feed(records);
  await expectExactlyOnce(stage, successor);
  await proxy.stop();
}

describe('a service that is killed with kill -9', () => {
  test(
    'at any step of a group leaves nothing that its successor cannot finish: ' +
      moments.map(({ name }) => name).join('; '),
    async () => {
      // Each waits for the session of a dead member to end, so they wait together.
      await Promise.all(moments.map((moment) => killAt(moment)));
    },
  );

  test('after a commit, again and again under load, counts every record once', async () => {
    const stage = await newStage('kill');
    for (let round = 0; round < 2; round++) {
      const victim = stage.spawn(`victim-${String(round)}`);
      await eventually(() => victim.lines.some((line) => line.startsWith('restored')), { deadlineMs });
      const killed = victim.exited;
      victim.onLine = (line) => {
        if (line === 'committed') victim.signal('SIGKILL');
      };
      await stage.feed(records);
      await killed;
    }
    const successor = await stage.start();
    await expectExactlyOnce(stage, successor);
  });
});

/** Owners in the order in which they wrote to a partition, without repetition. */
function ownersOf(states: readonly InputRecord[], partition: number): string[] {
  const owners = states.filter((state) => state.partition === partition).map(({ headers }) => String(headers['owner']));
  return owners.filter((owner, index) => owner !== owners[index - 1]);
}

/** Whether `some` are found in `all` in this order, with others between. */
function isWithin(some: readonly string[], all: readonly string[]): boolean {
  let found = 0;
  for (const each of all) if (each === some[found]) found++;
  return found === some.length;
}

const progressOf = (states: readonly InputRecord[], partition: number): number[] =>
  states
    .filter((state) => state.partition === partition && state.key === progressKey)
    .map(({ value }) => (JSON.parse(String(value)) as [string, number][])[0]?.[1] ?? 0);

/** Feeds in small portions until it is told to stop. */
function feedSteadily(stage: CounterStage): () => Promise<void> {
  const feeder = { goesOn: true };
  const feeding = (async () => {
    while (feeder.goesOn) {
      await stage.feed(20);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    feeder.goesOn = false;
    await feeding;
  };
}

test('an owner that was stopped and wakes up writes nothing, and does not fence the new owner back', async () => {
  const stage = await newStage('asleep');
  const sleeper = stage.spawn('sleeper');
  await eventually(() => sleeper.lines.filter((line) => line.startsWith('restored')).length === stage.partitions, {
    deadlineMs,
  });
  const stopFeeding = feedSteadily(stage);
  await eventually(() => sleeper.lines.includes('committed'), { deadlineMs });

  sleeper.signal('SIGSTOP');
  const successor = await stage.start({ owner: 'successor' });
  await eventually(() => successor.processor.health().restored.length === stage.partitions, { deadlineMs });
  const linesAsleep = sleeper.lines.length;
  sleeper.signal('SIGCONT');
  // It learns that it was expelled, joins as a new member, and only then owns anything again.
  await eventually(() => sleeper.lines.slice(linesAsleep).some((line) => line.startsWith('restored')), { deadlineMs });
  await stopFeeding();

  const awake = sleeper.lines.slice(linesAsleep);
  const owned = awake.find((line) => line.startsWith('owned ')) ?? '';
  const regained = new Set(owned.slice('owned '.length).split(',').map(Number));
  expect(successor.events.filter((event) => event.startsWith('commit failed'))).toEqual([]);

  sleeper.signal('SIGKILL');
  await sleeper.exited;
  await expectExactlyOnce(stage, successor);
  const states = await stage.read('state');
  for (let partition = 0; partition < stage.partitions; partition++) {
    const owners = ownersOf(states, partition);
    const allowed = ['sleeper', 'successor', ...(regained.has(partition) ? ['sleeper', 'successor'] : [])];
    expect(isWithin(owners, allowed)).toBe(true);
    const progress = progressOf(states, partition);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  }
});
