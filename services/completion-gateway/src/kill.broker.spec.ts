import { eventually, startCluster, uniqueName } from '@ratchet/testing';
import { WireClient } from './grpc/wire-client.fixture.ts';

const activityCount = 120;
const startToCloseS = 4;
const namespace = 'default';
const taskQueue = { name: uniqueName('kill') };

let ratchet: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  ratchet = await startCluster();
}, 120_000);
afterAll(() => ratchet.stop());

interface Run {
  readonly started: Map<string, string>;
  /** By activity and attempt: who got it. */
  readonly handedOut: Map<string, number>;
  readonly completed: Set<string>;
  over: boolean;
}

/** Calls until it is answered: what the SDKs do when a server is away. */
async function untilAnswered<T>(call: () => Promise<T>, run: Run): Promise<T | undefined> {
  while (!run.over) {
    try {
      return await call();
    } catch (error) {
      if (!isAway(error)) throw error;
    }
  }
  return undefined;
}

// UNAVAILABLE, CANCELLED, DEADLINE_EXCEEDED and UNKNOWN: nobody knows what became of the call.
const isAway = (error: unknown): boolean => [1, 2, 4, 14].includes((error as { readonly code: number }).code);
const isNotFound = (error: unknown): boolean => (error as { readonly code: number }).code === 5;

async function startAll(client: WireClient, run: Run): Promise<void> {
  for (let index = 0; index < activityCount; index++) {
    const activityId = `kill-${String(index)}-${taskQueue.name}`;
    const request = {
      namespace,
      activityId,
      requestId: activityId,
      activityType: { name: 'charge' },
      taskQueue,
      startToCloseTimeout: { seconds: startToCloseS as never },
      retryPolicy: { initialInterval: { nanos: 1_000_000 } },
    };
    const answer = await untilAnswered(() => client.call('startActivityExecution', request), run);
    if (answer !== undefined) run.started.set(activityId, answer.runId);
  }
}

async function work(client: WireClient, run: Run): Promise<void> {
  while (!run.over) {
    const poll = () => client.call('pollActivityTaskQueue', { namespace, taskQueue }, { timeoutMs: 3_000 });
    const task = await untilAnswered(poll, run);
    if (task === undefined || task.taskToken.length === 0) continue;
    const key = `${task.activityId}/${String(task.attempt)}`;
    run.handedOut.set(key, (run.handedOut.get(key) ?? 0) + 1);
    const complete = () => client.call('respondActivityTaskCompleted', { taskToken: task.taskToken });
    try {
      if ((await untilAnswered(complete, run)) !== undefined) run.completed.add(task.activityId);
    } catch (error) {
      // It was carried out before the gateway could say so, or the attempt has timed out.
      if (!isNotFound(error)) throw error;
    }
  }
}

test('a gateway that is killed under load loses nothing that it acknowledged, and hands nothing out twice', async () => {
  const client = new WireClient(ratchet.grpcAddress);
  const run: Run = { started: new Map(), handedOut: new Map(), completed: new Set(), over: false };
  const workers = Array.from({ length: 20 }, () => work(client, run));
  const starting = startAll(client, run);
  await eventually(() => run.completed.size > activityCount / 4, { deadlineMs: 60_000 });

  await ratchet.services['completion-gateway'].kill('SIGKILL');
  await starting;
  const statusOf = async (activityId: string): Promise<number> => {
    const described = await untilAnswered(
      () => client.call('describeActivityExecution', { namespace, activityId }),
      run,
    );
    return Number(described?.info?.status);
  };
  await eventually(
    async () => {
      const statuses = await Promise.all([...run.started.keys()].map(statusOf));
      return statuses.every((status) => status === 2);
    },
    { deadlineMs: 90_000, pauseMs: 1_000 },
  );
  run.over = true;
  await Promise.all(workers);
  client.close();

  expect(run.started.size).toBe(activityCount);
  expect([...run.handedOut].filter(([, count]) => count > 1)).toEqual([]);
}, 240_000);
