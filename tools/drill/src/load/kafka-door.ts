import {
  ActivityAlreadyStartedError,
  ActivityFailedError,
  ActivityNotFoundError,
  InvalidActivityOptionsError,
  RequestRefusedError,
  type ActivityClient,
  type AnyStartOptions,
} from '@ratchet/client';
import { outcomeText } from '../outcome-text.ts';
import { outsideResult, reasonOfDrill, RefusedError, type Door } from './door.ts';
import { retry, type Order } from './kinds.ts';

/** The client library, straight to Kafka. */
export function kafkaDoor(client: ActivityClient): Door {
  return {
    name: 'kafka',
    start: (id, requestId, order) =>
      certain(async () => {
        const handle = await client.start(order.activityType, { ...startOptions(order), id, requestId });
        return handle.runId ?? '';
      }),
    outcome: (id, runId) => certain(() => outcomeOf(client.getHandle(id, runId).result())),
    request: (request, { id, runId }, requestId) =>
      certain(() => {
        const handle = client.getHandle(id, runId);
        if (request === 'cancel') return handle.cancel(reasonOfDrill, { requestId });
        return request === 'terminate'
          ? handle.terminate(reasonOfDrill)
          : client.complete({ activityId: id }, outsideResult);
      }),
  };
}

export const startOptions = (order: Order): AnyStartOptions => ({
  taskQueue: order.taskQueue,
  args: order.args,
  timeouts: {
    startToClose: order.startToCloseMs,
    ...(order.scheduleToCloseMs === undefined ? {} : { scheduleToClose: order.scheduleToCloseMs }),
    ...(order.scheduleToStartMs === undefined ? {} : { scheduleToStart: order.scheduleToStartMs }),
    ...(order.heartbeatMs === undefined ? {} : { heartbeat: order.heartbeatMs }),
  },
  ...(order.startDelayMs === undefined ? {} : { startDelay: order.startDelayMs }),
  retry: {
    initialInterval: retry.initialIntervalMs,
    backoffCoefficient: retry.backoffCoefficient,
    maximumInterval: retry.maximumIntervalMs,
    maximumAttempts: order.attemptsMax ?? 0,
  },
});

async function outcomeOf(result: Promise<unknown>): Promise<string> {
  try {
    return outcomeText('completed', JSON.stringify(await result));
  } catch (error) {
    if (error instanceof ActivityFailedError) return outcomeText(error.status, error.cause.message);
    throw error;
  }
}

const refusals = [
  ActivityAlreadyStartedError,
  ActivityNotFoundError,
  InvalidActivityOptionsError,
  RequestRefusedError,
] as const;

/** Runs a call of the client library, whose refusals are certain. @throws RefusedError (rejects), or what the call throws. */
export async function certain<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (refusals.some((refusal) => error instanceof refusal))
      throw new RefusedError(error instanceof Error ? error.message : String(error));
    throw error;
  }
}
