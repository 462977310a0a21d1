import { isClosed, type LargePart, type Offset } from '@ratchet/domain';
import type { temporal } from '@temporalio/proto';
import {
  type ActivityCalls,
  type ActivityRef,
  type ActivityRequest,
  type ActivitySeen,
  type Caller,
  type ReasonedRequest,
  type StartActivityRequest,
} from '../../front-door/index.ts';
import { present } from '../../present.ts';
import { callerOf, type Handlers, type RequestOf, type ResponseOf } from '../handler.ts';
import { fromActivity, fromOutcome } from '../wire/activity-info.ts';
import { toConflictPolicy, toReusePolicy } from '../wire/enums.ts';
import { readLongPollToken, writeLongPollToken } from '../wire/long-poll-token.ts';
import { fromOptions, toOptions } from '../wire/options.ts';
import { bytes, fromPayloadsIfAny, toHeader, toPayloads } from '../wire/payloads.ts';
import { toUserMetadataIfAny } from '../wire/user-metadata.ts';
import { checkStart } from '../wire/start-request.ts';
import { toLinks } from '../wire/links.ts';
import { updatedOptions } from '../wire/updated-options.ts';

type CallerMethod =
  | 'startActivityExecution'
  | 'describeActivityExecution'
  | 'pollActivityExecution'
  | 'requestCancelActivityExecution'
  | 'terminateActivityExecution'
  | 'deleteActivityExecution';

type OperatorMethod =
  'pauseActivityExecution' | 'unpauseActivityExecution' | 'resetActivityExecution' | 'updateActivityExecutionOptions';

/** Activities: requests of the wire to calls of the front door, and back. */
export const activityHandlers = (activities: ActivityCalls): Handlers<CallerMethod | OperatorMethod> => ({
  ...callerHandlers(activities),
  ...operatorHandlers(activities),
});

const callerHandlers = (activities: ActivityCalls): Handlers<CallerMethod> => ({
  startActivityExecution: async (request, call) => {
    checkStart(request);
    const { runId, started } = await activities.start(callerOf(request, call), startOf(request));
    const { namespace, activityId } = request;
    return { runId, started, link: { activity: { namespace: namespace ?? '', activityId: activityId ?? '', runId } } };
  },

  describeActivityExecution: async (request, call) => {
    const caller = callerOf(request, call);
    const ref = refOf(request);
    const token = bytes(request.longPollToken);
    const without = leftOut(request);
    const seen =
      token.length === 0
        ? await activities.describe(caller, ref, without)
        : await activities.describeChange(
            caller,
            ref,
            await versionSeen(activities, caller, ref, token),
            call.patience(),
            without,
          );
    return seen === undefined ? {} : described(seen, request);
  },

  pollActivityExecution: async (request, call) => {
    const reached = await activities.awaitOutcome(callerOf(request, call), refOf(request), call.patience());
    return reached === undefined ? {} : { runId: reached.runId, outcome: fromOutcome(reached.outcome) };
  },

  requestCancelActivityExecution: async (request, call) => {
    await activities.requestCancel(callerOf(request, call), reasoned(request));
    return {};
  },

  terminateActivityExecution: async (request, call) => {
    await activities.terminate(callerOf(request, call), reasoned(request));
    return {};
  },

  deleteActivityExecution: async (request, call) => {
    await activities.delete(callerOf(request, call), refOf(request));
    return {};
  },
});

function startOf(request: RequestOf<'startActivityExecution'>): StartActivityRequest {
  const links = toLinks(request.links ?? []);
  return {
    activityId: request.activityId ?? '',
    activityType: request.activityType?.name ?? '',
    requestId: request.requestId ?? '',
    options: toOptions(request),
    input: toPayloads(request.input),
    header: toHeader(request.header),
    idReusePolicy: toReusePolicy(request.idReusePolicy),
    idConflictPolicy: toConflictPolicy(request.idConflictPolicy),
    ...present({
      userMetadata: toUserMetadataIfAny(request.userMetadata),
      links: links.length === 0 ? undefined : links,
    }),
    onConflict: toOnConflict(request.onConflictOptions),
  };
}

