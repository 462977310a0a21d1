import { namedAddresses } from './environment.ts';
import { checkPorts, chooseWay } from './way.ts';

const there = (): Promise<undefined> => Promise.resolve(undefined);
const missing = (): Promise<string> => Promise.resolve('no Docker engine answers');

describe('chooseWay', () => {
  it.each([
    ['the environment, where it names a broker', true, 1, there, 'environment'],
    ['Docker, where an engine answers', false, 1, there, 'docker'],
    ['the jars otherwise', false, 1, missing, 'jars'],
    ['the jars for a cluster, whatever there is', true, 3, there, 'jars'],
  ] as const)('takes %s', async (_what, namedByEnvironment, brokerCount, missingOfDocker, way) => {
    expect((await chooseWay({ namedByEnvironment, brokerCount, missingOfDocker })).way).toBe(way);
  });

  it('says why', async () => {
    const chosen = await chooseWay({ namedByEnvironment: false, brokerCount: 1, missingOfDocker: missing });
    expect(chosen.why).toBe('KAFKA_BROKERS and SCHEMA_REGISTRY_URL are not set, and no Docker engine answers');
  });
});

describe('checkPorts', () => {
  it.each([
    ['docker', { kafkaPort: 19_092 }, /port 19092, but the way is "docker", and docker-compose\.yml publishes its own/],
    ['environment', { registryPort: 18_080 }, /port 18080, but the way is "environment"/],
  ] as const)('refuses with %s what it would pass over: %j', (way, asked, message) => {
    expect(() => {
      checkPorts(way, asked);
    }).toThrow(message);
  });

  it('takes any with the jars, and none with the others', () => {
    checkPorts('jars', { kafkaPort: 19_092, registryPort: 18_080 });
    for (const way of ['docker', 'environment', 'jars'] as const) checkPorts(way, {});
  });
});

describe('namedAddresses', () => {
  it.each([
    ['nothing when neither is set', {}, undefined],
    ['nothing when both are empty', { KAFKA_BROKERS: '', SCHEMA_REGISTRY_URL: ' ' }, undefined],
    ['both', { KAFKA_BROKERS: 'a:1', SCHEMA_REGISTRY_URL: 'http://b' }, { brokers: 'a:1', registryUrl: 'http://b' }],
  ])('reads %s', (_what, environment, addresses) => {
    expect(namedAddresses(environment)).toEqual(addresses);
  });

  it.each([
    ['SCHEMA_REGISTRY_URL', { KAFKA_BROKERS: 'a:1' }],
    ['KAFKA_BROKERS', { SCHEMA_REGISTRY_URL: 'http://b' }],
  ])('names the missing %s', (name, environment) => {
    expect(() => namedAddresses(environment)).toThrow(`${name} is not set`);
  });
});
