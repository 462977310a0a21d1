import { isDeepStrictEqual } from 'node:util';
import { isOpen, type Activity, type ActivityOptionsRequest, type Payload, type Payloads } from '@ratchet/domain';
import { encodingOf, encodings } from '@ratchet/protocol';
import { parseExactJson } from '@ratchet/service-kit';
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

/**
 * Whether an activity may be what a request has started before: of the same type, on the same task queue, with the same
 * arguments. What is encrypted is another text each time, and taken for the same.
 */
export function mayHaveStarted(request: StartActivityRequest, activity: Activity): boolean {
  const { activityType, input, options } = request;
  return (
    activity.activityType === activityType &&
    // Of a closed one it is not kept what it was before its options were changed.
    (!isOpen(activity) || activity.originalOptions.taskQueue === options.taskQueue) &&
    activity.input.length === input.length &&
    input.every((payload, index) => mayBeSame(payload, activity.input[index] ?? payload))
  );
}

function mayBeSame(one: Payload, other: Payload): boolean {
  const encoding = encodingOf(one);
  if (encoding !== encodingOf(other)) return false;
  if (encoding === encodings.json) return isSameJson(one.data, other.data);
  return encoding !== encodings.raw || Buffer.compare(one.data, other.data) === 0;
}

/** As values, numbers by all their digits: whoever sends it again may write its members in another order. */
function isSameJson(one: Uint8Array, other: Uint8Array): boolean {
  if (Buffer.compare(one, other) === 0) return true;
  try {
    return isDeepStrictEqual(parsed(one), parsed(other));
  } catch {
    // It has a number that no double is.
    return false;
  }
}

const parsed = (bytes: Uint8Array): unknown => parseExactJson(new TextDecoder().decode(bytes));

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
