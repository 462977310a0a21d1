import { brokerProperties, type BrokerNode } from './broker-properties.ts';

const nodes: BrokerNode[] = [1, 2, 3].map((id) => ({ id, port: 9000 + id, controllerPort: 9100 + id }));
const [first] = nodes as [BrokerNode];

const propertiesOf = (cluster: readonly BrokerNode[]): Map<string, string> =>
  new Map(
    brokerProperties(first, cluster, '/data')
      .trim()
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

describe('brokerProperties', () => {
  it.each([
    ['a lone broker', [first], '1', '1', '1@127.0.0.1:9101'],
    ['a cluster', nodes, '3', '2', '1@127.0.0.1:9101,2@127.0.0.1:9102,3@127.0.0.1:9103'],
  ])('%s replicates as it can', (_who, cluster, replicas, inSync, voters) => {
    const properties = propertiesOf(cluster);
    expect(properties.get('default.replication.factor')).toBe(replicas);
    expect(properties.get('offsets.topic.replication.factor')).toBe(replicas);
    expect(properties.get('transaction.state.log.replication.factor')).toBe(replicas);
    expect(properties.get('min.insync.replicas')).toBe(inSync);
    expect(properties.get('controller.quorum.voters')).toBe(voters);
  });

  it('has each broker of a cluster in a zone of its own', () => {
    expect(propertiesOf(nodes).get('broker.rack')).toBe('zone-1');
    expect(propertiesOf([first]).has('broker.rack')).toBe(false);
  });

  it('listens on the loopback only, and makes no topic by itself', () => {
    const properties = propertiesOf([first]);
    expect(properties.get('listeners')).toBe('BROKER://127.0.0.1:9001,CONTROLLER://127.0.0.1:9101');
    expect(properties.get('auto.create.topics.enable')).toBe('false');
  });
});
