import type { Cluster, PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from '../kafkajs/index.ts';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/** Every member of a group must speak the same protocol, so its name changes when the layout of `userData` does. */
const protocolName = 'ratchet-co-partition-v1';

export interface CoPartitionAssignerOptions {
  /** What this instance says of itself when it joins. */
  readonly said: () => Said;
  /** kafkajs lends the consumer's own cluster to an assigner: the only way to ask for ends as the consumer sees them. */
  readonly onCluster: (cluster: Cluster) => void;
}

/**
 * The same partition numbers of all topics for each member, and as few moves as possible.
 *
 * Trap: kafkajs's round robin deals out the partitions of all topics in one row, so that a member gets partition 3 of
 * one topic and partition 4 of another.
 */
export const coPartitionAssigner =
  ({ said, onCluster }: CoPartitionAssignerOptions): PartitionAssigner =>
  ({ cluster }) => {
    onCluster(cluster);
    return {
      name: protocolName,
      version: 1,
      assign: ({ members, topics }) => {
        const partitions = Math.min(...topics.map((topic) => cluster.findTopicPartitionMetadata(topic).length));
        const known = members.map(({ memberId, memberMetadata }) => ({ memberId, ...decodeSaid(memberMetadata) }));
        const assigned = assignCoPartitions(known, partitions);
        const copies = assignCopies(known, assigned, partitions);
        return Promise.resolve(
          Array.from(assigned, ([memberId, numbers]) => ({
            memberId,
            memberAssignment: MemberAssignment.encode({
              version: 1,
              assignment: Object.fromEntries(topics.map((topic) => [topic, numbers])),
              userData: Buffer.from(JSON.stringify({ copies: copies.get(memberId) ?? [] })),
            }),
          })),
        );
      },
      protocol: ({ topics }) => ({
        name: protocolName,
        metadata: MemberMetadata.encode({ version: 1, topics, userData: encodeSaid(said()) }),
      }),
    };
  };

/**
 * Pairs of what is held, as all versions read them, and one object behind them, which those before it take for no pair.
 * A partition takes about 20 bytes of each, and there are at most a thousand.
 */
function encodeSaid({ held, stores = new Map(), ...more }: Said): Buffer {
  return Buffer.from(JSON.stringify([...held, { stores: [...stores], ...more }]));
}

/** A member whose words cannot be read holds and has nothing; it still gets its share. */
function decodeSaid(metadata: Buffer): Omit<Member, 'memberId'> {
  try {
    const decoded = MemberMetadata.decode(metadata);
    const said: unknown = JSON.parse(decoded?.userData.toString() ?? '[]');
    const list: readonly unknown[] = Array.isArray(said) ? said : [];
    const more = list.find((each): each is object => typeof each === 'object' && each !== null && !Array.isArray(each));
    return { held: new Map(list.filter(isPair)), ...decodeMore(more ?? {}) };
  } catch {
    return { held: new Map(), ...decodeMore({}) };
  }
}

function decodeMore(more: object): Pick<Member, 'stores' | 'copies' | 'isLeaving'> {
  const { stores, copies, isLeaving } = more as Partial<Record<string, unknown>>;
  return {
    stores: new Map(Array.isArray(stores) ? stores.filter(isPair) : []),
    copies: typeof copies === 'number' && Number.isSafeInteger(copies) && copies > 0 ? copies : 0,
    isLeaving: isLeaving === true,
  };
}

/** The partitions that a member is to keep copies of, as the leader has said; none where its version says nothing. */
export function copiesIn(userData: Buffer): readonly number[] {
  try {
    const { copies } = JSON.parse(userData.toString()) as { readonly copies?: unknown };
    return Array.isArray(copies) ? copies.filter((each): each is number => Number.isSafeInteger(each)) : [];
  } catch {
    return [];
  }
}

const isPair = (pair: unknown): pair is [number, number] =>
  Array.isArray(pair) && Number.isSafeInteger(pair[0]) && pair[0] >= 0 && Number.isFinite(pair[1]);

/** What an instance says of itself when it joins; what it leaves out it has not. */
export type Said = Pick<Member, 'held'> & Partial<Omit<Member, 'memberId'>>;

/** What is known of a member of a group. */
export interface Member {
  readonly memberId: string;
  /** Partition numbers it holds, with the generation of the group since which. */
  readonly held: ReadonlyMap<number, number>;
  /** Partitions of whose state it has a store, and how fresh each is: of two the larger is closer to its log's end. */
  readonly stores: ReadonlyMap<number, number>;
  /** How many copies of a partition's state it would have beside the owner's, and takes its part in; 0: it keeps none. */
  readonly copies: number;
  /** It is about to leave, and hands over what it holds. */
  readonly isLeaving: boolean;
}

/**
 * Spreads partition numbers over members: everyone gets as many as the others, or one more, and keeps what it holds
 * as far as that allows. What nobody keeps goes first to whoever has the freshest store of it and has not its share yet.
 * Who is about to leave gets nothing, unless everyone is.
 *
 * A number stands for that partition of every topic of the service, so the topics stay aligned. When two members claim
 * the same partition, one of them was asleep: the later holder keeps it.
 *
 * @returns per member id its partition numbers, ascending. The same input gives the same result on every machine.
 */
export function assignCoPartitions(members: readonly Member[], partitions: number): Map<string, number[]> {
  const ordered = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assigned = new Map(ordered.map(({ memberId }) => [memberId, new Array<number>()]));
  const staying = ordered.filter(({ isLeaving }) => !isLeaving);
  const takers = staying.length > 0 ? staying : ordered;
  if (takers.length === 0) return assigned;

  const claims = claimsOf(takers, partitions);
  const quotas = quotasOf(takers, claims, partitions);
  const listOf = (memberId: string): number[] => assigned.get(memberId) ?? [];
  const hasRoom = ({ memberId }: Member): boolean => listOf(memberId).length < (quotas.get(memberId) ?? 0);
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const give = (partition: number, taker: Member): void => {
    if (!hasRoom(taker) || !free.delete(partition)) return;
    listOf(taker.memberId).push(partition);
  };
  const stores = storesOf(takers, partitions);
  const claimed = claims.get.bind(claims);
  const elsewhere = new Set(
    stores.filter(({ partition, taker }) => claimed(partition) !== taker).map(({ partition }) => partition),
  );
  // Whoever holds too much keeps first what others would have to read from the log.
  for (const isElsewhere of [false, true])
    for (const [partition, holder] of [...claims].sort(([a], [b]) => a - b))
      if (elsewhere.has(partition) === isElsewhere) give(partition, holder);
  for (const { partition, taker } of stores) give(partition, taker);
  for (const taker of takers) for (const partition of free) give(partition, taker);
  for (const list of assigned.values()) list.sort((a, b) => a - b);
  return assigned;
}

/** Who has a store of what, the freshest first. */
function storesOf(
  takers: readonly Member[],
  partitions: number,
): { readonly partition: number; readonly taker: Member }[] {
  return takers
    .flatMap((taker) => Array.from(taker.stores, ([partition, freshness]) => ({ partition, taker, freshness })))
    .filter(({ partition }) => partition < partitions)
    .sort((a, b) => b.freshness - a.freshness || a.partition - b.partition);
}

/** Partition to the member that has held it last. */
function claimsOf(members: readonly Member[], partitions: number): Map<number, Member> {
  const claims = new Map<number, { readonly member: Member; readonly since: number }>();
  for (const member of members) {
    for (const [partition, since] of member.held) {
      if (partition >= partitions) continue;
      const other = claims.get(partition);
      if (other === undefined || other.since < since) claims.set(partition, { member, since });
    }
  }
  return new Map(Array.from(claims, ([partition, { member }]) => [partition, member]));
}

/** Whoever holds most gets the larger shares, so that as few partitions as possible move. */
function quotasOf(
  members: readonly Member[],
  claims: ReadonlyMap<number, Member>,
  partitions: number,
): Map<string, number> {
  const heldCounts = new Map<string, number>();
  for (const { memberId } of claims.values()) heldCounts.set(memberId, (heldCounts.get(memberId) ?? 0) + 1);
  const share = Math.floor(partitions / members.length);
  const larger = partitions % members.length;
  const byHeld = members.toSorted((a, b) => (heldCounts.get(b.memberId) ?? 0) - (heldCounts.get(a.memberId) ?? 0));
  return new Map(byHeld.map(({ memberId }, index) => [memberId, index < larger ? share + 1 : share]));
}

/**
 * Spreads copies of the partitions' state over those who keep any: as many of each as the most modest of them would have, never two in
 * one place, none with the owner, and first where a store of it is already.
 *
 * @param assigned what `assignCoPartitions` gives.
 * @returns per member id the partitions that it keeps copies of, ascending.
 */
export function assignCopies(
  members: readonly Member[],
  assigned: ReadonlyMap<string, readonly number[]>,
  partitions: number,
): Map<string, number[]> {
  const keepers = members
    .filter(({ copies, isLeaving }) => copies > 0 && !isLeaving)
    .toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const given = new Map(keepers.map(({ memberId }) => [memberId, new Array<number>()]));
  const countOf = ({ memberId }: Member): number => given.get(memberId)?.length ?? 0;
  const rounds = Math.min(...keepers.map(({ copies }) => copies), keepers.length);
  const countMax = Math.ceil((partitions * rounds) / Math.max(1, keepers.length));
  for (let round = 0; round < rounds; round++) {
    for (let partition = 0; partition < partitions; partition++) {
      const free = keepers.filter(
        ({ memberId }) =>
          assigned.get(memberId)?.includes(partition) !== true && given.get(memberId)?.includes(partition) !== true,
      );
      const freshness = (keeper: Member): number => keeper.stores.get(partition) ?? -Infinity;
      const [best] = free.toSorted(
        (a, b) =>
          Number(countOf(a) >= countMax) - Number(countOf(b) >= countMax) ||
          compare(freshness(b), freshness(a)) ||
          countOf(a) - countOf(b),
      );
      if (best !== undefined) given.get(best.memberId)?.push(partition);
    }
  }
  for (const list of given.values()) list.sort((a, b) => a - b);
  return given;
}

const compare = (a: number, b: number): number => (a === b ? 0 : a - b);

/**
 * Gives every member the same partitions of each topic: of a group that has one member.
 *
 * Trap: kafkajs has no `assign()`. To read certain partitions, a group of its own needs an assigner that names them.
 *
 * @param partitions asked whenever the group forms.
 */
export const partitionsOf =
  (partitions: () => readonly number[], onCluster: (cluster: Cluster) => void): PartitionAssigner =>
  ({ cluster }) => {
    onCluster(cluster);
    const name = 'named-partitions';
    return {
      name,
      version: 1,
      assign: ({ members, topics }) =>
        Promise.resolve(
          members.map(({ memberId }) => ({
            memberId,
            memberAssignment: MemberAssignment.encode({
              version: 1,
              assignment: Object.fromEntries(topics.map((topic) => [topic, [...partitions()]])),
              userData: Buffer.alloc(0),
            }),
          })),
        ),
      protocol: ({ topics }) => ({
        name,
        metadata: MemberMetadata.encode({ version: 1, topics, userData: Buffer.from(JSON.stringify(partitions())) }),
      }),
    };
  };
