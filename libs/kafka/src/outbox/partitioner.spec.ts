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

  test('turns to another partition each time, and comes to each of them once', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 100 }), fc.nat(2 ** 31), (key, partitions, turns) => {
        const round = Array.from({ length: partitions }, (_, index) => partitionFor(key, partitions, turns + index));
        expect(new Set(round).size).toBe(partitions);
        expect(partitionFor(key, partitions, partitions)).toBe(partitionFor(key, partitions));
      }),
    );
  });

  test.each([
    { shares: 'halves', owner: (partition: number) => Math.floor(partition / 6) },
    { shares: 'thirds', owner: (partition: number) => Math.floor(partition / 4) },
    { shares: 'every other', owner: (partition: number) => partition % 2 },
    { shares: 'every third', owner: (partition: number) => partition % 3 },
  ])(
    'seldom turns to the same reader twice running, where twelve partitions are shared out in $shares',
    ({ owner }) => {
      const owners = Array.from({ length: 1_000 }, (_, turns) => owner(partitionFor('n//r/a', 12, turns)));
      const sameCount = owners.filter((reader, index) => reader === owners[index - 1]).length;
      expect(sameCount / owners.length).toBeLessThan(0.2);
    },
  );
});
