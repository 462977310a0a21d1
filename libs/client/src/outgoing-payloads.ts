import { blobBytesMax, failureBytes, payloadsBytes, type Failure, type Payloads } from '@ratchet/domain';
import {
  asApplicationFailure,
  errorToFailure,
  PayloadConverterError,
  valuesToPayloads,
  type LoadedDataConverter,
} from '@ratchet/protocol';
import { InvalidActivityOptionsError } from './errors.ts';

/**
 * Values as payloads, small enough for a record.
 *
 * @param field how the caller knows the list; the error names the item, as in `args[0].items`.
 * @throws InvalidActivityOptionsError (rejects) when one cannot be written, or all are too large together.
 */
export const outgoingPayloads = (
  field: string,
  values: readonly unknown[],
  converter: LoadedDataConverter,
): Promise<Payloads> => outgoing(field, values, converter, (path) => `${field}${path}`);

/** As `outgoingPayloads`, of a single value; none when it is `undefined`. */
export const outgoingPayload = (field: string, value: unknown, converter: LoadedDataConverter): Promise<Payloads> =>
  value === undefined
    ? Promise.resolve([])
    : outgoing(field, [value], converter, (path) => `${field}${path.slice('[0]'.length)}`);

/**
 * Whatever was thrown as a failure, small enough for a record.
 *
 * @throws InvalidActivityOptionsError (rejects) when its details cannot be written, or it is too large.
 */
export async function outgoingFailure(error: unknown, converter: LoadedDataConverter): Promise<Failure> {
  const failure = await failureOf(error, converter);
  checkSize('failure', failureBytes(failure));
  return failure;
}

async function failureOf(error: unknown, converter: LoadedDataConverter): Promise<Failure> {
  try {
    return await errorToFailure(converter, asApplicationFailure(error));
  } catch (cause) {
    if (!(cause instanceof PayloadConverterError)) throw cause;
    throw new InvalidActivityOptionsError(`Expected to send a failure, but: ${cause.message}`, 'failure', { cause });
  }
}

async function outgoing(
  field: string,
  values: readonly unknown[],
  converter: LoadedDataConverter,
  placeOf: (path: string) => string,
): Promise<Payloads> {
  const payloads = await converted(values, converter, placeOf);
  checkSize(field, payloadsBytes(payloads));
  return payloads;
}

function checkSize(field: string, bytes: number): void {
  if (bytes <= blobBytesMax) return;
  throw new InvalidActivityOptionsError(
    `Expected to send ${field} of at most ${String(blobBytesMax)} bytes, but the payloads have ${String(bytes)}`,
    field,
  );
}

function converted(
  values: readonly unknown[],
  converter: LoadedDataConverter,
  placeOf: (path: string) => string,
): Payloads | Promise<Payloads> {
  try {
    // A hole in a list is `undefined`, as it is to the function that is called with it.
    return valuesToPayloads(converter, Array.from(values));
  } catch (cause) {
    if (!(cause instanceof PayloadConverterError)) throw cause;
    const place = placeOf(cause.path);
    throw new InvalidActivityOptionsError(`Expected to send ${place} as a payload, but it ${cause.reason}`, place, {
      cause,
    });
  }
}
