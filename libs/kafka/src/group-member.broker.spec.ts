import { connectBroker, eventually, uniqueName } from '@ratchet/testing';
import { connectKafka } from './connection.ts';
import { CounterStage, testTuning, type StartedCounter } from './testing/counter-stage.ts';
import { apiKeys, errorCodes, KafkaProxy, type Fate } from './testing/kafka-proxy.ts';

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
    await pause(1.5 * sessionTimeoutMs);
    proxy.decide = () => 'forward';
    await stage.feed(20);
    const begun = performance.now();
    const isCounted = async (): Promise<boolean> =>
      healthy(counter) && stage.hashes(counter).join() === (await stage.expectedHashes()).join();
    await eventually(isCounted, { deadlineMs: 120_000 });
    const tookMs = performance.now() - begun;
    // Two sessions, and what restoring and a machine with other work take.
    if (tookMs > 2 * sessionTimeoutMs + 8_000)
      return `${step} that ${name}: back after ${String(Math.round(tookMs))} ms`;
    return met === 0 && step !== 'offsetCommit' ? `${step} that ${name}: was never met` : undefined;
  } catch (error) {
    return `${step} that ${name}: ${String(error)}`;
  } finally {
    await stage.close();
    await connection.close();
    await proxy.stop();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test.each(troubles)('a member one step of whose life $name is back within two sessions', async (trouble) => {
  const late = await Promise.all(trouble.steps.map((step) => live(step, trouble)));
  expect(late.filter((each) => each !== undefined)).toEqual([]);
});
