import type { ActivityOptionsRequest, Payloads } from '@ratchet/domain';
import type { StartActivityRequest } from '../front-door/index.ts';
import { payloadOf, payloadsOfValues, type PayloadJson } from './payload-json.ts';
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
  return argsPayloads === undefined ? payloadsOfValues(args ?? []) : argsPayloads.map(payloadOf);
}

function optionsOf({ taskQueue, timeouts, startDelay, retry }: StartRequest): ActivityOptionsRequest {
  return {
    taskQueue,
    ...present('scheduleToCloseTimeoutMs', timeouts.scheduleToClose),
    ...present('scheduleToStartTimeoutMs', timeouts.scheduleToStart),
    ...present('startToCloseTimeoutMs', timeouts.startToClose),
    ...present('heartbeatTimeoutMs', timeouts.heartbeat),
    ...present('startDelayMs', startDelay),
    ...present('retryPolicy', retry === undefined ? undefined : retryPolicyOf(retry)),
  };
}

const retryPolicyOf = (
  retry: NonNullable<StartRequest['retry']>,
): NonNullable<ActivityOptionsRequest['retryPolicy']> => ({
  ...present('initialIntervalMs', retry.initialInterval),
  ...present('backoffCoefficient', retry.backoffCoefficient),
  ...present('intervalMsMax', retry.maximumInterval),
  ...present('attemptsMax', retry.maximumAttempts),
  ...present('nonRetryableErrorTypes', retry.nonRetryableErrorTypes),
});

/** The property, when there is a value for it. */
const present = <K extends string, V>(name: K, value: V | undefined): Readonly<Partial<Record<K, V>>> =>
  (value === undefined ? {} : { [name]: value }) as Readonly<Partial<Record<K, V>>>;
