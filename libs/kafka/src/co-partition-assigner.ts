import type { Cluster, PartitionAssigner } from 'kafkajs';
import { assignCoPartitions } from './co-partition-assignment.ts';
import { AssignerProtocol } from './kafkajs/index.ts';

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
