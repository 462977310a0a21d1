import fc from 'fast-check';
import { AssignerProtocol } from '../kafkajs/index.ts';
import {
  assignCopies,
  assignCoPartitions,
  coPartitionAssigner,
  copiesIn,
  type Member,
  type Said,
} from './assigners.ts';

const partitions = 12;
const member = (
  memberId: string,
  held: readonly number[] = [],
  since = 1,
  more: Partial<Omit<Member, 'memberId' | 'held'>> = {},
): Member => ({
  memberId,
  held: new Map(held.map((partition) => [partition, since])),
  stores: new Map(),
  copies: 0,
  isLeaving: false,
  ...more,
});
const sizes = (assigned: Map<string, number[]>): number[] =>
  Array.from(assigned.values(), (list) => list.length).sort((a, b) => b - a);

const groups = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 15 }).chain((names) =>
  fc.tuple(
    ...names.map((name) =>
      fc
        .tuple(
          fc.uniqueArray(fc.nat({ max: partitions + 3 }), { maxLength: partitions }),
          fc.nat({ max: 5 }),
          fc.dictionary(fc.nat({ max: partitions + 3 }).map(String), fc.nat({ max: 5 })),
          fc.nat({ max: 3 }),
        )
        .map(([held, since, fresh, copies]) => {
          const stores = new Map(Object.entries(fresh).map(([partition, freshness]) => [Number(partition), freshness]));
          return member(name, held, since, { stores, copies });
        }),
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
      const holding = members.map(({ memberId, stores }) => member(memberId, before.get(memberId), 9, { stores }));
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

const stores = (...partitionsOf: readonly (readonly [number, number])[]): Pick<Member, 'stores'> => ({
  stores: new Map(partitionsOf),
});
const all = Array.from({ length: partitions }, (_, partition) => partition);

describe('who has stores', () => {
  test('gets what nobody keeps, the freshest first, as far as its share allows', () => {
    const members = [
      member('a'),
      member('b', [], 1, stores([0, 5], [1, 7])),
      member('c', [], 1, stores([1, 9], [2, 1])),
    ];
    const assigned = assignCoPartitions(members, 3);
    expect(Object.fromEntries(assigned)).toEqual({ a: [2], b: [0], c: [1] });
  });

  test('takes nothing from whoever keeps it', () => {
    const holders = [member('a', [0, 1]), member('b', [2, 3], 1, stores([0, 9], [1, 9]))];
    expect(Object.fromEntries(assignCoPartitions(holders, 4))).toEqual({ a: [0, 1], b: [2, 3] });
  });

  test('is given its own when it comes back and others have too much', () => {
    const back = member('c', [], 1, stores([1, 9], [4, 9]));
    const assigned = assignCoPartitions([member('a', [0, 1, 2]), member('b', [3, 4, 5]), back], 6);
    expect(Object.fromEntries(assigned)).toEqual({ a: [0, 2], b: [3, 5], c: [1, 4] });
  });
});

describe('who is about to leave', () => {
  test('hands over all it holds, and others keep what they have', () => {
    fc.assert(
      fc.property(groups, fc.nat(), (members, which) => {
        const before = assignCoPartitions(members, partitions);
        const leaver = members[which % members.length]?.memberId;
        const holding = members.map(({ memberId }) =>
          member(memberId, before.get(memberId), 9, { isLeaving: memberId === leaver }),
        );
        const after = assignCoPartitions(holding, partitions);
        expect([...after.values()].flat().sort((a, b) => a - b)).toEqual(all);
        for (const { memberId, isLeaving } of holding) {
          if (!isLeaving) expect(after.get(memberId)).toEqual(expect.arrayContaining(before.get(memberId) ?? []));
          else expect(after.get(memberId)).toEqual(members.length === 1 ? all : []);
        }
      }),
    );
  });

  test('keeps its share where everyone leaves', () => {
    const leaving = { isLeaving: true };
    const assigned = assignCoPartitions([member('a', [0], 1, leaving), member('b', [1], 1, leaving)], 2);
    expect(Object.fromEntries(assigned)).toEqual({ a: [0], b: [1] });
  });
});

describe('copies', () => {
  test('are with those who keep any, as many as they would, never with the owner nor twice in one place, evenly', () => {
    fc.assert(
      fc.property(groups, (members) => {
        const assigned = assignCoPartitions(members, partitions);
        const copies = assignCopies(members, assigned, partitions);
        const keepers = members.filter((each) => each.copies > 0);
        expect([...copies.keys()].sort()).toEqual(keepers.map(({ memberId }) => memberId).sort());
        const wanted = Math.min(...keepers.map((each) => each.copies), keepers.length);
        for (const partition of all) {
          const owner = [...assigned].find(([, list]) => list.includes(partition))?.[0];
          const places = [...copies].filter(([, list]) => list.includes(partition)).map(([memberId]) => memberId);
          const possible = keepers.filter(({ memberId }) => memberId !== owner).length;
          expect(places).not.toContain(owner);
          expect(places).toHaveLength(keepers.length === 0 ? 0 : Math.min(wanted, possible));
        }
        for (const list of copies.values()) expect(new Set(list).size).toBe(list.length);
        expect(assignCopies(members.toReversed(), assigned, partitions)).toEqual(copies);
      }),
    );
  });

  test('stay where they are: their stores are the freshest', () => {
    const would = { copies: 1 };
    const members = ['a', 'b', 'c'].map((name) => member(name, [], 1, would));
    const assigned = assignCoPartitions(members, partitions);
    const before = assignCopies(members, assigned, partitions);
    const kept = members.map(({ memberId }) => {
      const pairs = (before.get(memberId) ?? []).map((partition): [number, number] => [partition, 100]);
      return member(memberId, assigned.get(memberId), 1, { ...would, ...stores(...pairs) });
    });
    expect(assignCopies(kept, assignCoPartitions(kept, partitions), partitions)).toEqual(before);
  });

  test('of a partition are there where its owner goes: whoever has one takes over', () => {
    const would = { copies: 1 };
    const leaver = member('a', [0, 1], 1, { ...would, isLeaving: true });
    const keeper = member('b', [2], 1, { ...would, ...stores([1, 9]) });
    const other = member('c', [3], 1, { ...would, ...stores([0, 9]) });
    expect(Object.fromEntries(assignCoPartitions([leaver, keeper, other], 4))).toEqual({ a: [], b: [1, 2], c: [0, 3] });
  });
});

describe('what a member says', () => {
  const cluster = { findTopicPartitionMetadata: () => all };
  const assigner = (said: () => Said) =>
    coPartitionAssigner({ said, onCluster: () => undefined })({ cluster } as never);
  const metadataOf = (held: readonly number[], more: Partial<Member> = {}): Buffer =>
    assigner(() => ({ held: new Map(held.map((partition) => [partition, 1])), ...more })).protocol({ topics: ['t'] })
      .metadata;

  /** As released before stores were named: pairs alone are read. */
  const readBefore = (metadata: Buffer): readonly unknown[] => {
    const decoded = AssignerProtocol.MemberMetadata.decode(metadata);
    const pairs = JSON.parse(decoded?.userData.toString() ?? '[]') as readonly unknown[];
    return pairs.filter((pair) => Array.isArray(pair) && Number.isSafeInteger(pair[0]) && Number.isFinite(pair[1]));
  };

  test('is understood by the version before, which knows nothing of stores', () => {
    const metadata = metadataOf([3, 4], { stores: new Map([[5, 7]]), copies: 1, isLeaving: true });
    expect(readBefore(metadata)).toEqual([[3, 1], [4, 1]]); // prettier-ignore
  });

  const assignedBy = async (metadata: Readonly<Record<string, Buffer>>): Promise<Record<string, unknown>> => {
    const members = Object.entries(metadata).map(([memberId, memberMetadata]) => ({ memberId, memberMetadata }));
    const assignments = await assigner(() => ({ held: new Map() })).assign({ members, topics: ['t'] });
    return Object.fromEntries(
      assignments.map(({ memberId, memberAssignment }) => {
        const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment);
        return [memberId, { owns: decoded?.assignment['t'], copies: copiesIn(decoded?.userData ?? Buffer.alloc(0)) }];
      }),
    );
  };

  test('goes through the group: stores, copies, and that it leaves', async () => {
    const leaver = metadataOf(all, { isLeaving: true });
    const taker = metadataOf([], { stores: new Map([[11, 3]]), copies: 1 });
    const other = metadataOf([], { copies: 1 });
    const assigned = await assignedBy({ leaver, taker, other });
    expect(assigned['leaver']).toEqual({ owns: [], copies: [] });
    expect(assigned['taker']).toMatchObject({ owns: expect.arrayContaining([11]) as unknown });
    expect(assigned['other']).toMatchObject({ copies: expect.arrayContaining([11]) as unknown });
  });

  test.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['another shape', '{"held":1}'],
    ['pairs of the version before', '[[0,1],[1,1]]'],
    ['nonsense in an object', '[[0,1],{"stores":7,"copies":"many","isLeaving":"no"},null,[null,1]]'],
  ])('is no harm where it is %s', async (_what, text) => {
    const strange = AssignerProtocol.MemberMetadata.encode({ version: 1, topics: ['t'], userData: Buffer.from(text) });
    const assigned = await assignedBy({ strange, known: metadataOf([]) });
    expect(Object.values(assigned).map((each) => (each as { owns: unknown[] }).owns.length)).toEqual([6, 6]);
  });

  test('of all partitions that there may be takes a few ten thousand bytes', () => {
    const thousand = Array.from({ length: 1000 }, (_, partition): [number, number] => [partition, 1_800_000_000_000]);
    const held = thousand.map(([partition]) => partition);
    expect(metadataOf(held, { stores: new Map(thousand) }).length).toBeLessThan(40_000);
  });

  test('an assignment of the version before tells of no copies', () => {
    expect(copiesIn(Buffer.alloc(0))).toEqual([]);
    expect(copiesIn(Buffer.from('{"copies":[1,"2",3]}'))).toEqual([1, 3]);
  });
});
