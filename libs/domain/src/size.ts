import type { Failure, FailureInfo } from './failure.ts';
import type { Payload, Payloads } from './payload.ts';
import { utf8Length } from './utf8.ts';

// Sizes decide what is refused, so they must come out the same everywhere: the bytes of all strings and values, no framing.

/** The size of a payload: its bytes, and the keys and values of its metadata. */
export function payloadBytes(payload: Payload): number {
  let bytes = payload.data.length;
  for (const [key, value] of Object.entries(payload.metadata)) bytes += utf8Length(key) + value.length;
  return bytes;
}

export function payloadsBytes(payloads: Payloads): number {
  let bytes = 0;
  for (const payload of payloads) bytes += payloadBytes(payload);
  return bytes;
}

/** How many parts payloads have: each payload, and each entry of its metadata. */
export function payloadsParts(payloads: Payloads): number {
  let parts = payloads.length;
  for (const { metadata } of payloads) parts += Object.keys(metadata).length;
  return parts;
}

/** As `payloadsParts`, of a failure with all its causes. */
export function failureParts(failure: Failure): number {
  let parts = 0;
  for (let link: Failure | undefined = failure; link !== undefined; link = link.cause) {
    parts += payloadsParts(detailsOf(link.info));
    if (link.encodedAttributes !== undefined) parts += payloadsParts([link.encodedAttributes]);
  }
  return parts;
}

const detailsOf = (info: FailureInfo): Payloads => {
  if (info.type === 'timeout') return info.lastHeartbeatDetails;
  return info.type === 'application' || info.type === 'canceled' ? info.details : [];
};

export function headerBytes(header: Readonly<Record<string, Payload>>): number {
  let bytes = 0;
  for (const [key, payload] of Object.entries(header)) bytes += utf8Length(key) + payloadBytes(payload);
  return bytes;
}

/** The size of a failure with all its causes. */
export function failureBytes(failure: Failure): number {
  let bytes = 0;
  for (let link: Failure | undefined = failure; link !== undefined; link = link.cause) {
    bytes += utf8Length(link.message) + utf8Length(link.source) + utf8Length(link.stackTrace) + infoBytes(link.info);
    if (link.encodedAttributes !== undefined) bytes += payloadBytes(link.encodedAttributes);
  }
  return bytes;
}

function infoBytes(info: FailureInfo): number {
  switch (info.type) {
    case 'application':
      return utf8Length(info.errorType) + payloadsBytes(info.details);
    case 'timeout':
      return payloadsBytes(info.lastHeartbeatDetails);
    case 'canceled':
      return payloadsBytes(info.details) + utf8Length(info.identity);
    case 'terminated':
      return utf8Length(info.identity);
    case 'server':
    case 'none':
      return 0;
  }
}
