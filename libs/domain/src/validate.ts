import type { Link, UserMetadata } from './activity.ts';
import type { IdConflictPolicy, IdReusePolicy } from './activity-options.ts';
import type { Failure } from './failure.ts';
import { taskTopic, type ExecutionId, type RunId } from './identity.ts';
import {
  blobBytesMax,
  blobPartsMax,
  callbackUrlBytesMax,
  callbackUrlsMax,
  detailsBytesMax,
  durationMsMax,
  headerBytesMax,
  idBytesMax,
  linkBytesMax,
  linksBytesMax,
  linksMax,
  reasonBytesMax,
  requestLinksMax,
  summaryBytesMax,
  taskTopicBytesMax,
} from './limits.ts';
import type { Payload, Payloads } from './payload.ts';
import type { Refusal } from './refusal.ts';
import { failureBytes, failureParts, headerBytes, payloadBytes, payloadsBytes, payloadsParts } from './size.ts';
import { isLongerThan, utf8Length } from './utf8.ts';

// Each check says what is wrong with one field, in the reference's words (semantics sections 1.1, 2.3, 2.4), or nothing.

const wrong = (message: string): Refusal => ({ reason: 'invalid-argument', message });

/** The first refusal of a list of checks. They are cheap: all are made. */
export const firstRefusal = (...checks: readonly (Refusal | undefined)[]): Refusal | undefined =>
  checks.find((check) => check !== undefined);

/** A text that may be empty but not longer than an id. */
export function checkLength(what: string, value: string): Refusal | undefined {
  if (isLongerThan(value, idBytesMax)) {
    return wrong(`${what} exceeds length limit. Length=${String(utf8Length(value))} Limit=${String(idBytesMax)}`);
  }
  // A lone surrogate would be written as another character, and two ids could meet in one key.
  return value.isWellFormed() ? undefined : wrong(`${what} must be well-formed Unicode`);
}

/** An id that must be there. */
export const checkId = (what: string, value: string): Refusal | undefined =>
  value === '' ? wrong(`${what} is not set`) : checkLength(what, value);

/**
 * An id that is a step of the path by which HTTP names what has it. Whoever reads a URL takes these two for the way back
 * (RFC 3986 section 5.2.4), however they are written, and would ask for something else.
 */
export const checkPathStep = (what: string, value: string): Refusal | undefined =>
  value === '.' || value === '..' ? wrong(`${what} must not be "${value}": no URL can name it`) : undefined;

export const checkNamespace = (namespace: string): Refusal | undefined =>
  namespace === '' ? wrong('Namespace is empty.') : checkLength('namespace', namespace);

const wellNamed = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** The name of a namespace, as it may be registered. */
export const checkNamespaceName = (namespace: string): Refusal | undefined =>
  firstRefusal(
    checkNamespace(namespace),
    wellNamed.test(namespace)
      ? undefined
      : wrong('namespace may have letters, digits, "_", "." and "-", and begins with a letter or digit'),
  );

/** The request id and identity of a request that someone asks for (timers have neither). */
export const checkRequest = (request: {
  readonly requestId: string;
  readonly identity: string;
}): Refusal | undefined =>
  request.requestId === ''
    ? wrong('request ID is not set')
    : firstRefusal(checkLength('request ID', request.requestId), checkLength('identity', request.identity));

/** The target of a call that names an activity by its ids. An empty run id means the latest run. */
export const checkTarget = (target: ExecutionId): Refusal | undefined =>
  target.activityId === ''
    ? wrong('activity ID is required')
    : firstRefusal(
        checkNamespace(target.namespace),
        checkLength('activity ID', target.activityId),
        checkLength('workflow ID', target.workflowId),
        checkLength('run ID', target.runId),
      );

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** For front doors whose run ids come from outside. `decide` needs no such check: an unknown run is `not-found`. */
export const checkRunIdFormat = (runId: string): Refusal | undefined =>
  runId === '' || uuid.test(runId) ? undefined : wrong('invalid run id: must be a valid UUID');

/** The run that a command speaks of. An empty run id means the latest of the workflow id. */
export const checkRun = (run: RunId): Refusal | undefined =>
  firstRefusal(checkNamespace(run.namespace), checkId('workflow ID', run.workflowId), checkLength('run ID', run.runId));

/** What a worker or an external system says about an attempt. */
export function checkAttemptReport(target: ExecutionId, identity: string): Refusal | undefined {
  if (target.activityId === '') return wrong('ActivityId is not set on request.');
  return isLongerThan(identity, idBytesMax) ? wrong('Identity length exceeds limit.') : undefined;
}

export const checkReason = (reason: string): Refusal | undefined =>
  isLongerThan(reason, reasonBytesMax) ? wrong('reason exceeds length limit') : undefined;

/** Whether payloads are larger than a record may carry. What that means depends on the call (semantics section 2.3). */
export const isOversized = (payloads: Payloads): boolean =>
  payloadsBytes(payloads) > blobBytesMax || payloadsParts(payloads) > blobPartsMax;

/** As `isOversized`, of a failure with all its causes. */
export const isOversizedFailure = (failure: Failure): boolean =>
  failureBytes(failure) > blobBytesMax || failureParts(failure) > blobPartsMax;

