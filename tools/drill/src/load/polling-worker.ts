import { setTimeout as pause } from 'node:timers/promises';
import { decodeTaskToken } from '@ratchet/protocol';
import type { temporal } from '@temporalio/proto';
import { Journal } from '../journal.ts';
import { RefusedError, untilCertain } from './door.ts';
import { Gateways } from './gateways.ts';
import { certainGrpc, GrpcGateways, jsonPayload } from './grpc-door.ts';
import { taskQueues } from './kinds.ts';
import { readSettings } from './process-settings.ts';

/** A worker that polls the gateways, and hears what becomes of each of its reports. The drill may kill it at any moment. */

type Task = temporal.api.workflowservice.v1.PollActivityTaskQueueResponse;

interface Beat {
  readonly beat: number;
}

const namespace = 'default';
const pollerCount = 20;
const pollMs = 20_000;
const answerMs = 10_000;

const { who, journals, folder } = readSettings();
const journal = new Journal(journals, who);
const gateways = new GrpcGateways(new Gateways(folder));
const stopping = new AbortController();
process.once('SIGTERM', () => {
  stopping.abort();
});
process.once('disconnect', () => process.exit(1));

async function poll(): Promise<void> {
  while (!stopping.signal.aborted) {
    try {
      const request = { namespace, taskQueue: { name: taskQueues.polled }, identity: who };
      const task = await gateways.within(pollMs).pollActivityTaskQueue(request);
      if (task.taskToken.length > 0) await work(task);
    } catch {
      // A gateway that is gone, or a poll that was too long.
      await pause(200);
    }
  }
}

async function work(task: Task): Promise<void> {
  const { activityId: id, taskToken } = task;
  const { attempt, stamp } = decodeTaskToken(taskToken);
  journal.write({ id, note: 'ran', attempt, stamp, ...lastBeat(task) });
  const type = task.activityType?.name ?? '';
  if (type === 'beating' && !(await beat(id, taskToken, attempt))) return;

  const isFailing = attempt < 3 && type !== 'quick';
  const said = { id, note: 'reported', attempt, stamp, report: isFailing ? 'fail' : 'complete' } as const;
  const answered = await untilCertain(
    () => certainGrpc(() => (isFailing ? fail(taskToken) : complete(taskToken, type))),
    AbortSignal.any([stopping.signal, AbortSignal.timeout(answerMs)]),
  );
  if (answered.answer === 'acknowledged') {
    journal.write({ ...said, answer: 'acknowledged', value: JSON.stringify(type) });
  }
  if (answered.answer === 'refused') journal.write({ ...said, answer: 'refused', why: answered.why });
}

/** What the heartbeat details say that came with the task, if any. */
function lastBeat({ heartbeatDetails }: Task): Partial<Beat> {
  const data = heartbeatDetails?.payloads?.[0]?.data ?? new Uint8Array();
  return data.length === 0 ? {} : (JSON.parse(Buffer.from(data).toString()) as Beat);
}

/** @returns whether the attempt is still this worker's. */
async function beat(id: string, taskToken: Uint8Array, attempt: number): Promise<boolean> {
  try {
    for (let index = 0; index < 2; index++) {
      const each = attempt * 100 + index;
      journal.write({ id, note: 'beating', attempt, beat: each });
      const details = { payloads: [jsonPayload({ beat: each } satisfies Beat)] };
      await certainGrpc(() => gateways.within(answerMs).recordActivityTaskHeartbeat({ namespace, taskToken, details }));
      journal.write({ id, note: 'beat', attempt, beat: each });
    }
    return true;
  } catch (error) {
    return !(error instanceof RefusedError);
  }
}

const complete = (taskToken: Uint8Array, result: string): Promise<unknown> =>
  gateways
    .within(answerMs)
    .respondActivityTaskCompleted({ namespace, taskToken, result: { payloads: [jsonPayload(result)] } });

const fail = (taskToken: Uint8Array): Promise<unknown> =>
  gateways.within(answerMs).respondActivityTaskFailed({
    namespace,
    taskToken,
    failure: { message: 'fails on purpose', applicationFailureInfo: { type: 'OnPurpose' } },
  });

process.stdout.write(`polls ${taskQueues.polled}\n`);
await Promise.all(Array.from({ length: pollerCount }, poll));
gateways.close();
journal.close();
process.exit(0);
