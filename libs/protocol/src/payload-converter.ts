import type { Payload } from '@ratchet/domain';
import { isBytes, notSerialisable } from './not-serialisable.ts';
import { InexactNumberError, parseExactly } from './parse-exactly.ts';

/** The key of a payload's metadata that says how its data is written. */
export const encodingKey = 'encoding';

/** How a payload's data is written: the words of the field, so that payloads can be read by other SDKs. */
export const encodings = { none: 'binary/null', raw: 'binary/plain', json: 'json/plain' } as const;

/** A value that cannot become a payload, or a payload that cannot become a value. */
export class PayloadConverterError extends Error {
  override readonly name = 'PayloadConverterError';
  /** Where in the value the trouble is, as one would write it in code: `.items[3].price`. Empty: the value itself. */
  readonly path: string;
  /** Goes on from "it ...". */
  readonly reason: string;

  constructor(message: string, path = '', reason = 'cannot be converted', options?: ErrorOptions) {
    super(message, options);
    this.path = path;
    this.reason = reason;
  }
}

/** Turns values into payloads and back. Synchronous and without effects; what is slow or secret belongs in a `PayloadCodec`. */
export interface PayloadConverter {
  /** @throws PayloadConverterError when the value would not arrive as it was given. */
  toPayload(value: unknown): Payload;
  /** @throws PayloadConverterError when the payload is of an encoding that this converter does not know, or broken. */
  fromPayload(payload: Payload): unknown;
}

const noBytes = Buffer.alloc(0);

const metadataOf = (encoding: string): Payload['metadata'] => ({ [encodingKey]: Buffer.from(encoding) });
// Shared by all payloads: nobody writes into a payload's metadata.
const noneMetadata = metadataOf(encodings.none);
const rawMetadata = metadataOf(encodings.raw);
const jsonMetadata = metadataOf(encodings.json);

/** The encoding a payload names; empty when it names none. */
export const encodingOf = ({ metadata }: Payload): string => {
  const encoding = metadata[encodingKey];
  return encoding === undefined ? '' : textOf(encoding);
};

/**
 * `undefined` as `binary/null`, a `Uint8Array` (or `Buffer`) as `binary/plain` with its bytes untouched, everything else
 * as `json/plain`. What would not arrive as it was given is refused, both ways (`docs/values.md`).
 */
export const defaultPayloadConverter: PayloadConverter = {
  toPayload: (value) => {
    if (value === undefined) return { metadata: noneMetadata, data: noBytes };
    if (isBytes(value)) return { metadata: rawMetadata, data: asBuffer(value) };
    return { metadata: jsonMetadata, data: Buffer.from(toJson(value)) };
  },
  fromPayload: (payload) => {
    const encoding = encodingOf(payload);
    switch (encoding) {
      case encodings.none:
        return undefined;
      case encodings.raw:
        return new Uint8Array(payload.data);
      case encodings.json:
        return fromJson(payload.data);
      default:
        throw new PayloadConverterError(
          `Expected to read a payload as ${Object.values(encodings).join(', ')}, but its encoding is '${encoding}'`,
        );
    }
  },
};

// Buffers throughout, without copying: the wire's codec wants them.
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const textOf = (bytes: Uint8Array): string => asBuffer(bytes).toString('utf8');

function toJson(value: unknown): string {
  const trouble = notSerialisable(value);
  if (trouble === undefined) return JSON.stringify(value);
  const { path, reason } = trouble;
  throw new PayloadConverterError(`Expected to write a value as JSON, but value${path} ${reason}`, path, reason);
}

function fromJson(data: Uint8Array): unknown {
  try {
    return parseExactly(textOf(data));
  } catch (cause) {
    if (cause instanceof InexactNumberError) {
      const { path, reason } = cause.place;
      throw new PayloadConverterError(`Expected to read a payload as JSON, but ${cause.message}`, path, reason);
    }
    throw new PayloadConverterError('Expected to read a payload as JSON, but it is not JSON', '', 'is not JSON', {
      cause,
    });
  }
}
