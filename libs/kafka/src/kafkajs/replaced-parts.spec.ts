import { createRequire } from 'node:module';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { groupMessages, type MessagesToGroup } from './group-messages.ts';
import { copy, Kafka } from './index.ts';
import { PrivateCopy } from './private-copy.ts';

const load = createRequire(import.meta.url);
const ownChecksum = load('kafkajs/src/protocol/recordBatch/crc32C/crc32C.js') as (bytes: Buffer) => number;
const ownGrouping = load('kafkajs/src/producer/groupMessagesPerPartition.js') as (
  request: MessagesToGroup<{ partition: number }>,
) => Record<number, { partition: number }[]>;

test('the native checksum is the one that kafkajs computes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), (bytes) => {
      expect(crc32c(Buffer.from(bytes))).toBe(ownChecksum(Buffer.from(bytes)) >>> 0);
    }),
  );
});

test('the groups are those that kafkajs makes', () => {
  const messages = fc.array(fc.record({ partition: fc.nat({ max: 5 }), n: fc.nat() }));
  fc.assert(
    fc.property(messages, fc.nat({ max: 1 }), (list, known) => {
      const request: MessagesToGroup<{ partition: number }> = {
        topic: 't',
        partitionMetadata: Array.from({ length: known }),
        messages: list,
        partitioner: ({ message }) => message.partition,
      };
      expect(groupMessages(request)).toEqual(ownGrouping(request));
    }),
  );
});

test('the copy has every replaced part, and a program that uses kafkajs beside it keeps the original', () => {
  const original = load('kafkajs') as { readonly Kafka: unknown };
  expect(original.Kafka).not.toBe(Kafka);
  const parts = [
    'network/connection.js',
    'network/requestQueue/index.js',
    'consumer/consumerGroup.js',
    'producer/groupMessagesPerPartition.js',
    'protocol/encoder.js',
    'protocol/recordBatch/crc32C/index.js',
    'protocol/recordBatch/record/v0/index.js',
    'protocol/requests/fetch/v4/decodeMessages.js',
  ];
  for (const part of parts) {
    expect(String(copy.load(part))).not.toBe(String(load(`kafkajs/src/${part}`)));
  }
  expect(copy.load('retry/index.js')).toBe(copy.load('retry/index.js'));
});

test('a part that kafkajs does not have is never replaced in silence', () => {
  const lost = new PrivateCopy({ 'consumer/gone.js': () => undefined });
  expect(() => lost.entry).toThrow('Expected to replace consumer/gone.js of kafkajs, but it has no such module');
});
