import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { millis, type ExecutionId, type RunId } from '@ratchet/domain';
import { connectCluster, openRequestChannel, type RequestChannel } from '@ratchet/protocol';
import { unlessAborted } from '@ratchet/tools-kafka';
import type { RunningRatchet } from '@ratchet/tools-start';
import { onRatchet, say, wholeOf } from './stage.ts';

const usage = `Measures how long it takes to cancel all activities of many runs, and how large the services get.
Nobody takes the activities' tasks, so that each is closed by its cancellation.

  npm run bench:cancel-runs -- [--runs N] [--activities N]

  --runs          workflow runs (default 1000)
  --activities    open activities in each of them (default 100)

KAFKA_BROKERS and SCHEMA_REGISTRY_URL name a broker to use; without them one is started for the run.`;

const seconds = (since: number): string => `${((performance.now() - since) / 1000).toFixed(1)} s`;
const sender = () => ({ requestId: randomUUID(), identity: 'bench' });

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    activities: { type: 'string', default: '100' },
    help: { type: 'boolean', default: false },
  },
});

/** @param width how many are under way at a time. */
async function inParallel<T>(items: readonly T[], width: number, work: (item: T) => Promise<unknown>): Promise<void> {
  const rest = items.values();
  const loop = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: width }, loop));
}

const schedule = (channel: RequestChannel, target: ExecutionId) =>
  channel.request({
    type: 'Schedule',
    ...sender(),
    target,
    activityType: 'nobody',
    options: { taskQueue: 'nobody', scheduleToCloseTimeoutMs: 86_400_000 },
    input: [],
    header: {},
    idReusePolicy: 'allow-duplicate',
    idConflictPolicy: 'fail',
    shielded: false,
    retentionMs: millis(3_600_000),
    awaitOutcome: false,
  });

async function isClosed(channel: RequestChannel, target: ExecutionId): Promise<boolean> {
  const { body } = await channel.describe(target, randomUUID());
  return body.type === 'Described' && body.description.status === 'canceled';
}

/** The most memory that each service has ever had, in MiB, as the kernel counts it. */
function peaksMiB({ services }: RunningRatchet): Readonly<Record<string, number>> {
  const peakOf = (pid: number): number => {
    const kibibytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${String(pid)}/status`, 'utf8'))?.[1];
    return Math.round(Number(kibibytes) / 1024);
  };
  return Object.fromEntries(
    Object.entries(services).map(([name, { pid }]) => [name, pid === undefined ? 0 : peakOf(pid)]),
  );
}

async function measure(ratchet: RunningRatchet, runCount: number, activityCount: number): Promise<void> {
  const { brokers, registryUrl } = ratchet;
  const cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'bench', createTopics: false });
  const { channel, close } = await openRequestChannel(cluster, { requestTimeoutMs: 120_000 });
  try {
    const runs = Array.from({ length: runCount }, (): RunId => {
      return { namespace: 'bench', workflowId: randomUUID(), runId: randomUUID() };
    });
    const targets = runs.flatMap((run) =>
      Array.from({ length: activityCount }, (_, index) => ({ ...run, activityId: `a${String(index)}` })),
    );
    const begun = performance.now();
    await inParallel(runs, 200, (run) =>
      channel.request({ type: 'OpenRun', ...sender(), run, retentionMs: millis(3_600_000) }),
    );
    await inParallel(targets, 500, (target) => schedule(channel, target));
    say(`${String(targets.length)} activities in ${String(runCount)} runs are open after ${seconds(begun)}`);

    const cancelledAt = performance.now();
    await inParallel(runs, runCount, (run) =>
      channel.request({ type: 'RequestCancelRun', ...sender(), run, reason: 'measured' }),
    );
    say(`all runs are asked to cancel after ${seconds(cancelledAt)}`);
    // Of each run the last one is the last to be reached.
    await inParallel(runs, 100, async (run) => {
      while (!(await isClosed(channel, { ...run, activityId: `a${String(activityCount - 1)}` }))) await pause(100);
    });
    const took = seconds(cancelledAt);
    let left = 0;
    await inParallel(targets, 500, async (target) => {
      if (!(await isClosed(channel, target))) left++;
    });
    say(`all activities are closed after ${took}; ${String(left)} were left out`);
    say(`memory at its peak, MiB: ${JSON.stringify(peaksMiB(ratchet))}`);
  } finally {
    await close();
    await cluster.close();
  }
}

if (values.help) say(usage);
else
  await onRatchet((ratchet, asked) =>
    unlessAborted(asked, measure(ratchet, wholeOf('runs', values.runs), wholeOf('activities', values.activities))),
  );
