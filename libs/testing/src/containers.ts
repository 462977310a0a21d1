import { GenericContainer, Network, Wait, type StartedNetwork, type StartedTestContainer } from 'testcontainers';

export const KAFKA_IMAGE = 'apache/kafka:4.3.1';
export const REGISTRY_IMAGE = 'apicurio/apicurio-registry:3.0.9';

/** Within the containers' network; the registry reaches the broker there. */
const INTERNAL_PORT = 19_092;
const KAFKA_PORT = 9_092;
const REGISTRY_PORT = 8_080;

export interface RunningContainers {
  readonly brokers: string;
  readonly registryUrl: string;
  stop(): Promise<void>;
}

/** What a broker in a container is told, when this machine reaches it at 127.0.0.1:`hostPort`. */
export function kafkaEnvironment(hostPort: number): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
    KAFKA_LISTENERS: `OUTSIDE://:${KAFKA_PORT},INSIDE://:${INTERNAL_PORT},CONTROLLER://:9093`,
    KAFKA_ADVERTISED_LISTENERS: `OUTSIDE://127.0.0.1:${hostPort},INSIDE://kafka:${INTERNAL_PORT}`,
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'OUTSIDE:PLAINTEXT,INSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT',
    KAFKA_INTER_BROKER_LISTENER_NAME: 'INSIDE',
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '8',
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '8',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
  };
}

/** What a registry in a container is told. */
export function registryEnvironment(): Record<string, string> {
  return {
    APICURIO_STORAGE_KIND: 'kafkasql',
    APICURIO_KAFKASQL_BOOTSTRAP_SERVERS: `kafka:${INTERNAL_PORT}`,
    APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT: '200',
    APICURIO_CCOMPAT_MAX_SUBJECTS: '100000',
  };
}

/** A broker and a registry in containers of their own, for one run of tests. The broker advertises `hostPort`, which is the caller's. */
export async function startContainers(hostPort: number): Promise<RunningContainers> {
  const network = await new Network().start();
  const started: StartedTestContainer[] = [];
  try {
    started.push(await kafkaContainer(network, hostPort).start());
    const registry = await registryContainer(network).start();
    started.push(registry);
    const registryAt = `http://${registry.getHost()}:${registry.getMappedPort(REGISTRY_PORT)}`;
    return {
      brokers: `127.0.0.1:${hostPort}`,
      registryUrl: `${registryAt}/apis/ccompat/v7`,
      stop: () => stopAll(network, started),
    };
  } catch (error) {
    await stopAll(network, started);
    throw error;
  }
}

function kafkaContainer(network: StartedNetwork, hostPort: number): GenericContainer {
  return new GenericContainer(KAFKA_IMAGE)
    .withNetwork(network)
    .withNetworkAliases('kafka')
    .withEnvironment(kafkaEnvironment(hostPort))
    .withExposedPorts({ container: KAFKA_PORT, host: hostPort })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/));
}

function registryContainer(network: StartedNetwork): GenericContainer {
  return new GenericContainer(REGISTRY_IMAGE)
    .withNetwork(network)
    .withEnvironment(registryEnvironment())
    .withExposedPorts(REGISTRY_PORT)
    .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', REGISTRY_PORT).withStartupTimeout(120_000));
}

async function stopAll(network: StartedNetwork, started: readonly StartedTestContainer[]): Promise<void> {
  for (const container of started.toReversed()) await container.stop();
  await network.stop();
}