export const checkInput = (input: Payloads): Refusal | undefined =>
  isOversized(input) ? wrong('input exceeds length limit') : undefined;

export function checkHeader(header: Readonly<Record<string, Payload>>): Refusal | undefined {
  const parts = Object.keys(header).length + payloadsParts(Object.values(header));
  if (parts > blobPartsMax)
    return wrong(`header exceeds length limit. Parts=${String(parts)} Limit=${String(blobPartsMax)}`);
  const bytes = headerBytes(header);
  if (bytes <= headerBytesMax) return undefined;
  return wrong(`header exceeds length limit. Length=${String(bytes)} Limit=${String(headerBytesMax)}`);
}

/** The links of a start. What they name is the gateway's question. */
export function checkLinks(links: readonly Link[]): Refusal | undefined {
  if (links.length > requestLinksMax) {
    return wrong(`cannot attach more than ${String(requestLinksMax)} links per request, got ${String(links.length)}`);
  }
  const long = links.find(({ length }) => length > linkBytesMax);
  if (long === undefined) return undefined;
  return wrong(`link exceeds allowed size of ${String(linkBytesMax)}, got ${String(long.length)}`);
}

/** Whether one activity may have all of them. */
export const mayHaveLinks = (links: readonly Link[]): boolean =>
  links.length <= linksMax && links.reduce((bytes, { length }) => bytes + length, 0) <= linksBytesMax;

export const checkUserMetadata = ({ summary, details }: UserMetadata = {}): Refusal | undefined =>
  firstRefusal(
    checkMetadataSize('user_metadata.summary', summary, summaryBytesMax),
    checkMetadataSize('user_metadata.details', details, detailsBytesMax),
  );

function checkMetadataSize(field: string, payload: Payload | undefined, bytesMax: number): Refusal | undefined {
  const bytes = payload === undefined ? 0 : payloadBytes(payload);
  if (bytes <= bytesMax) return undefined;
  return wrong(`${field} exceeds size limit. Length=${String(bytes)} Limit=${String(bytesMax)}`);
}

const internalTaskQueuePrefix = '/_sys/';

/**
 * The task queue names a topic with the namespace and the priority level, so all together must fit Kafka's limit.
 *
 * @param prefixLength what an installation's topics begin with takes of it, too. The log knows no prefix: a front door asks.
 */
export function checkTaskQueue(
  namespace: string,
  taskQueue: string,
  level?: number,
  prefixLength = 0,
): Refusal | undefined {
  const refusal = checkId('taskQueue', taskQueue);
  if (refusal !== undefined) return refusal;
  if (taskQueue.startsWith(internalTaskQueuePrefix)) {
    return wrong(`taskQueue must not start with "${internalTaskQueuePrefix}", got "${taskQueue}"`);
  }
  const topicBytes = prefixLength + taskTopic(namespace, taskQueue, level).length;
  if (topicBytes <= taskTopicBytesMax) return undefined;
  return wrong(
    `taskQueue exceeds length limit: its topics' names, with ${prefixLength > 0 ? 'the prefix, ' : ''}the namespace and escaped, would be longer than Kafka allows. ` +
      `Length=${String(topicBytes)} Limit=${String(taskTopicBytesMax)}`,
  );
}

const reusePolicies: readonly string[] = [
  'allow-duplicate',
  'allow-duplicate-failed-only',
  'reject-duplicate',
] satisfies readonly IdReusePolicy[];
const conflictPolicies: readonly string[] = ['fail', 'use-existing'] satisfies readonly IdConflictPolicy[];

export const checkIdReusePolicy = (policy: string): Refusal | undefined =>
  reusePolicies.includes(policy) ? undefined : wrong(`unsupported ID reuse policy: ${policy}`);

export const checkIdConflictPolicy = (policy: string): Refusal | undefined =>
  conflictPolicies.includes(policy) ? undefined : wrong(`unsupported ID conflict policy: ${policy}`);

/** Whom to tell of an outcome. Whether a URL may be called is the gateway's question: it depends on where it stands. */
export function checkCallbackUrls(urls: readonly string[]): Refusal | undefined {
  if (urls.length > callbackUrlsMax) return wrong(`callbackUrls exceeds its limit of ${String(callbackUrlsMax)}`);
  const long = urls.find((url) => isLongerThan(url, callbackUrlBytesMax));
  if (long === undefined) return undefined;
  return wrong(
    `callbackUrls exceeds length limit. Length=${String(utf8Length(long))} Limit=${String(callbackUrlBytesMax)}`,
  );
}

/** A retention from outside, in milliseconds: what it is added to must stay an instant. */
export const checkRetention = (retentionMs: number): Refusal | undefined => checkDuration('retentionMs', retentionMs);

export const checkDuration = (what: string, ms: number): Refusal | undefined =>
  Number.isSafeInteger(ms) && ms >= 0 && ms <= durationMsMax
    ? undefined
    : wrong(`${what} must be a whole number of milliseconds from 0 to ${String(durationMsMax)}, got ${String(ms)}`);
