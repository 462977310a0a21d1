import fc from 'fast-check';
import { assignCoPartitions, type Member } from './assigners.ts';

const partitions = 12;
const member = (memberId: string, held: readonly number[] = [], since = 1): Member => ({
  memberId,
  held: new Map(held.map((partition) => [partition, since])),
});
const sizes = (assigned: Map<string, number[]>): number[] =>
  Array.from(assigned.values(), (list) => list.length).sort((a, b) => b - a);

const groups = fc
  .uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 15 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc
          .tuple(fc.uniqueArray(fc.nat({ max: partitions + 3 }), { maxLength: partitions }), fc.nat({ max: 5 }))
          .map(([held, since]) => member(name, held, since)),
      ),
    ),
  );

test('five members over twelve partitions get 3, 3, 2, 2, 2', () => {
  const assigned = assignCoPartitions(
    ['a', 'b', 'c', 'd', 'e'].map((name) => member(name)),
    partitions,
  );
  expect(sizes(assigned)).toEqual([3, 3, 2, 2, 2]);
});

test('every partition has exactly one owner, and nobody has two more than another', () => {
  fc.assert(
    fc.property(groups, (members) => {
      const assigned = assignCoPartitions(members, partitions);
      expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual(
        Array.from({ length: partitions }, (_, i) => i),
      );
      const [largest = 0] = sizes(assigned);
      expect(largest - (sizes(assigned).at(-1) ?? 0)).toBeLessThanOrEqual(1);
    }),
  );
});

test('it does not depend on the order in which members are listed', () => {
  fc.assert(
    fc.property(groups, (members) => {
      expect(assignCoPartitions(members.toReversed(), partitions)).toEqual(assignCoPartitions(members, partitions));
    }),
  );
});

test('an assignment that is kept is not changed, and a member that goes moves only its own', () => {
  fc.assert(
    fc.property(groups, fc.nat(), (members, leaver) => {
      const before = assignCoPartitions(members, partitions);
      const holding = members.map(({ memberId }) => member(memberId, before.get(memberId)));
      expect(assignCoPartitions(holding, partitions)).toEqual(before);

      const rest = holding.filter((_, index) => index !== leaver % holding.length);
      for (const [memberId, list] of assignCoPartitions(rest, partitions)) {
        expect(list).toEqual(expect.arrayContaining(before.get(memberId) ?? []));
      }
    }),
  );
});

test('of two that claim the same partition, the later holder keeps it', () => {
  const assigned = assignCoPartitions([member('a', [0, 1], 5), member('b', [0, 1], 9), member('c', [2], 1)], 3);
  expect(assigned.get('b')).toContain(0);
});
