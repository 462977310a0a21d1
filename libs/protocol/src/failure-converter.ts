import { millis, unreachable, type Failure, type FailureInfo, type Payload, type Payloads } from '@ratchet/domain';
import { durationExpected, durationMs, type Duration } from './duration.ts';
import {
  ApplicationFailure,
  CancelledFailure,
  RatchetFailure,
  rememberFailure,
  ServerFailure,
  TerminatedFailure,
  TimeoutFailure,
} from './failures.ts';
import { PayloadConverterError, type PayloadConverter } from './payload-converter.ts';
import { asText, detailsOf, errorText, fieldOf, isError, isInstance } from './thrown.ts';

/** Turns errors into failures that travel, and back. */
export interface FailureConverter {
  /**
   * Takes whatever was thrown: an error that is no failure, and a value that is no error, become application failures.
   * @throws PayloadConverterError when the details of a failure cannot be converted.
   */
  errorToFailure(error: unknown, converter: PayloadConverter): Failure;
  failureToError(failure: Failure, converter: PayloadConverter): RatchetFailure;
}

export interface DefaultFailureConverterOptions {
  /** Puts message and stack trace into a payload, so that a codec encrypts them too. Default: false. */
  readonly encodeCommonAttributes?: boolean;
}

/** Which SDK made a failure; shown to people. */
export const failureSource = 'ratchet-typescript';

/** A chain of causes that is longer, or runs in a circle, is cut here. */
const causesMax = 20;

const hiddenMessage = 'Encoded failure';

/**
 * Keeps message, stack trace, type, details and the whole chain of causes. A failure that came from Ratchet and is thrown
 * on is passed on as it came.
 */
export class DefaultFailureConverter implements FailureConverter {
  readonly #encodesCommonAttributes: boolean;

  constructor({ encodeCommonAttributes = false }: DefaultFailureConverterOptions = {}) {
    this.#encodesCommonAttributes = encodeCommonAttributes;
  }

  errorToFailure(error: unknown, converter: PayloadConverter): Failure {
    return this.#encode(error, converter, causesMax);
  }

  failureToError(failure: Failure, converter: PayloadConverter): RatchetFailure {
    const { message, stackTrace } = commonAttributes(failure, converter);
    const cause = failure.cause && this.failureToError(failure.cause, converter);
    const error = errorOf(message, failure.info, cause, converter);
    rememberFailure(error, failure);
    error.stack = stackTrace === '' ? `${error.name}: ${message}` : stackTrace;
    return error;
  }

