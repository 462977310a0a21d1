import type { ClosedStatus } from '@ratchet/domain';
import { outcomeText } from '../outcome-text.ts';
import { outsideResult, reasonOfDrill, RefusedError, StillOpenError, type Door } from './door.ts';
import type { Gateways } from './gateways.ts';
import { retry, type Order } from './kinds.ts';

const answerMsMax = 40_000;

/** What the REST API answers, as far as it is looked at here. */
interface Answer {
  readonly runId?: string;
  readonly status?: ClosedStatus | 'running' | 'paused';
  readonly result?: unknown;
  readonly failure?: { readonly message: string };
}

/** The gateway's REST API. */
export function httpDoor(gateways: Gateways): Door {
  const post = (path: string, body: object): Promise<Answer> =>
    call(gateways, path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return {
    name: 'http',
    start: async (id, requestId, order) => {
      const { runId = '' } = await post('', { activityId: id, requestId, ...startBody(order) });
      return runId;
    },
    outcome: async (id, runId) => {
      const { status, result, failure } = await call(gateways, `/${id}/result?wait=20s&runId=${runId}`, {});
      if (status === undefined || status === 'running' || status === 'paused') throw new StillOpenError();
      return outcomeText(status, failure === undefined ? JSON.stringify(result) : failure.message);
    },
    request: async (request, { id, runId }, requestId) => {
      const body = request === 'complete' ? { result: outsideResult } : { reason: reasonOfDrill };
      await post(`/${id}/${request}`, { ...body, runId, requestId });
    },
  };
}

const text = (ms: number): string => `${String(ms)}ms`;

const startBody = (order: Order): object => ({
  activityType: order.activityType,
  taskQueue: order.taskQueue,
  args: order.args,
  timeouts: {
    startToClose: text(order.startToCloseMs),
    ...(order.scheduleToCloseMs === undefined ? {} : { scheduleToClose: text(order.scheduleToCloseMs) }),
    ...(order.scheduleToStartMs === undefined ? {} : { scheduleToStart: text(order.scheduleToStartMs) }),
    ...(order.heartbeatMs === undefined ? {} : { heartbeat: text(order.heartbeatMs) }),
  },
  ...(order.startDelayMs === undefined ? {} : { startDelay: text(order.startDelayMs) }),
  retry: {
    initialInterval: text(retry.initialIntervalMs),
    backoffCoefficient: retry.backoffCoefficient,
    maximumInterval: text(retry.maximumIntervalMs),
    maximumAttempts: order.attemptsMax ?? 0,
  },
});

async function call(gateways: Gateways, path: string, request: RequestInit): Promise<Answer> {
  const { httpUrl } = gateways.next();
  const response = await fetch(`${httpUrl}/api/v1/namespaces/default/activities${path}`, {
    ...request,
    signal: AbortSignal.timeout(answerMsMax),
  });
  const body = await response.text();
  if (response.ok) return JSON.parse(body) as Answer;
  const said = `${String(response.status)} ${body}`;
  // Too many at once is said before anything is done, and passes.
  throw response.status >= 500 || response.status === 429 ? new Error(said) : new RefusedError(said);
}
