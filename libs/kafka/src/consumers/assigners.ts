import type { Cluster, PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from '../kafkajs/index.ts';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

/** Every member of a group must speak the same protocol, so its name changes when the layout of `userData` does. */
const protocolName = 'ratchet-co-partition-v1';

export interface CoPartitionAssignerOptions {
  /** What this instance holds when it joins: partition number to the generation of the group since which. */
  readonly held: () => ReadonlyMap<number, number>;
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
  ({ held, onCluster }: CoPartitionAssignerOptions): PartitionAssigner =>
  ({ cluster }) => {
    onCluster(cluster);
    return {
      name: protocolName,
      version: 1,
      assign: ({ members, topics }) => {
        const partitions = Math.min(...topics.map((topic) => cluster.findTopicPartitionMetadata(topic).length));
        const assigned = assignCoPartitions(
          members.map(({ memberId, memberMetadata }) => ({ memberId, held: decodeHeld(memberMetadata) })),
          partitions,
        );
        return Promise.resolve(
          Array.from(assigned, ([memberId, numbers]) => ({
            memberId,
            memberAssignment: MemberAssignment.encode({
              version: 1,
              assignment: Object.fromEntries(topics.map((topic) => [topic, numbers])),
              userData: Buffer.alloc(0),
            }),
          })),
        );
      },
      protocol: ({ topics }) => ({
        name: protocolName,
        metadata: MemberMetadata.encode({ version: 1, topics, userData: encodeHeld(held()) }),
      }),
    };
  };

const encodeHeld = (held: ReadonlyMap<number, number>): Buffer => Buffer.from(JSON.stringify([...held]));

/** A member whose claims cannot be read holds nothing; it still gets its share. */
function decodeHeld(metadata: Buffer): ReadonlyMap<number, number> {
  try {
    const decoded = MemberMetadata.decode(metadata);
    const pairs: unknown = JSON.parse(decoded?.userData.toString() ?? '[]');
    return new Map(Array.isArray(pairs) ? pairs.filter(isClaim) : []);
  } catch {
    return new Map();
  }
}

const isClaim = (pair: unknown): pair is [number, number] =>
  Array.isArray(pair) && Number.isSafeInteger(pair[0]) && Number.isFinite(pair[1]);

/** What a member of a group says of itself when it joins. */
export interface Member {
  readonly memberId: string;
  /** Partition numbers it holds, with the generation of the group since which. */
  readonly held: ReadonlyMap<number, number>;
}

/**
 * Spreads partition numbers over members: everyone gets as many as the others, or one more, and keeps what it holds
 * as far as that allows.
 *
 * A number stands for that partition of every topic of the service, so the topics stay aligned. When two members claim
 * the same partition, one of them was asleep: the later holder keeps it.
 *
 * @returns per member id its partition numbers, ascending. The same input gives the same result on every machine.
 */
export function assignCoPartitions(members: readonly Member[], partitions: number): Map<string, number[]> {
  const ordered = members.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assigned = new Map(ordered.map(({ memberId }) => [memberId, new Array<number>()]));
  if (ordered.length === 0) return assigned;

  const claims = claimsOf(ordered, partitions);
  const quotas = quotasOf(ordered, claims, partitions);
  const free: number[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const holder = claims.get(partition);
    const list = holder === undefined ? undefined : assigned.get(holder);
    if (holder !== undefined && list !== undefined && list.length < (quotas.get(holder) ?? 0)) list.push(partition);
    else free.push(partition);
  }
  for (const [memberId, list] of assigned) {
    while (list.length < (quotas.get(memberId) ?? 0)) {
      const partition = free.shift();
      if (partition === undefined) break;
      list.push(partition);
    }
    list.sort((a, b) => a - b);
  }
  return assigned;
}

/** Partition to the member that has held it last. */
function claimsOf(members: readonly Member[], partitions: number): Map<number, string> {
  const claims = new Map<number, { readonly memberId: string; readonly since: number }>();
  for (const { memberId, held } of members) {
    for (const [partition, since] of held) {
      if (partition >= partitions) continue;
      const other = claims.get(partition);
      if (other === undefined || other.since < since) claims.set(partition, { memberId, since });
    }
  }
  return new Map(Array.from(claims, ([partition, { memberId }]) => [partition, memberId]));
}

/** Whoever holds most gets the larger shares, so that as few partitions as possible move. */
function quotasOf(
  members: readonly Member[],
  claims: ReadonlyMap<number, string>,
  partitions: number,
): Map<string, number> {
  const heldCounts = new Map<string, number>();
  for (const memberId of claims.values()) heldCounts.set(memberId, (heldCounts.get(memberId) ?? 0) + 1);
  const share = Math.floor(partitions / members.length);
  const larger = partitions % members.length;
  const byHeld = members.toSorted((a, b) => (heldCounts.get(b.memberId) ?? 0) - (heldCounts.get(a.memberId) ?? 0));
  return new Map(byHeld.map(({ memberId }, index) => [memberId, index < larger ? share + 1 : share]));
}

/**
 * Gives every member exactly one partition of each topic.
 *
 * Trap: kafkajs has no `assign()`. To read one partition, a group of its own needs an assigner that names it.
 */
export const onlyPartition =
  (partition: number, onCluster: (cluster: Cluster) => void): PartitionAssigner =>
  ({ cluster }) => {
    onCluster(cluster);
    const name = `only-${String(partition)}`;
    return {
      name,
      version: 1,
      assign: ({ members, topics }) =>
        Promise.resolve(
          members.map(({ memberId }) => ({
            memberId,
            memberAssignment: MemberAssignment.encode({
              version: 1,
              assignment: Object.fromEntries(topics.map((topic) => [topic, [partition]])),
              userData: Buffer.alloc(0),
            }),
          })),
        ),
      protocol: ({ topics }) => ({
        name,
        metadata: MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
      }),
    };
  };
