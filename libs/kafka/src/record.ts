/** Header values; a header that is missing is not there. */
export type Headers = Readonly<Record<string, Buffer | string>>;

/** One record as it was read. */
export interface InputRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  /** The key as it was written; only there when it is not UTF-8 or too long, so that `key` cannot tell it. */
  readonly rawKey?: Buffer;
  /** `null` is a tombstone. A view into the fetched bytes: copy what is to be kept, or the whole fetch is kept with it. */
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** The broker's append time where the topic says LogAppendTime; epoch milliseconds. */
  readonly timestampMs: number;
  /** Only there when nobody may handle this record, whatever it says; why not. It belongs to the dead letters. */
  readonly unreadable?: string;
}

/** What a record takes in memory beside its bytes: the objects around it, and three buffers' own size. */
const overheadBytes = 1000;

/** Roughly. Whoever writes a record may put most of it into its key or its headers, so these count, too. */
export function memoryBytesOf({ key, rawKey, value, headers }: InputRecord): number {
  let bytes = overheadBytes + (value?.length ?? 0) + (key?.length ?? 0) + (rawKey?.length ?? 0);
  for (const name in headers) bytes += name.length + (headers[name]?.length ?? 0);
  return bytes;
}

/** One record to be written. */
export interface OutputRecord {
  readonly topic: string;
  readonly key: string | null;
  /** Written in place of `key` when given: a dead letter keeps a key that `key` cannot tell. */
  readonly rawKey?: Buffer;
  readonly value: Buffer | null;
  /** Absent: murmur2 of the key, as Kafka's Java client does. */
  readonly partition?: number;
  /** Where `partition` is absent: how often the key has turned to another partition (see `partitionFor`). Default: 0. */
  readonly turns?: number;
  readonly headers?: Headers;
  /** What it tells of (a command, a query, a task), for the attributes of its span. */
  readonly about?: object | undefined;
  /** Its span: `root` begins a trace where it has none; `none`: it has been sent before, by whom is not known. Default: its trace decides. */
  readonly span?: 'root' | 'none';
}

/** Where a record came to stand. */
export interface SentRecord {
  readonly partition: number;
  readonly offset: number;
  /** The time that the broker gave it, in epoch milliseconds, where the topic takes the broker's (`LogAppendTime`). */
  readonly appendedAt?: number | undefined;
}

/**
 * The largest record that may be written. Every topic takes a batch of 16 MiB (`max.message.bytes`), and a little is left
 * for the batch's own header and the sizes being estimates.
 */
export const recordBytesMax = 16 * 1024 * 1024 - 64 * 1024;

/** What of a record is neither key, value nor header: lengths, deltas, attributes. */
const recordOverheadBytes = 32;
const headerOverheadBytes = 10;

/** Never less than what the record takes in a batch. */
export function recordBytes({ key, rawKey, value, headers }: OutputRecord): number {
  let bytes = recordOverheadBytes + byteLength(value) + byteLength(rawKey ?? key);
  if (headers !== undefined) {
    for (const name in headers) bytes += headerOverheadBytes + name.length * 3 + byteLength(headers[name]);
  }
  return bytes;
}

/** Of text at most: UTF-8 takes three bytes for a code unit; to count them exactly would cost more. */
const byteLength = (value: Buffer | string | null | undefined): number =>
  typeof value === 'string' ? value.length * 3 : (value?.length ?? 0);
