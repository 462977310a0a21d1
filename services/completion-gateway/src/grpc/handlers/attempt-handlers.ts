import type { temporal } from '@temporalio/proto';
import type { AttemptCalls, AttemptFailureReport, AttemptName, HeartbeatAnswer } from '../../front-door/index.ts';
import { callerOf, type Handlers } from '../handler.ts';
import { fromFailure, toFailure } from '../wire/failures.ts';
import { bytes, toPayloads } from '../wire/payloads.ts';

type AttemptMethod =
  | 'recordActivityTaskHeartbeat'
  | 'recordActivityTaskHeartbeatById'
  | 'respondActivityTaskCompleted'
  | 'respondActivityTaskCompletedById'
  | 'respondActivityTaskFailed'
  | 'respondActivityTaskFailedById'
  | 'respondActivityTaskCanceled'
  | 'respondActivityTaskCanceledById';

/** What workers and external systems say of attempts. */
export const attemptHandlers = (attempts: AttemptCalls): Handlers<AttemptMethod> => ({
  recordActivityTaskHeartbeat: async (request, call) =>
    flags(await attempts.heartbeat(callerOf(request, call), byToken(request), toPayloads(request.details))),
  recordActivityTaskHeartbeatById: async (request, call) =>
    flags(await attempts.heartbeat(callerOf(request, call), byIds(request), toPayloads(request.details))),

  respondActivityTaskCompleted: async (request, call) => {
    await attempts.complete(callerOf(request, call), byToken(request), toPayloads(request.result));
    return {};
  },
  respondActivityTaskCompletedById: async (request, call) => {
    await attempts.complete(callerOf(request, call), byIds(request), toPayloads(request.result));
    return {};
  },

  respondActivityTaskFailed: async (request, call) => {
    const failures = await attempts.fail(callerOf(request, call), byToken(request), reportOf(request));
    return { failures: failures.map(fromFailure) };
  },
  respondActivityTaskFailedById: async (request, call) => {
    const failures = await attempts.fail(callerOf(request, call), byIds(request), reportOf(request));
    return { failures: failures.map(fromFailure) };
  },

  respondActivityTaskCanceled: async (request, call) => {
    await attempts.reportCanceled(callerOf(request, call), byToken(request), toPayloads(request.details));
    return {};
  },
  respondActivityTaskCanceledById: async (request, call) => {
    await attempts.reportCanceled(callerOf(request, call), byIds(request), toPayloads(request.details));
    return {};
  },
});

const byToken = ({ taskToken }: { readonly taskToken?: Uint8Array | null }): AttemptName => ({
  taskToken: bytes(taskToken),
});

interface Ids {
  readonly workflowId?: string | null;
  readonly runId?: string | null;
  readonly activityId?: string | null;
}

const byIds = ({ workflowId, runId, activityId }: Ids): AttemptName => ({
  workflowId: workflowId ?? '',
  runId: runId ?? '',
  activityId: activityId ?? '',
});

interface Report {
  readonly failure?: temporal.api.failure.v1.IFailure | null;
  readonly lastHeartbeatDetails?: temporal.api.common.v1.IPayloads | null;
}

const reportOf = ({ failure, lastHeartbeatDetails }: Report): AttemptFailureReport => ({
  ...(failure === null || failure === undefined ? {} : { failure: toFailure(failure) }),
  ...(lastHeartbeatDetails === null || lastHeartbeatDetails === undefined
    ? {}
    : { lastHeartbeatDetails: toPayloads(lastHeartbeatDetails) }),
});

const flags = ({ cancelRequested, paused, reset }: HeartbeatAnswer) => ({
  cancelRequested,
  activityPaused: paused,
  activityReset: reset,
});
