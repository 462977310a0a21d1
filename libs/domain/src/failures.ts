import type { Failure, FailureInfo, TimeoutType } from './failure.ts';
import { oversizedFailureBytesKept, retriedFailureBytesMax } from './limits.ts';
import type { Payloads } from './payload.ts';
import { timeoutName } from './retryable.ts';
import { failureBytes } from './size.ts';
import { truncateUtf8, utf8Bytes, utf8Length } from './utf8.ts';

// The failures that the rules themselves make. Semantics sections 2.2 and 2.3.

const failure = (message: string, info: FailureInfo, cause?: Failure): Failure => ({
  message,
  source: '',
  stackTrace: '',
  info,
  ...(cause === undefined ? {} : { cause }),
});

/** A failure of the server's own, such as `Complete result exceeds size limit.` */
export const serverFailure = (message: string, nonRetryable: boolean, cause?: Failure): Failure =>
  failure(message, { type: 'server', nonRetryable }, cause);

/** Stands for a failure whose worker sent none. */
export const missingFailure: Failure = serverFailure('activity task failed without failure details', false);

/** A limit passed: `activity StartToClose timeout`. */
export const timeoutFailure = (timeoutType: TimeoutType, lastHeartbeatDetails: Payloads, cause?: Failure): Failure =>
  failure(
    `activity ${timeoutName(timeoutType)} timeout`,
    { type: 'timeout', timeoutType, lastHeartbeatDetails },
    cause,
  );

/** An attempt timed out and the backoff before the next would pass schedule-to-close: closed now, not at that deadline. */
export const notEnoughTimeFailure = (lastHeartbeatDetails: Payloads, cause?: Failure): Failure =>
  failure(
    'Not enough time to schedule next retry before activity ScheduleToClose timeout, giving up retrying',
    { type: 'timeout', timeoutType: 'schedule-to-close', lastHeartbeatDetails },
    cause,
  );

/** @param identity who asked for the cancellation. */
export const canceledFailure = (details: Payloads, identity: string): Failure =>
  failure('Activity canceled', { type: 'canceled', details, identity });

export const terminatedFailure = (reason: string, identity: string): Failure =>
  failure(reason, { type: 'terminated', identity });

/** A reason as the details of a cancellation that no worker saw: one `json/plain` string. */
export const reasonDetails = (reason: string): Payloads => [
  { metadata: { encoding: utf8Bytes('json/plain') }, data: utf8Bytes(JSON.stringify(reason)) },
];

const exceedsSizeLimit = 'Failure exceeds size limit.';

/** What is kept of a failure that will be retried: itself, or a cut copy when it is larger than 4 KiB. */
export const retriedFailure = (original: Failure, isFramed: boolean): Failure =>
  failureBytes(original) + (isFramed ? framingBytes(original) : 0) <= retriedFailureBytesMax
    ? original
    : serverFailure(exceedsSizeLimit, false, truncateFailure(original, retriedFailureBytesMax, isFramed));

/** What stands for a reported failure over the blob limit: it ends the activity. */
export const oversizedFailure = (original: Failure, isFramed: boolean): Failure =>
  serverFailure(exceedsSizeLimit, true, truncateFailure(original, oversizedFailureBytesKept, isFramed));

/** What the wire adds to a text, to the kind of a failure, and to a cause, at most (semantics section 2.3). */
const textFramingBytes = 4;
const infoFramingBytes = 8;

/** What the wire adds to the texts of a failure and all its causes, at most. */
function framingBytes(original: Failure): number {
  let bytes = 0;
  for (let link: Failure | undefined = original; link !== undefined; link = link.cause) {
    const texts = [link.source, link.message, link.stackTrace].filter((text) => text !== '');
    bytes += texts.length * textFramingBytes + 2 * infoFramingBytes;
  }
  return bytes;
}

/**
 * A failure cut to a budget of bytes, spent in the order type, source, message, stack trace, cause.
 *
 * Keeps whether it may be retried; details and encoded attributes go.
 *
 * @param isFramed the budget is for the failure as the wire has it, not for its texts alone.
 */
export function truncateFailure(original: Failure, bytesMax: number, isFramed: boolean): Failure {
  let left = bytesMax;
  const spend = (bytes: number): void => {
    if (isFramed) left = Math.max(left - bytes, 0);
  };
  const cut = (text: string): string => {
    const kept = truncateUtf8(text, left);
    left -= utf8Length(kept);
    if (kept !== '') spend(textFramingBytes);
    return kept;
  };
  if (original.info.type === 'application' || original.info.type === 'server') spend(infoFramingBytes);
  const info = truncateInfo(original.info, cut);
  const source = cut(original.source);
  const message = cut(original.message);
  const stackTrace = cut(original.stackTrace);
  if (original.cause !== undefined) spend(textFramingBytes);
  const cause = original.cause !== undefined && left > 0 ? truncateFailure(original.cause, left, isFramed) : undefined;
  return { message, source, stackTrace, info, ...(cause === undefined ? {} : { cause }) };
}

function truncateInfo(info: FailureInfo, cut: (text: string) => string): FailureInfo {
  switch (info.type) {
    case 'application':
      return { type: 'application', errorType: cut(info.errorType), nonRetryable: info.nonRetryable, details: [] };
    case 'server':
      return info;
    case 'none':
    case 'timeout':
    case 'canceled':
    case 'terminated':
      return { type: 'none' };
  }
}
