import { kafkaEnvironment, registryEnvironment } from './containers.ts';

describe('the broker in a container', () => {
  it('advertises the port of this machine outside, and its own name inside, where the registry looks for it', () => {
    const environment = kafkaEnvironment(40_000);
    expect(environment['KAFKA_ADVERTISED_LISTENERS']).toBe('OUTSIDE://127.0.0.1:40000,INSIDE://kafka:19092');
    expect(registryEnvironment()['APICURIO_KAFKASQL_BOOTSTRAP_SERVERS']).toBe('kafka:19092');
  });

  it('has a lone replica of everything', () => {
    const factors = Object.entries(kafkaEnvironment(1)).filter(([name]) => /REPLICATION_FACTOR|MIN_ISR/.test(name));
    expect(factors.map(([, value]) => value)).toEqual(['1', '1', '1']);
  });
});
