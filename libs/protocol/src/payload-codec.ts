import type { Payload } from '@ratchet/domain';

/**
 * Changes payloads on their way out and back on their way in: encryption, compression.
 *
 * What `encode` makes of a list, `decode` turns back into the same list. Several codecs encode from the last to the
 * first and decode from the first to the last, as in the reference.
 */
export interface PayloadCodec {
  encode(payloads: readonly Payload[]): Promise<readonly Payload[]>;
  decode(payloads: readonly Payload[]): Promise<readonly Payload[]>;
}

export async function encodeWith(
  codecs: readonly PayloadCodec[],
  payloads: readonly Payload[],
): Promise<readonly Payload[]> {
  let encoded = payloads;
  for (const codec of codecs.toReversed()) encoded = await codec.encode(encoded);
  return encoded;
}

export async function decodeWith(
  codecs: readonly PayloadCodec[],
  payloads: readonly Payload[],
): Promise<readonly Payload[]> {
  let decoded = payloads;
  for (const codec of codecs) decoded = await codec.decode(decoded);
  return decoded;
}
