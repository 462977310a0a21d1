import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { headersMax, readFetchedRecords, type FetchedRecord, type FetchResponse } from './fetched-records.ts';
import { copy } from './index.ts';

interface Encoder {
  readonly buffer: Buffer;
}
type RecordBatch = (batch: object) => Promise<Encoder>;
type DecoderClass = new (bytes: Buffer) => Parameters<typeof readFetchedRecords>[0];

const load = createRequire(import.meta.url);
const ownRead = load('kafkajs/src/protocol/requests/fetch/v4/decodeMessages.js') as (
  decoder: unknown,
) => Promise<readonly object[]>;
const Decoder = load('kafkajs/src/protocol/decoder.js') as DecoderClass;
const { RecordBatch: encodeBatch } = copy.load('protocol/recordBatch/v0/index.js') as {
  readonly RecordBatch: RecordBatch;
};
const encodeRecord = copy.load('protocol/recordBatch/record/v0/index.js') as (record: object) => Encoder;

interface RecordToWrite {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, Buffer>;
}

/** One batch, as a producer sends it and the broker hands it out. */
async function batchOf(records: readonly RecordToWrite[], more: object = {}): Promise<Buffer> {
  const encoded = records.map((record, offsetDelta) => encodeRecord({ ...record, offsetDelta, timestampDelta: 0 }));
  const { buffer } = await encodeBatch({
    attributes: 0,
    firstOffset: 40,
    firstTimestamp: 1_700_000_000_000,
    maxTimestamp: 1_700_000_000_007,
    producerId: 12,
    producerEpoch: 3,
    firstSequence: 0,
    lastOffsetDelta: records.length - 1,
    records: encoded,
    ...more,
  });
  return buffer;
}

const decoderOf = (...batches: readonly Buffer[]): InstanceType<DecoderClass> => {
  const bytes = Buffer.concat(batches);
  const size = Buffer.alloc(4);
  size.writeInt32BE(bytes.length);
  return new Decoder(Buffer.concat([size, bytes]));
};
const read = (...batches: readonly Buffer[]): Promise<FetchedRecord[]> => readFetchedRecords(decoderOf(...batches));

const bytes = fc.uint8Array({ maxLength: 300 }).map((list) => Buffer.from(list));
/** Names of things that every object has confuse kafkajs. */
const headerName = fc.string({ maxLength: 20 }).filter((name) => !(name in {}));
const recordToWrite: fc.Arbitrary<RecordToWrite> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(headerName, bytes, { maxKeys: 5, noNullPrototype: true }),
});

/** What of a message anyone looks at. */
const looked = (message: object): object => {
  const { offset, timestamp, key, value, headers, isControlRecord, batchContext } = message as FetchedRecord;
  const { producerId, inTransaction } = batchContext;
  return { offset, timestamp, key, value, headers: { ...headers }, isControlRecord, producerId, inTransaction };
};

test.each([
  { attributes: 0, of: 'records with times of their own' },
  { attributes: 0x08, of: "records with the broker's time" },
  { attributes: 0x10, of: 'records of a transaction' },
  { attributes: 0x30, of: 'control records' },
])('what is read is what kafkajs reads: $of', async ({ attributes }) => {
  await fc.assert(
    fc.asyncProperty(fc.array(recordToWrite, { minLength: 1, maxLength: 8 }), async (records) => {
      const batch = await batchOf(records);
      batch.writeInt16BE(attributes, 21);
      const own = await ownRead(decoderOf(batch, batch));
      expect((await read(batch, batch)).map(looked)).toEqual(own.map(looked));
    }),
    { numRuns: 30 },
  );
});

test('of a response stays what brings records, control records alone too, or names another broker to ask; errors do', async () => {
  const fetched = copy.load('protocol/requests/fetch/v11/response.js') as FetchResponse;
  const partition = (number: number, more: object = {}): object => ({
    partition: number,
    errorCode: 0,
    messages: [],
    preferredReadReplica: -1,
    ...more,
  });
  const response = (...partitions: readonly object[]): object => ({ responses: [{ topicName: 't', partitions }] });
  const control = [{ isControlRecord: true }];
  const { responses } = await fetched.parse(
    response(partition(0), partition(1, { messages: control }), partition(2, { preferredReadReplica: 0 })),
  );
  expect(responses).toMatchObject([{ topicName: 't', partitions: [{ partition: 1 }, { partition: 2 }] }]);
  await expect(fetched.parse(response(partition(0), partition(1, { errorCode: 1 })))).rejects.toThrow('offset');
});

test('a batch that compaction has emptied is passed over up to its last offset', async () => {
  const batch = await batchOf([1, 2, 3].map(() => ({ key: null, value: Buffer.from('gone'), headers: {} })));
  const emptied = Buffer.from(batch.subarray(0, 61));
  emptied.writeInt32BE(emptied.length - 12, 8);
  emptied.writeInt32BE(0, 57);
  const records = await read(emptied, emptied);
  expect(records).toMatchObject([
    { offset: String(batch.readBigInt64BE(0) + 2n), isControlRecord: true },
    { isControlRecord: true },
  ]);
});

test('a batch that the fetch has cut off is left for the next fetch', async () => {
  const batch = await batchOf([{ key: null, value: Buffer.from('whole'), headers: {} }]);
  for (const length of [0, 5, 60, batch.length - 1]) {
    expect((await read(batch, batch.subarray(0, length))).map(({ value }) => String(value))).toEqual(['whole']);
  }
});

test('packed by gzip it is the same', async () => {
  const plain = await batchOf([{ key: Buffer.from('k'), value: Buffer.from('v'), headers: { h: Buffer.from('x') } }]);
  const packed = Buffer.concat([plain.subarray(0, 61), gzipSync(plain.subarray(61))]);
  packed.writeInt32BE(packed.length - 12, 8);
  packed.writeInt16BE(1, 21);
  expect((await read(packed)).map(looked)).toEqual((await read(plain)).map(looked));
  packed.writeInt16BE(3, 21);
  await expect(read(packed)).rejects.toThrow('their codec is 3: does the topic say compression.type=uncompressed?');
});

const recordWith = (count: number): RecordToWrite => ({
  key: null,
  value: Buffer.from('value'),
  headers: Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${String(index)}`, Buffer.from('x')])),
});

test('headers up to the limit are read, beyond it none is; a name may be __proto__, and the last of a name counts', async () => {
  const [within, beyond] = await read(await batchOf([recordWith(headersMax), recordWith(headersMax + 1)]));
  expect(Object.keys(within?.headers ?? {})).toHaveLength(headersMax);
  expect(beyond).toMatchObject({ headerCount: headersMax + 1, headers: {}, value: Buffer.from('value') });
  const [odd] = await read(await batchOf([{ ...recordWith(0), headers: { ['__proto__']: Buffer.from('odd') } }]));
  expect(Object.entries(odd?.headers ?? {})).toEqual([['__proto__', Buffer.from('odd')]]);
});

test.each([
  { what: 'a record of 200,000 headers', records: () => [recordWith(200_000)] },
  { what: '200,000 records of a batch', records: () => Array.from({ length: 200_000 }, () => recordWith(0)) },
])('$what cost time in proportion to their bytes', async ({ records }) => {
  const batch = await batchOf(records());
  const smaller = batch.subarray(0);
  const before = process.cpuUsage();
  const all = await read(smaller);
  const { user } = process.cpuUsage(before);
  expect(all.length).toBeGreaterThan(0);
  // Linear it takes well under a second; what kafkajs does with them takes hours, or fails.
  expect(user / 1e6).toBeLessThan(5);
});
