import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

/** What kafkajs's decoder of a fetch response hands to the part that is replaced here. */
export interface ResponseDecoder {
  readInt32(): number;
  canReadBytes(bytes: number): boolean;
  readBytes(bytes: number): Buffer;
}

/** A record as kafkajs's `Batch` wants it; `headers` are ours: of a name that is given more than once the last counts. */
export interface FetchedRecord {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer>>;
  /** How many headers the record has; above `headersMax` none of them was read. */
  readonly headerCount: number;
  readonly isControlRecord: boolean;
  readonly batchContext: BatchContext;
}

/** What `filterAbortedMessages` of kafkajs looks at. */
interface BatchContext {
  readonly producerId: string;
  readonly inTransaction: boolean;
}

/** A record with more headers is not read: each costs memory of its own, and 4 MiB hold two million. */
export const headersMax = 200;

/** What a compressed batch may become. The topics of Ratchet say `compression.type=uncompressed`: the broker unpacks. */
const unpackedBytesMax = 64 * 1024 * 1024;

const headBytes = 61;
const lengthAt = 8;
/** The length of a batch counts from behind itself. */
const lengthEndsAt = 12;
const supportedMagic = 2;
const noHeaders: Readonly<Record<string, Buffer>> = Object.freeze({});

/**
 * Reads the record batches of one partition out of a fetch response (format 2), in time linear in their bytes.
 *
 * Trap: kafkajs's own copies the headers of a record for every header, so that one record with 10,000 of them takes
 * twenty seconds; it passes the records of a batch as the arguments of one call, which fails beyond some 120,000; and
 * it counts in `BigInt`. Whoever may write to a topic could stop every reader of a partition with one request.
 *
 * The values are views into the response.
 */
export async function readFetchedRecords(decoder: ResponseDecoder): Promise<FetchedRecord[]> {
  const bytes = decoder.readInt32();
  if (bytes <= 0 || !decoder.canReadBytes(bytes)) return [];
  const response = decoder.readBytes(bytes);
  const records: FetchedRecord[] = [];
  for (let at = 0; at + headBytes <= response.length;) {
    const end = at + lengthEndsAt + response.readInt32BE(at + lengthAt);
    // A fetch is cut by bytes: the rest of the last batch comes with the next one.
    if (end > response.length) break;
    const batch = new BatchReader(response.subarray(at, end));
    await batch.unpack();
    batch.readInto(records);
    at = end;
  }
  return records;
}

/** The part of kafkajs's reader of a fetch response that is mended here. */
export interface FetchResponse {
  decode(bytes: Buffer): Promise<unknown>;
  parse(decoded: unknown): Promise<{ readonly responses: readonly FetchedTopic[] }>;
}

interface FetchedTopic {
  readonly partitions: readonly { readonly messages: readonly unknown[]; readonly preferredReadReplica: number }[];
}

/**
 * A fetch response without the partitions that bring nothing.
 *
 * Trap: a response names every partition that was asked for, and kafkajs carries each of them, empty as it may be, through a
 * queue, two promises and a heartbeat: of a hundred partitions that takes longer than all the rest of a fetch.
 */
export const whatWasFetched = (own: FetchResponse): FetchResponse => ({
  ...own,
  parse: async (decoded) => {
    const parsed = await own.parse(decoded);
    const responses = parsed.responses.map((topic) => ({ ...topic, partitions: topic.partitions.filter(bringsNews) }));
    return { ...parsed, responses };
  },
});

/** Records, or (KIP-392) that another broker is to be asked for them. */
const bringsNews = ({ messages, preferredReadReplica }: FetchedTopic['partitions'][number]): boolean =>
  messages.length > 0 || preferredReadReplica >= 0;

const unzip = promisify(gunzip);

/** One batch: a head of fixed size, and records that count from its first offset and timestamp. */
class BatchReader {
  readonly #head: Buffer;
  readonly #context: BatchContext;
  readonly #isControl: boolean;
  readonly #firstOffset: number;
  readonly #firstTimestamp: number;
  /** Set where the broker's own time counts (`LogAppendTime`): all records of a batch have the same. */
  readonly #appendTime: string | undefined;
  #records: Buffer;
  #at = 0;

