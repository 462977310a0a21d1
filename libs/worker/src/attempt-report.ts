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
  asText,
  durationMs,
  errorText,
  errorToFailure,
  failureSource,
  fieldOf,
  isError,
  isInstance,
  valuesToPayloads,
  type ApplicationFailureOptions,
  type LoadedDataConverter,
} from '@ratchet/protocol';
import type { AttemptEnd } from './attempt-end.ts';

/** What the log is told of the end of an attempt. */
export type AttemptReport =
  | { readonly type: 'Complete'; readonly result: Payloads }
  | { readonly type: 'Fail'; readonly failure: Failure; readonly lastHeartbeatDetails?: Payloads }
  | { readonly type: 'ReportCanceled'; readonly details: Payloads };

/** What is reported when nothing else can be. It says nothing of the failure: that may be meant for a codec alone. */
export const unreportable: AttemptReport = {
  type: 'Fail',
  failure: {
    message:
      'The activity has ended, and how cannot be reported: what it gave cannot be converted. See the log of its worker.',
    source: failureSource,
    stackTrace: '',
    info: { type: 'application', errorType: 'UnreportableEnd', nonRetryable: false, details: [] },
  },
};

/**
 * The end of an attempt, converted and small enough for a record. What cannot be converted, or is too large, becomes a
 * failure that says so (semantics section 2.3), and where not even that can be converted, `unreportable`: an end is always
 * reported.
 *
 * @param lost told why something was replaced.
 * @returns `undefined` when there is nothing to say.
 */
export async function attemptReport(
  end: AttemptEnd,
  converter: LoadedDataConverter,
  lost: (error: unknown) => void = () => undefined,
): Promise<AttemptReport | undefined> {
  try {
    return await convertedReport(end, converter);
  } catch (error) {
    lost(error);
    try {
      return { type: 'Fail', failure: await failureOf(withoutDetails(end, error), losing(converter)) };
    } catch (another) {
      lost(another);
      return unreportable;
    }
  }
}

/** A failure whose details cannot be converted stays what it is without them: whether and when it is retried does not depend on them. */
function withoutDetails(end: AttemptEnd, error: unknown): unknown {
  if (end.type !== 'failed' || !isError(end.error)) return error;
  const thrown = end.error;
  const message = `${errorText(thrown)} [it could not be converted as it was: ${errorText(error)}]`;
  const failure = ApplicationFailure.create({ message, cause: fieldOf(thrown, 'cause'), ...kindOf(thrown) });
  failure.stack = asText(fieldOf(thrown, 'stack'));
  return failure;
}

function kindOf(thrown: Error): ApplicationFailureOptions {
  if (!isInstance(thrown, ApplicationFailure)) return { type: asText(fieldOf(thrown, 'name')) };
  const { type, nonRetryable, category, nextRetryDelay } = thrown;
  return {
    type: asText(type),
    nonRetryable,
    ...(category === undefined ? {} : { category }),
    ...(nextRetryDelay === undefined || durationMs(nextRetryDelay) === undefined ? {} : { nextRetryDelay }),
  };
}

/** Of the causes, too, what cannot be converted is lost, and nothing else is. */
const losing = ({ payloadConverter, ...rest }: LoadedDataConverter): LoadedDataConverter => ({
  ...rest,
  payloadConverter: {
    fromPayload: (payload) => payloadConverter.fromPayload(payload),
    toPayload: (value) => {
      try {
        return payloadConverter.toPayload(value);
      } catch {
        return payloadConverter.toPayload(undefined);
      }
    },
  },
});

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
    cause: truncateFailure(failure, oversizedFailureBytesKept, true),
  };
}
