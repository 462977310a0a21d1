import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import type { InputRecord } from './record.ts';
import { progressKey } from './testing/counter-logic.ts';
import { CounterStage, type StartedCounter } from './testing/counter-stage.ts';
import { apiKeys, KafkaProxy, type Fate, type ProxiedRequest } from './testing/kafka-proxy.ts';
import { spawnCounter, type SpawnedCounter } from './testing/spawn-counter.ts';

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
  const expected = await stage.expectedHashes();
  await eventually(
    () => {
      expect(hashesOf(stage, counter)).toEqual(expected);
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
    expect(byOffset.size).toBe(stage.fed);
    expect([...byOffset.values()].every((values) => values.size === 1)).toBe(true);
  });
}

const hashesOf = (stage: CounterStage, counter: StartedCounter): string[] =>
  Array.from({ length: stage.partitions }, (_, partition) => counter.logics.get(partition)?.hash() ?? '');

async function killAt(moment: Moment): Promise<void> {
  const stage = await CounterStage.create(brokers, uniqueName('kill'));
  const proxy = await KafkaProxy.start(broker);
  const { service, topics } = stage;
  const victim = spawnCounter({ brokers: [proxy.address], service, topics, owner: 'victim' });
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
  await successor.stop();
  await proxy.stop();
  await stage.close();
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
    const stage = await CounterStage.create(brokers, uniqueName('kill'));
    const { service, topics } = stage;
    for (let round = 0; round < 2; round++) {
      const victim = spawnCounter({ brokers, service, topics, owner: `victim-${String(round)}` });
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
    await successor.stop();
    await stage.close();
  });
});

/** Owners in the order in which they wrote to a partition, without repetition. */
function ownersOf(states: readonly InputRecord[], partition: number): string[] {
  const owners = states.filter((state) => state.partition === partition).map(({ headers }) => String(headers['owner']));
  return owners.filter((owner, index) => owner !== owners[index - 1]);
}

const progressOf = (states: readonly InputRecord[], partition: number): number[] =>
  states
    .filter((state) => state.partition === partition && state.key === progressKey)
    .map(({ value }) => (JSON.parse(String(value)) as [string, number][])[0]?.[1] ?? 0);

/** Feeds in small portions until it is told to stop. */
function feedSteadily(stage: CounterStage): () => Promise<void> {
  let goesOn = true;
  const feeding = (async () => {
    while (goesOn) {
      await stage.feed(20);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    goesOn = false;
    await feeding;
  };
}

test('an owner that was stopped and wakes up writes nothing, and does not fence the new owner back', async () => {
  const stage = await CounterStage.create(brokers, uniqueName('asleep'));
  const { service, topics } = stage;
  const sleeper: SpawnedCounter = spawnCounter({ brokers, service, topics, owner: 'sleeper' });
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
  expect(awake.findIndex((line) => line === 'committed')).not.toBe(0);
  expect(successor.events.filter((event) => event.startsWith('commit failed'))).toEqual([]);

  sleeper.signal('SIGKILL');
  await sleeper.exited;
  await expectExactlyOnce(stage, successor);
  const states = await stage.read('state');
  for (let partition = 0; partition < stage.partitions; partition++) {
    const owners = ownersOf(states, partition);
    const expected = ['sleeper', 'successor', ...(regained.has(partition) ? ['sleeper', 'successor'] : [])];
    expect(expected.slice(0, owners.length)).toEqual(owners);
    const progress = progressOf(states, partition);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
  }
  await successor.stop();
  await stage.close();
});
