import {
  blobBytesMax,
  failureBytes,
  oversizedFailureBytesKept,
  payloadsBytes,
  truncateFailure,
  type Failure,
  type Payloads,
} from '@ratchet/domain';
import {
  ApplicationFailure,
  asApplicationFailure,
  errorToFailure,
  failureSource,
  valuesToPayloads,
  type LoadedDataConverter,
} from '@ratchet/protocol';
import type { AttemptEnd } from './attempt-end.ts';

/** What the log is told of the end of an attempt. */
export type AttemptReport =
  | { readonly type: 'Complete'; readonly result: Payloads }
  | { readonly type: 'Fail'; readonly failure: Failure; readonly lastHeartbeatDetails?: Payloads }
  | { readonly type: 'ReportCanceled'; readonly details: Payloads };

/**
 * The end of an attempt, converted and small enough for a record. What cannot be converted, or is too large, becomes a
 * failure that says so (semantics section 2.3): an end is always reported.
 *
 * @returns `undefined` when there is nothing to say.
 */
export async function attemptReport(
  end: AttemptEnd,
  converter: LoadedDataConverter,
): Promise<AttemptReport | undefined> {
  try {
    return await convertedReport(end, converter);
  } catch (error) {
    return { type: 'Fail', failure: await failureOf(error, converter) };
  }
}

async function convertedReport(end: AttemptEnd, converter: LoadedDataConverter): Promise<AttemptReport | undefined> {
  switch (end.type) {
    case 'completed': {
      const result = end.result === undefined ? [] : await valuesToPayloads(converter, [end.result]);
      if (payloadsBytes(result) > blobBytesMax) throw tooLarge('Complete result exceeds size limit.');
      return { type: 'Complete', result };
    }
    case 'failed':
      return { type: 'Fail', failure: await failureOf(end.error, converter) };
    case 'canceled': {
      const details = await valuesToPayloads(converter, end.details);
      if (payloadsBytes(details) > blobBytesMax) throw tooLarge('Cancel details exceed size limit.');
      return { type: 'ReportCanceled', details };
    }
    case 'unsaid':
      return undefined;
  }
}

const tooLarge = (message: string): ApplicationFailure => ApplicationFailure.nonRetryable(message, 'SizeLimitExceeded');

async function failureOf(error: unknown, converter: LoadedDataConverter): Promise<Failure> {
  const failure = await errorToFailure(converter, asApplicationFailure(error));
  if (failureBytes(failure) <= blobBytesMax) return failure;
  return {
    message: 'Failure exceeds size limit.',
    source: failureSource,
    stackTrace: '',
    info: { type: 'application', errorType: 'SizeLimitExceeded', nonRetryable: true, details: [] },
    cause: truncateFailure(failure, oversizedFailureBytesKept),
  };
}
