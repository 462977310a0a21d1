import { uniqueName } from '@ratchet/testing';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import type { Driver } from '../trace.ts';
import { callMs, Player, type Lane } from './player.ts';
import { startOptions } from './requests.ts';

export interface TemporalDriver extends Driver {
  close(): void;
}

/** It must exist. */
const namespace = 'default';
/** How many traces are played at the same time. */
const laneCount = 24;
/** How long a server may take until a task queue it never heard of is served. */
const openMs = 60_000;

/**
 * Plays traces through Temporal's gRPC, several at a time, each on task queues of its own; time is real. Resolves when
 * the task queues are served. The caller closes it.
 *
 * @param address `host:port` of a server that speaks Temporal's gRPC: ours, or the reference.
 */
export async function temporalDriver(address: string): Promise<TemporalDriver> {
  const service = new WorkflowServiceClient(address);
  const prefix = uniqueName('conformance');
  const lanes = Array.from({ length: laneCount }, (_, index) => ({
    taskQueue: `${prefix}-${String(index)}`,
    otherTaskQueue: `${prefix}-${String(index)}-other`,
  }));
  const queues = lanes.flatMap((lane) => [lane.taskQueue, lane.otherTaskQueue]);
  await Promise.all(queues.map((taskQueue) => openTaskQueue(service, taskQueue)));
  const free = new LanePool(lanes);
  let playedCount = 0;

  return {
    name: `Temporal's gRPC at ${address}`,
    play: (trace) =>
      free.use(async (lane) => {
        const activityId = `${prefix}-activity-${String(playedCount++)}`;
        const player = new Player({ ...lane, service, namespace, activityId }, trace);
        try {
          return await player.play();
        } finally {
          await player.end();
        }
      }),
    close: () => {
      service.close();
    },
  };
}

/** One activity goes through, so that a poll that gets nothing later means that there is nothing. */
async function openTaskQueue(service: WorkflowServiceClient, taskQueue: string): Promise<void> {
  const polling = service.within(openMs).pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue } });
  await service.within(callMs).startActivityExecution({
    namespace,
    requestId: 'open',
    activityId: `open-${taskQueue}`,
    activityType: { name: 'conformance' },
    taskQueue: { name: taskQueue },
    ...startOptions({ taskQueue, startToCloseTimeoutMs: openMs }),
  });
  const { taskToken } = await polling;
  if (taskToken.length === 0) throw new Error(`Expected a task of ${taskQueue}, but the poll got none`);
  await service.within(callMs).respondActivityTaskCompleted({ namespace, taskToken });
}

/** Lends each lane to one user at a time, first come first served. */
class LanePool {
  readonly #free: Lane[];
  readonly #waiting: ((lane: Lane) => void)[] = [];

  constructor(lanes: readonly Lane[]) {
    this.#free = [...lanes];
  }

  async use<T>(task: (lane: Lane) => Promise<T>): Promise<T> {
    const lane = this.#free.pop() ?? (await new Promise<Lane>((resolve) => this.#waiting.push(resolve)));
    try {
      return await task(lane);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(lane);
      else next(lane);
    }
  }
}
