import type { temporal } from '@temporalio/proto';
import { millis, type Failure, type FailureInfo } from '@ratchet/domain';
import { present } from '../../present.ts';
import { FrontDoorError } from '../../front-door/index.ts';
import { categoryNumbers, timeoutTypeNumbers, toTimeoutType } from './enums.ts';
import { fromPayloadsIfAny, toPayload, toPayloads } from './payloads.ts';
import { fromMsIfAny, toMs } from './times.ts';

type WireFailure = temporal.api.failure.v1.IFailure;

/** Causes nested deeper than this are refused: a failure is a chain, and none is so long. */
const causeDepthMax = 100;

/** @throws FrontDoorError INVALID_ARGUMENT for a delay that is none, and for a chain of causes without end. */
export function toFailure(failure: WireFailure, depth = 0): Failure {
  if (depth > causeDepthMax) throw new FrontDoorError('INVALID_ARGUMENT', 'Failure has too many causes.');
  const { message, source, stackTrace, encodedAttributes, cause } = failure;
  return {
    message: message ?? '',
    source: source ?? '',
    stackTrace: stackTrace ?? '',
    ...(isSet(encodedAttributes) ? { encodedAttributes: toPayload(encodedAttributes) } : {}),
    info: toInfo(failure),
    ...(isSet(cause) ? { cause: toFailure(cause, depth + 1) } : {}),
  };
}

function toInfo(failure: WireFailure): FailureInfo {
  const { applicationFailureInfo: application, timeoutFailureInfo: timeout, canceledFailureInfo: canceled } = failure;
  const { terminatedFailureInfo: terminated, serverFailureInfo: server } = failure;
  if (isSet(application)) return toApplicationInfo(application);
  if (isSet(timeout)) {
    const { timeoutType, lastHeartbeatDetails } = timeout;
    return {
      type: 'timeout',
      timeoutType: toTimeoutType(timeoutType),
      lastHeartbeatDetails: toPayloads(lastHeartbeatDetails),
    };
  }
  if (isSet(canceled)) {
    return { type: 'canceled', details: toPayloads(canceled.details), identity: canceled.identity ?? '' };
  }
  if (isSet(terminated)) return { type: 'terminated', identity: terminated.identity ?? '' };
  return isSet(server) ? { type: 'server', nonRetryable: server.nonRetryable ?? false } : { type: 'none' };
}

function toApplicationInfo(info: temporal.api.failure.v1.IApplicationFailureInfo): FailureInfo {
  const delayMs = toMs('NextRetryDelay is not a valid duration', info.nextRetryDelay);
  if (delayMs !== undefined && delayMs < 0) {
    const message = `NextRetryDelay is not a valid duration: negative duration. Got ${String(delayMs)} ms`;
    throw new FrontDoorError('INVALID_ARGUMENT', message);
  }
  return {
    type: 'application',
    errorType: info.type ?? '',
    nonRetryable: info.nonRetryable ?? false,
    details: toPayloads(info.details),
    ...(delayMs === undefined || delayMs === 0 ? {} : { nextRetryDelayMs: millis(delayMs) }),
    ...(info.category === categoryNumbers.benign ? { category: 'benign' } : {}),
  };
}

export function fromFailure({ info, cause, encodedAttributes, ...texts }: Failure): WireFailure {
  return {
    ...texts,
    ...(encodedAttributes === undefined ? {} : { encodedAttributes }),
    ...fromInfo(info),
    ...(cause === undefined ? {} : { cause: fromFailure(cause) }),
  };
}

function fromInfo(info: FailureInfo): WireFailure {
  switch (info.type) {
    case 'none':
      return {};
    case 'application': {
      const { errorType, nonRetryable, details, nextRetryDelayMs, category } = info;
      const rest = present({
        nextRetryDelay: fromMsIfAny(nextRetryDelayMs),
        category: category === undefined ? undefined : categoryNumbers[category],
      });
      return { applicationFailureInfo: { type: errorType, nonRetryable, ...detailsIfAny(details), ...rest } };
    }
    case 'timeout': {
      const { timeoutType, lastHeartbeatDetails } = info;
      const heartbeat = present({ lastHeartbeatDetails: fromPayloadsIfAny(lastHeartbeatDetails) });
      return { timeoutFailureInfo: { timeoutType: timeoutTypeNumbers[timeoutType], ...heartbeat } };
    }
    case 'canceled':
      return { canceledFailureInfo: { ...detailsIfAny(info.details), identity: info.identity } };
    case 'terminated':
      return { terminatedFailureInfo: { identity: info.identity } };
    case 'server':
      return { serverFailureInfo: { nonRetryable: info.nonRetryable } };
  }
}

const detailsIfAny = (details: Parameters<typeof fromPayloadsIfAny>[0]) =>
  present({ details: fromPayloadsIfAny(details) });

const isSet = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;
