import { connectBroker } from './connect-broker.ts';

describe('connectBroker', () => {
  it('reads the brokers, comma separated, and the registry', () => {
    const environment = { KAFKA_BROKERS: 'a:1, b:2', SCHEMA_REGISTRY_URL: 'http://c:3' };
    expect(connectBroker(environment)).toEqual({ brokers: ['a:1', 'b:2'], registryUrl: 'http://c:3' });
  });

  it('says which command starts them when there are none', () => {
    expect(() => connectBroker({})).toThrow(/npm run test:broker/);
  });

  it('says which variable is missing when only one is set', () => {
    expect(() => connectBroker({ KAFKA_BROKERS: 'a:1' })).toThrow(/SCHEMA_REGISTRY_URL is not set/);
  });
});
