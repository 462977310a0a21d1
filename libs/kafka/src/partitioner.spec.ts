import { createRequire } from 'node:module';
import fc from 'fast-check';
import { murmur2, partitionFor } from './partitioner.ts';

const kafkajsMurmur2 = createRequire(import.meta.url)('kafkajs/src/producer/partitioners/default/murmur2.js') as (
  key: Buffer,
) => number;

describe('murmur2', () => {
  // The vectors of org.apache.kafka.common.utils.UtilsTest.
  test.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is what the Java client computes', (key, hash) => {
    expect(murmur2(Buffer.from(key))).toBe(hash);
  });

  test('is what kafkajs computes, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        expect(murmur2(bytes)).toBe(kafkajsMurmur2(Buffer.from(bytes)));
      }),
    );
  });
});

describe('partitionFor', () => {
  test('is the same for a long key, which does not fit the shared buffer', () => {
    const key = 'ä'.repeat(5000);
    expect(partitionFor(key, 12)).toBe((murmur2(Buffer.from(key)) & 0x7fffffff) % 12);
  });

  test('is always a partition of the topic', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 100 }), (key, partitions) => {
        const partition = partitionFor(key, partitions);
        expect(partition >= 0 && partition < partitions).toBe(true);
        expect(partition).toBe((murmur2(Buffer.from(key)) & 0x7fffffff) % partitions);
      }),
    );
  });
});
