import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { msToTs } from '@temporalio/common/lib/time.js';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { call } from './attacks/raw-http.ts';
import { measuredOf } from './measured.ts';
import { required, variables, type Measure, type MeasuredMessage } from './messages.ts';
import { namespaces } from './target.ts';

/**
 * A tenant that means no harm: starts an activity 40 times a second, by HTTP and by gRPC in turns, and waits for each.
 * A start is due whether those before it have ended or not, so that a stalled gateway is not asked less.
 */

const perSecond = 40;
const endMsMax = 30_000;
const taskQueue = 'neighbour';
const namespace = namespaces.neighbour;

const key = required(variables.key);
const activitiesUrl = `${required(variables.httpUrl)}/api/v1/namespaces/${namespace}/activities`;
const grpc = new WorkflowServiceClient(required(variables.grpcAddress), key);

async function runByHttp(activityId: string): Promise<boolean> {
  const timeouts = { scheduleToClose: '60s' };
  const started = await call(activitiesUrl, { key, body: { activityId, activityType: 'noop', taskQueue, timeouts } });
  if (started.status !== 200) return false;
  const ended = await call(`${activitiesUrl}/${activityId}/result?wait=30s`, { key });
  return ended.status === 200 && ended.text.includes('"completed"');
}

async function runByGrpc(activityId: string): Promise<boolean> {
  const service = grpc.within(endMsMax);
  await service.startActivityExecution({
    namespace,
    activityId,
    activityType: { name: 'noop' },
    taskQueue: { name: taskQueue },
    scheduleToCloseTimeout: msToTs('60s'),
  });
  const { outcome } = await service.pollActivityExecution({ namespace, activityId });
  return outcome?.result !== null && outcome?.result !== undefined;
}

async function measure(ms: number): Promise<MeasuredMessage['measured']> {
  const latenciesMs: number[] = [];
  let failedCount = 0;
  const runOne = async (index: number, dueAt: number): Promise<void> => {
    const run = index % 2 === 0 ? runByHttp : runByGrpc;
    const isGood = await run(randomUUID()).catch(() => false);
    if (isGood) latenciesMs.push(performance.now() - dueAt);
    else failedCount++;
  };
  const begunAt = performance.now();
  const running: Promise<void>[] = [];
  for (let index = 0; performance.now() - begunAt < ms; index++) {
    const dueAt = begunAt + (index * 1000) / perSecond;
    await pause(Math.max(0, dueAt - performance.now()));
    running.push(runOne(index, dueAt));
  }
  await Promise.all(running);
  return measuredOf(latenciesMs, failedCount);
}

process.on('message', ({ ms }: Measure) => {
  void measure(ms).then((measured) => {
    process.send?.({ type: 'measured', measured } satisfies MeasuredMessage);
  });
});
process.once('disconnect', () => process.exit(0));
