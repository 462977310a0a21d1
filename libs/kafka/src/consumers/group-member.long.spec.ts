import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka } from '../cluster/connection.ts';
import { CounterStage, testTuning, type StartedCounter } from '../testing/counter-stage.ts';
import { apiKeys, errorCodes, KafkaProxy, type Fate } from '../testing/kafka-proxy.ts';

const { brokers } = connectBroker();
const [broker = ''] = brokers;
const { sessionTimeoutMs } = testTuning;

/** The requests of a member's life. */
const steps = ['findCoordinator', 'joinGroup', 'syncGroup', 'heartbeat', 'offsetCommit', 'fetch', 'metadata'] as const;
type Step = (typeof steps)[number];

interface Trouble {
  readonly name: string;
  readonly fate: Fate;
  readonly steps: readonly Step[];
}

const coordinated: readonly Step[] = ['joinGroup', 'syncGroup', 'heartbeat'];
const troubles: readonly Trouble[] = [
  { name: 'never reaches the broker', fate: 'hold', steps },
  { name: 'is answered, and the answer is lost', fate: 'swallow-answer', steps },
  { name: 'is answered after more than a session', fate: { answerDelayMs: 1.3 * sessionTimeoutMs }, steps },
  { name: 'breaks its connection', fate: 'cut', steps },
  { name: 'is answered in half before the connection breaks', fate: 'halve-answer', steps },
  ...Object.entries(errorCodes).map(([code, answerError]) => ({
    name: `is answered ${code}`,
    fate: { answerError },
    steps: coordinated,
  })),
];

const healthy = (counter: StartedCounter): boolean => {
  const { ready, restored } = counter.processor.health();
  return ready && restored.length > 0;
};

/**
 * The coordinator expels the member while its heartbeats are held; when it comes back, one step of its new life is in
 * trouble for more than a session. What is wanted: two sessions after the last trouble it is a member and counts.
 */
async function live(step: Step, { name, fate }: Trouble): Promise<string | undefined> {
  const stage = await CounterStage.create(brokers, uniqueName('member'), 1);
  const proxy = await KafkaProxy.start(broker);
  const connection = await connectKafka({ brokers: [proxy.address], clientId: 'far' });
  try {
    const counter = await stage.start({ connection });
    await eventually(() => healthy(counter), { deadlineMs: 60_000 });

    proxy.decide = ({ apiKey }) => (apiKey === apiKeys.heartbeat ? 'hold' : 'forward');
    await pause(1.2 * sessionTimeoutMs);
    let met = 0;
    proxy.decide = ({ apiKey }) => {
      if (apiKey !== apiKeys[step]) return 'forward';
      met++;
      return fate;
    };
    // Beside other work a member is long on its way to the step. What is counted is committed, but nothing may be just now.
    if (step !== 'offsetCommit') await eventually(() => met > 0, { deadlineMs: 60_000 });
    await pause(1.5 * sessionTimeoutMs);
    proxy.decide = () => 'forward';
    await stage.feed(20);
    const begun = performance.now();
    const isCounted = async (): Promise<boolean> =>
      healthy(counter) && stage.hashes(counter).join() === (await stage.expectedHashes()).join();
    await eventually(isCounted, { deadlineMs: 50_000 });
    const tookMs = performance.now() - begun;
    // Two sessions, and what restoring and a machine with other work take.
    const isLate = tookMs > 2 * sessionTimeoutMs + 8_000;
    return isLate ? `${step} that ${name}: back after ${String(Math.round(tookMs))} ms` : undefined;
  } catch (error) {
    return `${step} that ${name}: ${String(error)}`;
  } finally {
    await stage.close();
    await connection.close();
    await proxy.stop();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** All lives beside each other: each is mostly waiting. */
const lives = troubles.flatMap((trouble) => trouble.steps.map((step) => ({ trouble, step })));

test('a member is back within two sessions, whatever befalls whichever step of its life', async () => {
  const late = await Promise.all(lives.map(({ trouble, step }) => live(step, trouble)));
  expect(late.filter((each) => each !== undefined)).toEqual([]);
});

/** Runs before anything else in a process: a day ahead after two seconds, and right again after two more. */
const clockThatJumps = `
  const wall = Date.now;
  let ahead = 0;
  Date.now = () => wall() + ahead;
  setTimeout(() => { ahead = 86_400_000; }, 2000).unref();
  setTimeout(() => { ahead = 0; }, 4000).unref();`;

test('a wall clock that is set a day ahead and back again costs nobody the group', async () => {
  const stage = await CounterStage.create(brokers, uniqueName('clock'), 2);
  const counter = stage.spawn('jumper', { preload: clockThatJumps });
  await eventually(() => counter.lines.filter((line) => line.startsWith('restored')).length === 2, {
    deadlineMs: 30_000,
  });
  // A session and more, in which heartbeats are due by whatever clock decides.
  await pause(4_000 + 1.5 * sessionTimeoutMs);
  const committed = (): number => counter.lines.filter((line) => line === 'committed').length;
  const before = committed();
  await stage.feed(20);
  await eventually(() => committed() > before, { deadlineMs: 5_000 });
  expect(counter.lines.filter((line) => line.startsWith('owned'))).toHaveLength(1);
  await stage.close();
});

test('who joins late in its silence is not given up while the coordinator gathers the group', async () => {
  const stage = await CounterStage.create(brokers, uniqueName('gather'), 2);
  const proxy = await KafkaProxy.start(broker);
  const connection = await connectKafka({ brokers: [proxy.address], clientId: 'far' });
  const counter = await stage.start({ connection });
  await eventually(() => counter.processor.health().restored.length === 2, { deadlineMs: 30_000 });
  const other = stage.spawn('other');
  await eventually(() => other.lines.some((line) => line.startsWith('restored')), { deadlineMs: 30_000 });

  proxy.decide = () => 'hold';
  await pause(1.6 * sessionTimeoutMs);
  // It will not come to the gathering, and the coordinator waits for it.
  other.signal('SIGSTOP');
  const before = counter.events.length;
  proxy.decide = () => 'forward';
  proxy.cut();
  const owned = await eventually(
    () => counter.events.slice(before).find((event) => event.startsWith('owned')) ?? Promise.reject(new Error('none')),
    { deadlineMs: 5 * sessionTimeoutMs },
  );
  // Nothing is held by a member of its own that it has left behind.
  expect(owned).toBe('owned 0,1');
  await stage.close();
  await connection.close();
  await proxy.stop();
});

test('who has lost its broker for a moment does not wait for its own former member', async () => {
  const stage = await CounterStage.create(brokers, uniqueName('goodbye'), 2);
  const proxy = await KafkaProxy.start(broker);
  const connection = await connectKafka({ brokers: [proxy.address], clientId: 'far' });
  const longSessionMs = 45_000;
  const counter = await stage.start({
    connection,
    processor: { tuning: { ...testTuning, sessionTimeoutMs: longSessionMs } },
  });
  await eventually(() => counter.processor.health().restored.length === 2, { deadlineMs: 30_000 });

  // Until kafkajs has given up, far from the end of the session: the coordinator takes the member for alive.
  const before = counter.events.length;
  proxy.decide = () => 'cut';
  proxy.cut();
  await pause(12_000);
  proxy.decide = () => 'forward';
  const owned = await eventually(
    () => counter.events.slice(before).find((event) => event.startsWith('owned')) ?? Promise.reject(new Error('none')),
    { deadlineMs: 10_000 },
  );
  expect(owned).toBe('owned 0,1');
  await stage.close();
  await connection.close();
  await proxy.stop();
});