const toOnConflict = (
  options: temporal.api.common.v1.IOnConflictOptions | null | undefined,
): NonNullable<StartActivityRequest['onConflict']> => ({
  attachRequestId: options?.attachRequestId ?? false,
  attachLinks: options?.attachLinks ?? false,
});

const operatorHandlers = (activities: ActivityCalls): Handlers<OperatorMethod> => ({
  pauseActivityExecution: async (request, call) => {
    await activities.pause(callerOf(request, call), reasoned(request));
    return {};
  },

  // A jitter is a span from which a delay is drawn; none is in it.
  unpauseActivityExecution: async (request, call) => {
    await activities.unpause(callerOf(request, call), requested(request));
    return {};
  },

  resetActivityExecution: async (request, call) => {
    await activities.reset(callerOf(request, call), {
      ...requested(request),
      keepPaused: request.keepPaused ?? false,
      resetHeartbeat: request.resetHeartbeat ?? false,
      restoreOriginalOptions: request.restoreOriginalOptions ?? false,
    });
    return {};
  },

  updateActivityExecutionOptions: async (request, call) => {
    const restoreOriginal = request.restoreOriginal ?? false;
    const options = updatedOptions(request);
    const update = { ...requested(request), options, restoreOriginal };
    const { activity } = await activities.updateOptions(callerOf(request, call), update);
    return { activityOptions: fromOptions(activity.options) };
  },
});

/** What may be large is not fetched for who does not ask for it. */
function leftOut({ includeInput, includeOutcome, includeHeartbeatDetails }: Wanted): readonly LargePart[] {
  const parts: LargePart[] = [];
  if (includeInput !== true) parts.push('input');
  if (includeHeartbeatDetails !== true) parts.push('heartbeat-details');
  if (includeOutcome !== true) parts.push('result');
  return parts;
}

/** What is wrong with a token is said of an activity that there is: of another there is nothing to say (semantics section 2.4). */
async function versionSeen(
  activities: ActivityCalls,
  caller: Caller,
  ref: ActivityRef,
  token: Uint8Array,
): Promise<Offset> {
  const version = readLongPollToken(token, caller.namespace, ref);
  if (typeof version === 'number') return version;
  await activities.describe(caller, ref);
  throw version;
}

type Wanted = temporal.api.workflowservice.v1.IDescribeActivityExecutionRequest;

function described({ activity, stateBytes }: ActivitySeen, wanted: Wanted): ResponseOf<'describeActivityExecution'> {
  const include = {
    heartbeatDetails: wanted.includeHeartbeatDetails ?? false,
    lastFailure: wanted.includeLastFailure ?? false,
  };
  return {
    runId: activity.id.runId,
    info: fromActivity(activity, stateBytes, include),
    longPollToken: writeLongPollToken(activity),
    ...present({ input: wanted.includeInput === true ? fromPayloadsIfAny(activity.input) : undefined }),
    ...(wanted.includeOutcome === true && isClosed(activity) ? { outcome: fromOutcome(activity.outcome) } : {}),
  };
}

interface Names {
  readonly activityId?: string | null;
  readonly workflowId?: string | null;
  readonly runId?: string | null;
  readonly requestId?: string | null;
  readonly reason?: string | null;
}

const refOf = ({ activityId, workflowId, runId }: Names): ActivityRef => ({
  activityId: activityId ?? '',
  workflowId: workflowId ?? '',
  runId: runId ?? '',
});

const requested = (names: Names): ActivityRequest => ({ ...refOf(names), requestId: names.requestId ?? '' });

const reasoned = (names: Names): ReasonedRequest => ({ ...requested(names), reason: names.reason ?? '' });
