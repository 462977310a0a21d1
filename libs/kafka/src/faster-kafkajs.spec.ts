import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { crc32c } from '@node-rs/crc32';
import fc from 'fast-check';
import { groupMessages, type MessagesToGroup } from './group-messages.ts';

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

// A process of its own: Jest's module registry does not share Node's cache, which the product relies on.
test('kafkajs uses them', () => {
  const connection = new URL('./connection.ts', import.meta.url).href;
  const script = `
    await import(${JSON.stringify(connection)});
    const { createRequire } = await import('node:module');
    const load = createRequire(${JSON.stringify(connection)});
    const names = ['protocol/recordBatch/crc32C', 'producer/groupMessagesPerPartition', 'protocol/recordBatch/record/v0', 'protocol/encoder', 'network/requestQueue'];
    process.stdout.write(names.map((name) => String(load('kafkajs/src/' + name)).slice(0, 60)).join(' | '));`;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  expect(output).toMatch(
    /native code.* function groupMessages.* \(record\) =>.* function ChunkedEncoder.* class RequestQueue extends own/s,
  );
});
