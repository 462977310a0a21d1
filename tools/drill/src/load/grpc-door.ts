import { msToTs } from '@temporalio/common/lib/time.js';
import { status, type ServiceError } from '@grpc/grpc-js';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import type { temporal } from '@temporalio/proto';
import { outcomeText, valueText } from '../outcome-text.ts';
import { outsideResult, reasonOfDrill, RefusedError, StillOpenError, type Door } from './door.ts';
import type { Gateways } from './gateways.ts';
import { retry, type Order } from './kinds.ts';

type Service = ReturnType<WorkflowServiceClient['within']>;
type StartRequest = temporal.api.workflowservice.v1.IStartActivityExecutionRequest;
type Failure = temporal.api.failure.v1.IFailure;

const namespace = 'default';
const answerMsMax = 30_000;

/** One client for each gateway that was ever up; those that are gone cost nothing. */
export class GrpcGateways {
  readonly #gateways: Gateways;
  readonly #clients = new Map<string, WorkflowServiceClient>();

  constructor(gateways: Gateways) {
    this.#gateways = gateways;
  }

  /** @throws Error when no gateway is up. */
  within(ms: number): Service {
    const { grpcAddress } = this.#gateways.next();
    const client = this.#clients.get(grpcAddress) ?? new WorkflowServiceClient(grpcAddress);
    this.#clients.set(grpcAddress, client);
    return client.within(ms);
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }
}

/** The gateway's gRPC API, which is Temporal's. */
export function grpcDoor(gateways: GrpcGateways): Door {
  return {
    name: 'grpc',
    start: (id, requestId, order) =>
      certainGrpc(async () => {
        const request = { namespace, requestId, activityId: id, identity: 'drill', ...startRequest(order) };
        return (await gateways.within(answerMsMax).startActivityExecution(request)).runId;
      }),
    outcome: (id, runId) =>
      certainGrpc(async () => {
        const request = { namespace, activityId: id, runId };
        const { outcome } = await gateways.within(answerMsMax).pollActivityExecution(request);
        const { result, failure } = outcome ?? {};
        if (failure !== null && failure !== undefined) return outcomeText(statusOf(failure), failure.message ?? '');
        if (result === null || result === undefined) throw new StillOpenError();
        return outcomeText('completed', valueText(result.payloads?.[0]?.data));
      }),
    request: (request, { id, runId }, requestId) =>
      certainGrpc(async () => {
        const service = gateways.within(answerMsMax);
        const target = { namespace, activityId: id, runId, identity: 'drill' };
        if (request === 'complete') {
          const result = { payloads: [jsonPayload(outsideResult)] };
          await service.respondActivityTaskCompletedById({ ...target, result });
          return;
        }
        const reasoned = { ...target, requestId, reason: reasonOfDrill };
        if (request === 'cancel') await service.requestCancelActivityExecution(reasoned);
        else await service.terminateActivityExecution(reasoned);
      }),
  };
}

export const jsonPayload = (value: unknown): temporal.api.common.v1.IPayload => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});

const startRequest = (order: Order): StartRequest => ({
  activityType: { name: order.activityType },
  taskQueue: { name: order.taskQueue },
  input: { payloads: order.args.map(jsonPayload) },
  startToCloseTimeout: msToTs(order.startToCloseMs),
  ...(order.scheduleToCloseMs === undefined ? {} : { scheduleToCloseTimeout: msToTs(order.scheduleToCloseMs) }),
  ...(order.scheduleToStartMs === undefined ? {} : { scheduleToStartTimeout: msToTs(order.scheduleToStartMs) }),
  ...(order.heartbeatMs === undefined ? {} : { heartbeatTimeout: msToTs(order.heartbeatMs) }),
  ...(order.startDelayMs === undefined ? {} : { startDelay: msToTs(order.startDelayMs) }),
  retryPolicy: {
    initialInterval: msToTs(retry.initialIntervalMs),
    backoffCoefficient: retry.backoffCoefficient,
    maximumInterval: msToTs(retry.maximumIntervalMs),
    maximumAttempts: order.attemptsMax ?? 0,
  },
});

/** The wire says how an activity ended by the kind of its failure. */
function statusOf(failure: Failure): 'failed' | 'timed-out' | 'canceled' | 'terminated' {
  if (isThere(failure.timeoutFailureInfo)) return 'timed-out';
  if (isThere(failure.canceledFailureInfo)) return 'canceled';
  return isThere(failure.terminatedFailureInfo) ? 'terminated' : 'failed';
}

const isThere = (value: unknown): boolean => value !== null && value !== undefined;

const refusals: readonly number[] = [
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.PERMISSION_DENIED,
  status.UNAUTHENTICATED,
];

/** @throws RefusedError (rejects) for the codes that say so; else what the call throws. */
export async function certainGrpc<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const { code, details } = error as ServiceError;
    throw refusals.includes(code) ? new RefusedError(details) : error;
  }
}
