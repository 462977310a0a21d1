import type { Cluster, PartitionAssigner } from 'kafkajs';
import { AssignerProtocol } from './kafkajs/index.ts';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

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
