import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { Headers, InputRecord } from './record.ts';

const noHeaders: Headers = {};

/** U+FFFD: what bytes that are no UTF-8 are read as. */
const replacement = '\uFFFD';

export function toInputRecord(topic: string, partition: number, message: KafkaMessage): InputRecord {
  const { key: rawKey, value, offset, timestamp, headers } = message;
  const key = rawKey === null ? null : rawKey.toString('utf8');
  const record = {
    topic,
    partition,
    offset: Number(offset),
    key,
    value,
    headers: headers === undefined ? noHeaders : toHeaders(headers),
    timestampMs: Number(timestamp),
  };
  return rawKey !== null && key?.includes(replacement) === true ? { ...record, rawKey } : record;
}

function toHeaders(headers: IHeaders): Headers {
  let result: Record<string, Buffer | string> | undefined;
  for (const name in headers) {
    const value = headers[name];
    // Of a header that is given more than once the last counts.
    const single = Array.isArray(value) ? value.at(-1) : value;
    if (typeof single !== 'string' && !Buffer.isBuffer(single)) continue;
    result ??= {};
    result[name] = single;
  }
  return result ?? noHeaders;
}