  constructor(batch: Buffer) {
    const magic = batch.readInt8(16);
    if (magic !== supportedMagic) {
      throw new Error(`Expected to read record batches of format ${String(supportedMagic)}, but got ${String(magic)}`);
    }
    const attributes = batch.readInt16BE(21);
    this.#head = batch;
    this.#isControl = (attributes & 0x20) !== 0;
    this.#context = { producerId: String(batch.readBigInt64BE(43)), inTransaction: (attributes & 0x10) !== 0 };
    this.#firstOffset = Number(batch.readBigInt64BE(0));
    this.#firstTimestamp = Number(batch.readBigInt64BE(27));
    this.#appendTime = (attributes & 0x08) === 0 ? undefined : String(batch.readBigInt64BE(35));
    this.#records = batch.subarray(headBytes);
  }

  async unpack(): Promise<void> {
    const codec = this.#head.readInt16BE(21) & 0x07;
    if (codec === 0) return;
    if (codec !== 1) {
      throw new Error(
        `Expected to read records that are plain or packed by gzip, but their codec is ${String(codec)}: ` +
          'does the topic say compression.type=uncompressed?',
      );
    }
    this.#records = await unzip(this.#records, { maxOutputLength: unpackedBytesMax });
  }

  readInto(records: FetchedRecord[]): void {
    const count = this.#head.readInt32BE(57);
    if (count === 0) records.push(this.#placeHolder());
    for (let left = count; left > 0; left--) records.push(this.#readRecord());
  }

  /**
   * Trap: compaction keeps the last batch of a producer when all of its records are gone. Where a fetch finds nothing else,
   * kafkajs asks for the same offset for ever; behind a control record it goes on.
   */
  #placeHolder(): FetchedRecord {
    return {
      offset: String(this.#firstOffset + this.#head.readInt32BE(23)),
      timestamp: this.#appendTime ?? String(this.#firstTimestamp),
      key: null,
      value: null,
      headers: noHeaders,
      headerCount: 0,
      isControlRecord: true,
      batchContext: this.#context,
    };
  }

  #readRecord(): FetchedRecord {
    const length = this.#varint();
    const end = this.#at + length;
    this.#at++; // attributes, which nobody uses
    const timestamp = this.#firstTimestamp + this.#varint();
    const offset = this.#firstOffset + this.#varint();
    const key = this.#bytes();
    const value = this.#bytes();
    const headerCount = this.#varint();
    const headers = headerCount === 0 || headerCount > headersMax ? noHeaders : this.#headers(headerCount);
    this.#at = end;
    return {
      offset: String(offset),
      timestamp: this.#appendTime ?? String(timestamp),
      key,
      value,
      headers,
      headerCount,
      isControlRecord: this.#isControl,
      batchContext: this.#context,
    };
  }

  #headers(count: number): Readonly<Record<string, Buffer>> {
    // Without a prototype: the name may be `__proto__`.
    const headers = Object.create(null) as Record<string, Buffer>;
    for (let left = count; left > 0; left--) {
      const name = (this.#bytes() ?? Buffer.alloc(0)).toString('utf8');
      const value = this.#bytes();
      if (value !== null) headers[name] = value;
    }
    return headers;
  }

  #bytes(): Buffer | null {
    const length = this.#varint();
    if (length < 0) return null;
    const from = this.#at;
    this.#at = from + length;
    return this.#records.subarray(from, this.#at);
  }

  /** Zigzag, of up to 64 bits; beyond 2^53 the last digits are lost, which no time or offset reaches. */
  #varint(): number {
    const first = this.#byte();
    if (first < 0x80) return (first >>> 1) ^ -(first & 1);
    let value = first & 0x7f;
    for (let scale = 0x80; ; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #byte(): number {
    const byte = this.#records[this.#at++];
    if (byte === undefined) throw new Error('Expected to read a record, but its batch ends within it');
    return byte;
  }
}
