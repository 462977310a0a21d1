import type { temporal } from '@temporalio/proto';
import type { Payload, Payloads } from '@ratchet/domain';

type WirePayload = temporal.api.common.v1.IPayload;
type WirePayloads = temporal.api.common.v1.IPayloads;

const nothing = new Uint8Array();

export const toPayload = ({ metadata, data }: WirePayload): Payload => ({
  metadata: { ...metadata },
  data: bytes(data),
});

export const toPayloads = (payloads: WirePayloads | null | undefined): Payloads =>
  payloads?.payloads?.map(toPayload) ?? [];

/** The domain's value is the wire's: it is written as it is. */
export const fromPayloads = (payloads: Payloads): WirePayloads => ({ payloads: payloads as WirePayload[] });

export const toHeader = (header: temporal.api.common.v1.IHeader | null | undefined): Record<string, Payload> =>
  Object.fromEntries(Object.entries(header?.fields ?? {}).map(([key, payload]) => [key, toPayload(payload)]));

/** Nothing where there are none: an empty message is not as good as none. */
export const fromPayloadsIfAny = (payloads: Payloads): WirePayloads | undefined =>
  payloads.length === 0 ? undefined : fromPayloads(payloads);

export const fromHeaderIfAny = (
  header: Readonly<Record<string, Payload>>,
): temporal.api.common.v1.IHeader | undefined => (Object.keys(header).length === 0 ? undefined : { fields: header });

// A field that is not set is an empty list of another kind than one that is.
export const bytes = (value: Uint8Array | null | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : nothing;
