export interface BrokerNode {
  readonly id: number;
  readonly port: number;
  readonly controllerPort: number;
  /** Where whoever comes is asked who he is, in a secured cluster. */
  readonly securedPort?: number | undefined;
}

const rackAware = 'org.apache.kafka.common.replica.RackAwareReplicaSelector';

/**
 * The `server.properties` of one broker, which is also a controller (KRaft).
 * Loopback only; a cluster of three replicates everything three times, each broker in a zone of its own (`zone-1` ...), and
 * whoever names its zone reads there; a lone broker has everything once.
 */
export function brokerProperties(
  node: BrokerNode,
  cluster: readonly BrokerNode[],
  logFolder: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const { securedPort } = node;
  const listeners = [
    `BROKER://127.0.0.1:${node.port}`,
    ...(securedPort === undefined ? [] : [`SECURED://127.0.0.1:${securedPort}`]),
  ];
  const replicas = cluster.length;
  const inSync = replicas > 1 ? 2 : 1;
  const properties: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': cluster.map((voter) => `${voter.id}@127.0.0.1:${voter.controllerPort}`).join(','),
    listeners: [...listeners, `CONTROLLER://127.0.0.1:${node.controllerPort}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL',
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
    ...(replicas > 1 ? { 'broker.rack': `zone-${node.id}`, 'replica.selector.class': rackAware } : {}),
    ...more,
  };
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`;
}