  #encode(error: unknown, converter: PayloadConverter, causesLeft: number): Failure {
    const former = isInstance(error, RatchetFailure) ? fieldOf(error, 'failure') : undefined;
    if (former !== undefined) return former as Failure;
    const message = isError(error) ? errorText(error) : errorText(error) + adviceForNonErrors;
    const stackTrace = isError(error) ? ownStack(error) : '';
    const cause = isError(error) && causesLeft > 0 ? (fieldOf(error, 'cause') ?? undefined) : undefined;
    return {
      ...this.#common(message, stackTrace, converter),
      source: failureSource,
      info: infoOf(error, converter),
      ...(cause === undefined ? {} : { cause: this.#encode(cause, converter, causesLeft - 1) }),
    };
  }

  #common(
    message: string,
    stackTrace: string,
    converter: PayloadConverter,
  ): Pick<Failure, 'message' | 'stackTrace' | 'encodedAttributes'> {
    if (!this.#encodesCommonAttributes) return { message, stackTrace };
    const encodedAttributes = converter.toPayload({ message, stack_trace: stackTrace });
    return { message: hiddenMessage, stackTrace: '', encodedAttributes };
  }
}

/** Frames of the worker below the activity's own say nothing about it. */
function ownStack(error: Error): string {
  const stack = fieldOf(error, 'stack');
  return typeof stack === 'string' ? (stack.toWellFormed().split(workerFrame, 1)[0] ?? '') : '';
}
const workerFrame = /\n\s+at [^\n]*[/\\]worker[/\\](?:src|dist)[/\\]attempt-run\.[jt]s/;

const adviceForNonErrors =
  ' [A non-Error value was thrown from your code. We recommend throwing Error objects so that we can provide a stack trace]';

function infoOf(error: unknown, converter: PayloadConverter): FailureInfo {
  if (isInstance(error, ApplicationFailure)) return applicationInfo(error, converter);
  if (isInstance(error, TimeoutFailure)) {
    const { timeoutType, lastHeartbeatDetails: details } = error;
    const lastHeartbeatDetails = details === undefined ? [] : toPayloads([details], converter);
    return { type: 'timeout', timeoutType, lastHeartbeatDetails };
  }
  if (isInstance(error, CancelledFailure)) {
    return { type: 'canceled', details: toPayloads(detailsOf(error), converter), identity: '' };
  }
  if (isInstance(error, TerminatedFailure)) return { type: 'terminated', identity: asText(error.identity) };
  if (isInstance(error, ServerFailure)) return { type: 'server', nonRetryable: isTruthy(error.nonRetryable) };
  const errorType = isError(error) ? asText(fieldOf(error, 'name')) : '';
  return { type: 'application', errorType, nonRetryable: false, details: [] };
}

// Who writes JavaScript may have given a field anything.
function applicationInfo(failure: ApplicationFailure, converter: PayloadConverter): FailureInfo {
  const { type, nonRetryable, nextRetryDelay, category } = failure;
  const info = {
    type: 'application',
    errorType: asText(type),
    nonRetryable: isTruthy(nonRetryable),
    details: toPayloads(detailsOf(failure), converter),
    ...(category === 'benign' || category === 'unspecified' ? { category } : {}),
  } as const;
  if (nextRetryDelay === undefined) return info;
  const nextRetryDelayMs = durationMs(nextRetryDelay);
  if (nextRetryDelayMs === undefined) throw invalidDelay(nextRetryDelay);
  return { ...info, nextRetryDelayMs: millis(nextRetryDelayMs) };
}

const isTruthy = (flag: unknown): boolean => Boolean(flag);

const invalidDelay = (delay: Duration): PayloadConverterError =>
  new PayloadConverterError(
    `Expected to send ApplicationFailure.nextRetryDelay as ${durationExpected}, but it is ${errorText(delay)}`,
    '.nextRetryDelay',
  );

const toPayloads = (values: readonly unknown[], converter: PayloadConverter): Payloads =>
  values.map((value) => converter.toPayload(value));

const fromPayloads = (payloads: Payloads, converter: PayloadConverter): unknown[] =>
  payloads.map((payload) => converter.fromPayload(payload));

function errorOf(message: string, info: FailureInfo, cause: unknown, converter: PayloadConverter): RatchetFailure {
  switch (info.type) {
    case 'application': {
      const { errorType, nonRetryable, nextRetryDelayMs, category } = info;
      const details = fromPayloads(info.details, converter);
      const type = errorType === '' ? {} : { type: errorType };
      const delay = nextRetryDelayMs === undefined ? {} : { nextRetryDelay: nextRetryDelayMs };
      const severity = category === undefined ? {} : { category };
      return new ApplicationFailure({ message, nonRetryable, details, cause, ...type, ...delay, ...severity });
    }
    case 'timeout': {
      const [details] = fromPayloads(info.lastHeartbeatDetails, converter);
      return new TimeoutFailure(message, info.timeoutType, details, cause);
    }
    case 'canceled':
      return new CancelledFailure(message, fromPayloads(info.details, converter), cause);
    case 'terminated':
      return new TerminatedFailure(message, info.identity, cause);
    case 'server':
      return new ServerFailure(message, info.nonRetryable, cause);
    case 'none':
      return new RatchetFailure(message, cause);
    default:
      return unreachable(info);
  }
}

function commonAttributes(failure: Failure, converter: PayloadConverter): { message: string; stackTrace: string } {
  const { message, stackTrace, encodedAttributes } = failure;
  if (encodedAttributes === undefined) return { message, stackTrace };
  return readAttributes(encodedAttributes, converter) ?? { message, stackTrace };
}

function readAttributes(
  payload: Payload,
  converter: PayloadConverter,
): { message: string; stackTrace: string } | undefined {
  const attributes = converter.fromPayload(payload);
  if (typeof attributes !== 'object' || attributes === null) return undefined;
  const { message, stack_trace: stackTrace } = attributes as {
    readonly message?: unknown;
    readonly stack_trace?: unknown;
  };
  if (typeof message !== 'string') return undefined;
  return { message, stackTrace: typeof stackTrace === 'string' ? stackTrace : '' };
}
