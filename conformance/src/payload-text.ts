import type { Payload, Payloads } from '@ratchet/domain';

const encoder = new TextEncoder();

/** A text as Temporal's SDKs encode one: `json/plain`. */
export const textPayload = (value: string): Payload => ({
  metadata: { encoding: encoder.encode('json/plain') },
  data: encoder.encode(JSON.stringify(value)),
});

/** The texts in payloads, joined by commas. */
export const textOf = (payloads: Payloads): string =>
  payloads.map(({ data }) => String(JSON.parse(new TextDecoder().decode(data)))).join();
