import { createRequire } from 'node:module';
import fc from 'fast-check';
import { encodeRecord, type EncodedRecord, type RecordToEncode } from './record-encoder.ts';

const kafkajsOwn = createRequire(import.meta.url)('kafkajs/src/protocol/recordBatch/record/v0/index.js') as (
  record: RecordToEncode,
) => EncodedRecord;

const field = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.uint8Array({ maxLength: 20_000 }).map((bytes) => Buffer.from(bytes)),
);
const record = fc.record({
  offsetDelta: fc.nat({ max: 200_000 }),
  key: fc.option(field),
  value: fc.option(field),
  headers: fc.dictionary(fc.string({ maxLength: 80 }), field, { maxKeys: 4 }),
});

test('the bytes are those that kafkajs writes', () => {
  fc.assert(
    fc.property(record, (each) => {
      expect(encodeRecord(each).buffer.equals(kafkajsOwn(each).buffer)).toBe(true);
    }),
  );
});

test('a record without headers, key and value has its nine bytes', () => {
  expect(encodeRecord({ key: null, value: null }).buffer).toEqual(kafkajsOwn({ key: null, value: null }).buffer);
});
