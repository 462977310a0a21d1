import { failureCausesMax, type Failure, type FailureInfo } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { isPresent, setPresent } from './set-present.ts';

/**
 * The kind of failure is a field of its own, since an Avro union could not grow without breaking its readers. Causes beyond
 * the longest chain that is read are left out.
 */
export const failureToAvro = (failure: Failure): avro.Failure => linkToAvro(failure, failureCausesMax);

function linkToAvro(failure: Failure, causesLeft: number): avro.Failure {
  const { message, source, stackTrace, encodedAttributes, info, cause } = failure;
  return {
    message,
    source,
    stackTrace,
    encodedAttributes: encodedAttributes ?? null,
    application: info.type === 'application' ? info : null,
    timeout: info.type === 'timeout' ? info : null,
    canceled: info.type === 'canceled' ? info : null,
    terminated: info.type === 'terminated' ? info : null,
    server: info.type === 'server' ? info : null,
    cause: cause === undefined || causesLeft === 0 ? null : linkToAvro(cause, causesLeft - 1),
  };
}

/**
 * A kind that this version does not know is read as `none`: its message is what remains.
 *
 * @throws UnreadableRecordError when the chain of causes is longer than whatever follows could go down.
 */
export const failureToDomain = (failure: avro.Failure): Failure => linkToDomain(failure, failureCausesMax);

function linkToDomain(failure: avro.Failure, causesLeft: number): Failure {
  if (causesLeft < 0)
    throw new UnreadableRecordError(`a failure in it has more than ${String(failureCausesMax)} causes`);
  const { message, source, stackTrace, encodedAttributes, cause } = failure;
  const result: Failure = { message, source, stackTrace, info: infoOf(failure) };
  setPresent(result, 'encodedAttributes', encodedAttributes);
  if (isPresent(cause)) setPresent(result, 'cause', linkToDomain(cause, causesLeft - 1));
  return result;
}

type InfoOf<T extends FailureInfo['type']> = Extract<FailureInfo, { readonly type: T }>;

function infoOf({ application, timeout, canceled, terminated, server }: avro.Failure): FailureInfo {
  if (isPresent(application)) return applicationInfo(application);
  if (isPresent(timeout)) {
    const { timeoutType, lastHeartbeatDetails } = timeout;
    return { type: 'timeout', timeoutType, lastHeartbeatDetails };
  }
  if (isPresent(canceled)) return { type: 'canceled', details: canceled.details, identity: canceled.identity };
  if (isPresent(terminated)) return { type: 'terminated', identity: terminated.identity };
  if (isPresent(server)) return { type: 'server', nonRetryable: server.nonRetryable };
  return { type: 'none' };
}

function applicationInfo(failure: avro.ApplicationFailure): InfoOf<'application'> {
  const { errorType, nonRetryable, details, nextRetryDelayMs, category } = failure;
  const info: InfoOf<'application'> = { type: 'application', errorType, nonRetryable, details };
  setPresent(info, 'nextRetryDelayMs', nextRetryDelayMs);
  setPresent(info, 'category', category);
  return info;
}
