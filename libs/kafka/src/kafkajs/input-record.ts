import { headersMax, type FetchedRecord } from './fetched-records.ts';
import type { InputRecord } from '../record.ts';

/** U+FFFD: what bytes that are no UTF-8 are read as. */
const replacement = '\uFFFD';

/** Longer than any key of Ratchet, which is made of four ids of 1000 bytes, escaped. */
export const keyBytesMax = 64 * 1024;
/** So much of a longer one is shown. */
const shownKeyBytes = 100;

export function toInputRecord(topic: string, partition: number, fetched: FetchedRecord): InputRecord {
  const { key: rawKey, value, offset, timestamp, headers, headerCount } = fetched;
  const isLong = rawKey !== null && rawKey.length > keyBytesMax;
  const key = rawKey === null ? null : rawKey.toString('utf8', 0, isLong ? shownKeyBytes : rawKey.length);
  const record = { topic, partition, offset: Number(offset), key, value, headers, timestampMs: Number(timestamp) };
  if (isLong) return { ...record, rawKey, unreadable: tooLongKey(rawKey.length) };
  if (headerCount > headersMax) return { ...record, unreadable: tooManyHeaders(headerCount) };
  return rawKey !== null && key?.includes(replacement) === true ? { ...record, rawKey } : record;
}

const tooLongKey = (bytes: number): string =>
  `Expected a record to have a key of at most ${String(keyBytesMax)} bytes, but it has ${String(bytes)}`;

const tooManyHeaders = (count: number): string =>
  `Expected a record to have at most ${String(headersMax)} headers, but it has ${String(count)}`;
