import type { Failure, FailureInfo, Payload, Payloads } from '@ratchet/domain';
import { DefaultFailureConverter, type FailureConverter } from './failure-converter.ts';
import type { RatchetFailure } from './failures.ts';
import { decodeWith, encodeWith, type PayloadCodec } from './payload-codec.ts';
import { defaultPayloadConverter, PayloadConverterError, type PayloadConverter } from './payload-converter.ts';
import { errorText, isInstance } from './thrown.ts';

/** How values travel. Clients and workers that share a namespace must agree on it. */
export interface DataConverter {
  /** Default: `defaultPayloadConverter`, that is JSON, with bytes and `undefined` as they are. */
  readonly payloadConverter?: PayloadConverter;
  readonly failureConverter?: FailureConverter;
  /** Applied to every payload on its way out and in, details of failures included. */
  readonly payloadCodecs?: readonly PayloadCodec[];
}

export type LoadedDataConverter = Required<DataConverter>;

export const loadDataConverter = (converter: DataConverter = {}): LoadedDataConverter => ({
  payloadConverter: converter.payloadConverter ?? defaultPayloadConverter,
  failureConverter: converter.failureConverter ?? new DefaultFailureConverter(),
  payloadCodecs: converter.payloadCodecs ?? [],
});

// Each of these answers at once when there is no codec, so that the common case makes no promise per record.

/** @throws PayloadConverterError for a value that cannot be converted, its path beginning with its index; or whatever a codec throws. */
export function valuesToPayloads(
  { payloadConverter, payloadCodecs }: LoadedDataConverter,
  values: readonly unknown[],
): Payloads | Promise<Payloads> {
  const payloads = values.map((value, index) => toPayload(payloadConverter, value, index));
  return encodePayloads({ payloadCodecs }, payloads);
}

/** What the codecs make of payloads. */
export const encodePayloads = (
  { payloadCodecs }: Pick<LoadedDataConverter, 'payloadCodecs'>,
  payloads: Payloads,
): Payloads | Promise<Payloads> =>
  payloadCodecs.length === 0 || payloads.length === 0 ? payloads : encodeWith(payloadCodecs, payloads);

function toPayload(converter: PayloadConverter, value: unknown, index: number): Payload {
  try {
    return converter.toPayload(value);
  } catch (cause) {
    const { message, path, reason } = isInstance(cause, PayloadConverterError) ? cause : foreign(cause);
    throw new PayloadConverterError(message, `[${String(index)}]${path}`, reason, { cause });
  }
}

/** A converter of the user's own throws what it likes. */
const foreign = (cause: unknown): PayloadConverterError => {
  const message = errorText(cause);
  return new PayloadConverterError(message, '', `cannot be converted: ${message}`);
};

export function payloadsToValues(
  { payloadConverter, payloadCodecs }: LoadedDataConverter,
  payloads: Payloads,
): unknown[] | Promise<unknown[]> {
  const read = (plain: Payloads): unknown[] => plain.map((payload) => payloadConverter.fromPayload(payload));
  return payloadCodecs.length === 0 || payloads.length === 0
    ? read(payloads)
    : decodeWith(payloadCodecs, payloads).then(read);
}

export function errorToFailure(
  { failureConverter, payloadConverter, payloadCodecs }: LoadedDataConverter,
  error: unknown,
): Failure | Promise<Failure> {
  const failure = failureConverter.errorToFailure(error, payloadConverter);
  if (payloadCodecs.length === 0) return failure;
  return mapFailure(failure, (payloads) => encodeWith(payloadCodecs, payloads));
}

export function failureToError(
  { failureConverter, payloadConverter, payloadCodecs }: LoadedDataConverter,
  failure: Failure,
): RatchetFailure | Promise<RatchetFailure> {
  if (payloadCodecs.length === 0) return failureConverter.failureToError(failure, payloadConverter);
  return mapFailure(failure, (payloads) => decodeWith(payloadCodecs, payloads)).then((plain) =>
    failureConverter.failureToError(plain, payloadConverter),
  );
}

type PayloadsMapping = (payloads: Payloads) => Promise<Payloads>;

async function mapFailure(failure: Failure, map: PayloadsMapping): Promise<Failure> {
  const { cause, encodedAttributes, ...rest } = failure;
  return {
    ...rest,
    info: await mapInfo(failure.info, map),
    ...(encodedAttributes === undefined ? {} : { encodedAttributes: await mapOne(encodedAttributes, map) }),
    ...(cause === undefined ? {} : { cause: await mapFailure(cause, map) }),
  };
}

async function mapInfo(info: FailureInfo, map: PayloadsMapping): Promise<FailureInfo> {
  switch (info.type) {
    case 'application':
    case 'canceled':
      return info.details.length === 0 ? info : { ...info, details: await map(info.details) };
    case 'timeout':
      if (info.lastHeartbeatDetails.length === 0) return info;
      return { ...info, lastHeartbeatDetails: await map(info.lastHeartbeatDetails) };
    default:
      return info;
  }
}

async function mapOne(payload: Payload, map: PayloadsMapping): Promise<Payload> {
  const [mapped] = await map([payload]);
  return mapped ?? payload;
}
