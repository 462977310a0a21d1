import type { ActivityOptionsRequest, Payloads } from '@ratchet/domain';
import type { StartActivityRequest } from '../front-door/index.ts';
import { present } from '../present.ts';
import { textIn } from './json-text.ts';
import { payloadOf, payloadsOfTexts, type PayloadJson } from './payload-json.ts';
import { wrongField } from './problem.ts';
import type { StartRequest } from './requests.ts';

/** What a body asks for, in the front door's words. */
export function startOf(body: StartRequest, activityId: string, requestId: string): StartActivityRequest {
  const { activityType, idReusePolicy, idConflictPolicy, header = {}, callbackUrls } = body;
  return {
    activityId,
    activityType,
    requestId,
    options: optionsOf(body),
    input: argsOf(body),
    header: Object.fromEntries(Object.entries(header).map(([key, payload]) => [key, payloadOf(payload)])),
    idReusePolicy,
    idConflictPolicy,
    ...(callbackUrls === undefined || callbackUrls.length === 0 ? {} : { callbackUrls }),
  };
}

interface Args {
  readonly args?: readonly unknown[] | undefined;
  readonly argsPayloads?: readonly PayloadJson[] | undefined;
}

/** Arguments as plain values or as raw payloads, not both. */
export function argsOf({ args, argsPayloads }: Args): Payloads {
  if (args !== undefined && argsPayloads !== undefined) throw wrongField('/argsPayloads', 'args are there, too');
  return argsPayloads === undefined ? payloadsOfTexts((args ?? []).map(textIn)) : argsPayloads.map(payloadOf);
}

function optionsOf({ taskQueue, timeouts, startDelay, retry }: StartRequest): ActivityOptionsRequest {
  return {
    taskQueue,
    ...present({
      scheduleToCloseTimeoutMs: timeouts.scheduleToClose,
      scheduleToStartTimeoutMs: timeouts.scheduleToStart,
      startToCloseTimeoutMs: timeouts.startToClose,
      heartbeatTimeoutMs: timeouts.heartbeat,
      startDelayMs: startDelay,
      retryPolicy: retry === undefined ? undefined : retryPolicyOf(retry),
    }),
  };
}

const retryPolicyOf = (retry: NonNullable<StartRequest['retry']>): NonNullable<ActivityOptionsRequest['retryPolicy']> =>
  present({
    initialIntervalMs: retry.initialInterval,
    backoffCoefficient: retry.backoffCoefficient,
    intervalMsMax: retry.maximumInterval,
    attemptsMax: retry.maximumAttempts,
    nonRetryableErrorTypes: retry.nonRetryableErrorTypes,
  });
