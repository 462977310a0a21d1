import type { Payload, Payloads } from '@ratchet/domain';
import { encodingKey, encodingOf, encodings } from '@ratchet/protocol';
import { z } from 'zod';
import { mapField } from './field-schema.ts';
import { shownJson, textIn, type JsonText } from './json-text.ts';

/** Bytes as base64, as JSON forms of Protocol Buffers have them. */
export const base64Text = z.string().refine(isBase64, 'expected base64').meta({ format: 'byte' });

/** Whatever its length: a regular expression would take the stack for each group of four, or seconds. */
function isBase64(text: string): boolean {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const length = text.length - padding;
  if (length % 4 === 1 || (padding > 0 && text.length % 4 !== 0)) return false;
  // Node takes the alphabet of URLs, too, and passes over what is in neither.
  if (text.includes('-') || text.includes('_')) return false;
  return bytes(text).length === Math.floor((length * 3) / 4);
}

/** How long so many bytes are in base64. */
export const base64LengthOf = (byteCount: number): number => 4 * Math.ceil(byteCount / 3);

/** A payload as it travels: for what is encrypted, compressed or not JSON at all. */
export const payloadSchema = z
  .strictObject({
    metadata: mapField('Payload.metadata', base64Text)
      .default({})
      .describe('Such as encoding: anNvbi9wbGFpbg== (json/plain).'),
    data: base64Text.default(''),
  })
  .meta({ id: 'Payload' });

export type PayloadJson = z.output<typeof payloadSchema>;

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

export const payloadOf = ({ metadata, data }: PayloadJson): Payload => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, bytes(value)])),
  data: bytes(data),
});

const payloadJson = ({ metadata, data }: Payload): PayloadJson => ({
  metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, base64Of(value)])),
  data: base64Of(data),
});

const base64Of = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64');

const jsonMetadata: Payload['metadata'] = { [encodingKey]: Buffer.from(encodings.json) };

/** Each as a `json/plain` payload, its bytes as they came. */
export const payloadsOfTexts = (texts: readonly JsonText[]): Payloads =>
  texts.map(({ bytes: data }) => ({ metadata: jsonMetadata, data }));

/**
 * A value that may be given plainly or as raw payloads. No value is no payload; `null` is one.
 *
 * @param value as `readSenderJson` leaves it.
 */
export const payloadsOf = (value: unknown, raw: readonly PayloadJson[] | undefined): Payloads =>
  raw === undefined ? payloadsOfTexts(value === undefined ? [] : [textIn(value)]) : raw.map(payloadOf);

/** One value in plain JSON where it is such, and as raw payloads otherwise. To be written by `writeJson`. */
export type ValueJson = { readonly value: JsonText | null } | { readonly payloads: readonly PayloadJson[] };

/** What was written as JSON comes back as it was written; `null` for nothing at all. */
export function valueJson(payloads: Payloads): ValueJson {
  const [only, ...others] = payloads;
  if (only === undefined) return { value: null };
  const plain = others.length === 0 ? plainValue(only) : undefined;
  return plain === undefined ? { payloads: payloads.map(payloadJson) } : { value: plain };
}

function plainValue(payload: Payload): JsonText | null | undefined {
  const encoding = encodingOf(payload);
  if (encoding === encodings.none) return null;
  return encoding === encodings.json ? shownJson(payload.data) : undefined;
}
