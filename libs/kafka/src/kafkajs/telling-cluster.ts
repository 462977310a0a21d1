interface CoordinatorQuestion {
  readonly groupId: string;
  readonly coordinatorType?: number;
}

/** The part of kafkajs's view of a cluster that is mended here. */
interface Cluster {
  readonly brokerPool: {
    withBroker(ask: (of: { readonly broker: Broker }) => Promise<unknown>): Promise<unknown>;
  };
  findGroupCoordinatorMetadata(question: CoordinatorQuestion): Promise<unknown>;
}

interface Broker {
  findGroupCoordinator(question: CoordinatorQuestion): Promise<unknown>;
}

export type ClusterClass = new (options: object) => Cluster;

/**
 * kafkajs's view of a cluster, which tells why nobody names the coordinator of a group or transactional id.
 *
 * Trap: kafkajs asks each broker in turn and drops what they answer: that the right is missing becomes "Failed to find group
 * coordinator", as if none were there. Here the last answer is what is thrown.
 */
export const tellingCluster = (own: ClusterClass): ClusterClass =>
  class extends own {
    override async findGroupCoordinatorMetadata(question: CoordinatorQuestion): Promise<unknown> {
      try {
        return await super.findGroupCoordinatorMetadata(question);
      } catch (error) {
        if (!(error instanceof Error && error.name === 'KafkaJSGroupCoordinatorNotFound')) throw error;
        let reason: unknown = error;
        await this.brokerPool.withBroker(({ broker }) =>
          broker.findGroupCoordinator(question).catch((told: unknown) => {
            reason = told;
          }),
        );
        throw reason;
      }
    }
  };
