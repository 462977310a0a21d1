import { headersMax, type FetchedRecord } from './kafkajs/fetched-records.ts';
import type { InputRecord } from './record.ts';

/** U+FFFD: what bytes that are no UTF-8 are read as. */
const replacement = '\uFFFD';

export function toInputRecord(topic: string, partition: number, fetched: FetchedRecord): InputRecord {
  const { key: rawKey, value, offset, timestamp, headers, headerCount } = fetched;
  const key = rawKey === null ? null : rawKey.toString('utf8');
  const record = { topic, partition, offset: Number(offset), key, value, headers, timestampMs: Number(timestamp) };
  if (headerCount > headersMax) return { ...record, unreadable: tooManyHeaders(headerCount) };
  return rawKey !== null && key?.includes(replacement) === true ? { ...record, rawKey } : record;
}

const tooManyHeaders = (count: number): string =>
  `Expected a record to have at most ${String(headersMax)} headers, but it has ${String(count)}`;
