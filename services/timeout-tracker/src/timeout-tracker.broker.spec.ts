import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { connectCluster, openRequestChannel, type Cluster, type OpenRequestChannel } from '@ratchet/protocol';
import { createServiceMetrics, readConfig, type ServiceRunner } from '@ratchet/service-kit';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { millis, type ActivityDescription, type ActivityOptionsRequest, type ExecutionId } from '@ratchet/domain';
import { ownClock, type OwnClock } from './own-clock.ts';
import { timeoutTrackerSettings } from './timeout-tracker.config.ts';
import { createTimeoutTrackerRunner } from './timeout-tracker.runner.ts';

type Ratchet = Awaited<ReturnType<typeof startCluster>>;

const address = connectBroker();
let ratchet: Ratchet;
let cluster: Cluster;
let requests: OpenRequestChannel;

beforeAll(async () => {
  ratchet = await startCluster();
  const { brokers, registryUrl } = address;
  cluster = await connectCluster({
    brokers,
    registry: registryUrl,
    clientId: 'timeout-tracker-test',
    createTopics: false,
  });
  requests = await openRequestChannel(cluster);
});

afterAll(async () => {
  await requests.close();
  await cluster.close();
  await ratchet.stop();
});

const namespace = uniqueName('timers');

interface Timed {
  readonly target: ExecutionId;
  /** From scheduling until it must be over. */
  readonly dueAfterMs: number;
}

/** Schedules an activity that no worker ever takes. */
async function schedule(options: Partial<ActivityOptionsRequest>, retentionMs = 60_000): Promise<Timed> {
  const { scheduleToStartTimeoutMs = 0, startDelayMs = 0 } = options;
  const target = { namespace, workflowId: '', runId: randomUUID(), activityId: uniqueName('activity') };
  const reply = await requests.channel.request({
    type: 'Schedule',
    target,
    requestId: randomUUID(),
    identity: 'test',
    activityType: 'never-taken',
    options: { taskQueue: 'nobody', startToCloseTimeoutMs: 60_000, ...options },
    input: [],
    header: {},
    idReusePolicy: 'allow-duplicate',
    idConflictPolicy: 'fail',
    shielded: false,
    retentionMs: millis(retentionMs),
    awaitOutcome: false,
  });
  expect(reply.body).toMatchObject({ type: 'Accepted' });
  return { target, dueAfterMs: startDelayMs + scheduleToStartTimeoutMs };
}

async function describeActivity(target: ExecutionId): Promise<ActivityDescription | undefined> {
  const { body } = await requests.channel.describe(target, randomUUID());
  return body.type === 'Described' ? body.description : undefined;
}

/** Waits for the outcome. @returns how late it came, on the log's clock. */
async function latenessMs({ target, dueAfterMs }: Timed): Promise<number> {
  const { body } = await requests.channel.awaitOutcome(target);
  expect(body).toMatchObject({
    type: 'OutcomeReached',
    status: 'timed-out',
    outcome: { failure: { info: { type: 'timeout', timeoutType: 'schedule-to-start' } } },
  });
  const description = await describeActivity(target);
  if (description === undefined || !('closedAt' in description)) throw new Error('Expected it to be closed');
  return description.closedAt - (description.scheduledAt + dueAfterMs);
}

const scheduleMany = (count: number, optionsOf: (index: number) => Partial<ActivityOptionsRequest>): Promise<Timed[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => schedule(optionsOf(index))));

const median = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;

test('after kill -9 of the tracker every deadline is met, none early', async () => {
  const timed = await scheduleMany(100, (index) => ({ scheduleToStartTimeoutMs: 500 + index * 80 }));
  const late = Promise.all(timed.map(latenessMs));
  await ratchet.services['timeout-tracker'].kill('SIGKILL');
  await ratchet.services['timeout-tracker'].ready();
  const all = await late;
  expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
  // The last ones are due after the new tracker has taken over.
  expect(median(all.slice(-10))).toBeLessThan(5_000);
});

describe('a tracker of its own', () => {
  let runner: ServiceRunner | undefined;

  beforeAll(() => ratchet.services['timeout-tracker'].stop());
  afterEach(() => runner?.stop());
  afterAll(async () => {
    ratchet.services['timeout-tracker'].start();
    await ratchet.services['timeout-tracker'].ready();
  });

  const start = async (variables: Readonly<Record<string, string>>, own?: OwnClock): Promise<void> => {
    const { config } = readConfig('timeout-tracker', timeoutTrackerSettings, {
      RATCHET_ENVIRONMENT: 'development',
      RATCHET_KAFKA_BROKERS: address.brokers.join(','),
      RATCHET_SCHEMA_REGISTRY_URL: address.registryUrl,
      RATCHET_SESSION_TIMEOUT_MS: '2000',
      ...variables,
    });
    const fail = (error: unknown): never => {
      throw error;
    };
    const log = pino({ level: 'silent' });
    const metrics = createServiceMetrics('timeout-tracker');
    const { signal } = new AbortController();
    const tools = { name: 'timeout-tracker', log, metrics, changes: { onChange: () => undefined }, signal, fail };
    const started = await createTimeoutTrackerRunner(config, tools, own);
    runner = started;
    await started.start();
    await eventually(() => started.readiness().ready, { deadlineMs: 20_000 });
  };

  test.each([-5_000, 5_000])('whose clock is off by %i ms meets every deadline, none early', async (skewMs) => {
    await start({}, () => ownClock() + skewMs);
    const timed = await scheduleMany(40, (index) => ({
      startDelayMs: 300,
      scheduleToStartTimeoutMs: 200 + index * 50,
    }));
    const all = await Promise.all(timed.map(latenessMs));
    expect(Math.min(...all)).toBeGreaterThanOrEqual(0);
    // Of the five seconds that its clock is off none are seen.
    expect(median(all)).toBeLessThan(2_000);
  });

  test('has a task dispatched again before its topic forgets it', async () => {
    await start({ RATCHET_TASK_RETENTION_MS: '2000' });
    const { target } = await schedule({});
    await eventually(async () => {
      const description = await describeActivity(target);
      // Every dispatch has a stamp of its own.
      expect(description).toMatchObject({ status: 'scheduled', stamp: 3 });
    });
  });

  test('has what was closed removed when its retention is over', async () => {
    await start({});
    const timed = await schedule({ scheduleToStartTimeoutMs: 100 }, 1_000);
    expect(await latenessMs(timed)).toBeGreaterThanOrEqual(0);
    await eventually(async () => {
      expect(await describeActivity(timed.target)).toBeUndefined();
    });
  });
});
