import type { Message, RecordMetadata, TopicMessages } from 'kafkajs';
import type { OutputRecord, SentRecord } from '../record.ts';
import type { Span } from '../tracing/spans.ts';

/** Who is told what becomes of a record. */
export interface SentWaiter {
  readonly resolve: (sent: SentRecord) => void;
  /** Whoever takes the refusal has the record; without it a record that cannot be sent is replaced. */
  readonly reject?: (error: Error) => void;
}

/** One record on its way through a lane. */
export interface OutboxEntry {
  record: OutputRecord;
  /** From here to its acknowledgement; absent: nobody collects it. */
  readonly span: Span | undefined;
  /** Counts every record that was ever added to the lane. */
  readonly ticket: number;
  readonly waiter: SentWaiter | undefined;
  readonly bytes: number;
  /** Set when the entry is cut from the queue. */
  partition: number;
  /** Its place among the records of the request that go to the same partition. */
  index: number;
}

/** Bounds of one request to the brokers. */
export interface RequestBounds {
  /** Of one record: the broker's limit is on the batch in which it stands, alone if it must. */
  readonly recordBytesMax: number;
  /** All records of a partition make one batch; more of them wait for the next. */
  readonly batchBytesMax: number;
  readonly batchRecordsMax: number;
  readonly requestBytesMax: number;
  readonly requestRecordsMax: number;
}

/** Whether kafkajs can encode it; what it cannot would fail the whole request with a TypeError that names nothing. */
export function isEncodable({ key, value, headers }: OutputRecord): boolean {
  if (!(value === null || Buffer.isBuffer(value)) || !(key === null || typeof key === 'string')) return false;
  for (const name in headers) if (!isText(headers[name])) return false;
  return true;
}

const isText = (value: unknown): boolean => typeof value === 'string' || Buffer.isBuffer(value);

/** The batches of a request while it is cut from the queue. */
export class RequestCut {
  readonly entries: OutboxEntry[] = [];
  #bytes = 0;
  readonly #bounds: RequestBounds;
  readonly #batches = new Map<string, PartitionBatch[]>();

  constructor(bounds: RequestBounds) {
    this.#bounds = bounds;
  }

  get isFull(): boolean {
    return this.entries.length >= this.#bounds.requestRecordsMax || this.#bytes >= this.#bounds.requestBytesMax;
  }

  /**
   * @returns `false` when the entry must wait for the next request: its partition's batch is full. Nothing behind it
   * in the same partition is taken either, so that the order is kept.
   */
  take(entry: OutboxEntry, partition: number): boolean {
    const batch = this.#batchOf(entry.record.topic, partition);
    const { batchBytesMax, batchRecordsMax } = this.#bounds;
    const isRoom = batch.records === 0 || batch.bytes + entry.bytes <= batchBytesMax;
    if (batch.full || batch.records >= batchRecordsMax || !isRoom) {
      batch.full = true;
      return false;
    }
    batch.records++;
    batch.bytes += entry.bytes;
    this.#bytes += entry.bytes;
    entry.partition = partition;
    this.entries.push(entry);
    return true;
  }

  #batchOf(topic: string, partition: number): PartitionBatch {
    let batches = this.#batches.get(topic);
    if (batches === undefined) this.#batches.set(topic, (batches = []));
    return (batches[partition] ??= { records: 0, bytes: 0, full: false });
  }
}

interface PartitionBatch {
  records: number;
  bytes: number;
  full: boolean;
}

/** Grouped by topic, because kafkajs is quadratic in repetitions of a topic. Numbers the entries within their partition. */
export function topicMessagesOf(entries: readonly OutboxEntry[]): TopicMessages[] {
  const topics = new Map<string, { readonly topic: string; readonly messages: Message[]; readonly counts: number[] }>();
  for (const entry of entries) {
    const { record, partition } = entry;
    let topic = topics.get(record.topic);
    if (topic === undefined) topics.set(record.topic, (topic = { topic: record.topic, messages: [], counts: [] }));
    entry.index = topic.counts[partition] ?? 0;
    topic.counts[partition] = entry.index + 1;
    topic.messages.push(messageOf(record, partition));
  }
  return Array.from(topics.values(), ({ topic, messages }) => ({ topic, messages }));
}

/** kafkajs's form of a record. Its timestamp is left out on purpose: kafkajs would sort them as text. */
export function messageOf({ key, rawKey, value, headers }: OutputRecord, partition: number): Message {
  const message: Message = { key: rawKey ?? key, value, partition };
  if (headers !== undefined) message.headers = headers;
  return message;
}

/**
 * What the answers to a `sendBatch` acknowledge.
 *
 * Trap: kafkajs's `sendBatch` can resolve although records were not written. When a broker that has already answered
 * becomes leader of a partition whose former leader refused, the retry asks only brokers without an answer and skips
 * it. So a result counts only for the (topic, partition) pairs that it names.
 */
export class Acknowledgements {
  readonly #batches = new Map<string, WrittenBatch[]>();

  constructor(results: readonly RecordMetadata[]) {
    for (const { topicName, partition, baseOffset, offset, logAppendTime } of results) {
      let batches = this.#batches.get(topicName);
      if (batches === undefined) this.#batches.set(topicName, (batches = []));
      const appendedAt = Number(logAppendTime ?? -1);
      batches[partition] = {
        baseOffset: Number(baseOffset ?? offset),
        appendedAt: appendedAt < 0 ? undefined : appendedAt,
      };
    }
  }

  /** `undefined` when the answers do not say that the entry was written. */
  of({ record, partition, index }: OutboxEntry): SentRecord | undefined {
    const batch = this.#batches.get(record.topic)?.[partition];
    return batch && { partition, offset: batch.baseOffset + index, appendedAt: batch.appendedAt };
  }
}

interface WrittenBatch {
  readonly baseOffset: number;
  readonly appendedAt: number | undefined;
}
