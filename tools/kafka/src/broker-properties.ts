export interface BrokerNode {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
}

/**
 * The `server.properties` of one broker, which is also a controller (KRaft).
 * Loopback only; a cluster of three replicates everything three times, a lone broker once.
 */
export function brokerProperties(node: BrokerNode, cluster: readonly BrokerNode[], logFolder: string): string {
  const replicas = cluster.length;
  const inSync = replicas > 1 ? 2 : 1;
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': cluster.map((voter) => `${voter.id}@127.0.0.1:${voter.controllerPort}`).join(','),
    listeners: `BROKER://127.0.0.1:${node.port},CONTROLLER://127.0.0.1:${node.controllerPort}`,
    'advertised.listeners': `BROKER://127.0.0.1:${node.port}`,
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'BROKER',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': logFolder,
    'auto.create.topics.enable': 'false',
    'compression.type': 'producer',
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'unclean.leader.election.enable': 'false',
    'group.initial.rebalance.delay.ms': 0,
    // tests of lost members cannot wait for the six seconds that are the least by default
    'group.min.session.timeout.ms': 1000,
    'offsets.topic.num.partitions': 8,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.num.partitions': 8,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'log.retention.check.interval.ms': 30_000,
    'broker.heartbeat.interval.ms': 500,
    // a cluster is run to lose brokers: the lost one is noticed in 3 s instead of 9
    'broker.session.timeout.ms': replicas > 1 ? 3000 : 9000,
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
