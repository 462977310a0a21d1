/** Header values; a header that is missing is not there. */
export type Headers = Readonly<Record<string, Buffer | string>>;

/** One record as it was read. */
export interface InputRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  /** `null` is a tombstone. */
  readonly value: Buffer | null;
  readonly headers: Headers;
  /** The broker's append time where the topic says LogAppendTime; epoch milliseconds. */
  readonly timestampMs: number;
}

/** One record to be written. */
export interface OutputRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: Buffer | null;
  /** Absent: murmur2 of the key, as Kafka's Java client does. */
  readonly partition?: number;
  readonly headers?: Headers;
}
