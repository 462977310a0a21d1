import { connectionSettings, describedConnection, type DescribedConnection } from './connection.settings.ts';
import { readConfig, type Variables } from './read-config.ts';
import type { Setting } from './setting.ts';
import { topicsSettings, type TopicsConfig } from './topics.settings.ts';

const settings = {
  ...connectionSettings,
  schemaRegistryUrl: { ...connectionSettings.schemaRegistryUrl, isOptional: true } as Setting<string | undefined>,
};

/**
 * How a tool reaches Kafka alone: by the same variables as services do. Names are to it what they are to Kafka, whatever
 * RATCHET_PREFIX says.
 *
 * @throws OperationalError RKT1301 that names every wrong variable, its value and what was expected.
 */
export function kafkaConnectionOf(
  tool: string,
  variables: Variables,
): Pick<DescribedConnection, 'brokers' | 'tls' | 'sasl'> {
  const { config } = readConfig(tool, settings, variables);
  const unchanging = { onChange: () => undefined };
  const { brokers, tls, sasl } = describedConnection({ ...config, schemaRegistryUrl: '' }, unchanging);
  return { brokers, tls, sasl };
}

/**
 * What a tool says of an installation where it is not told otherwise: by the same variables as services do.
 *
 * @throws OperationalError RKT1301, as above.
 */
export function installationOf(
  tool: string,
  variables: Variables,
): { readonly prefix: string; readonly topics: TopicsConfig['topics'] } {
  const { config } = readConfig(tool, { prefix: connectionSettings.prefix, topics: topicsSettings.topics }, variables);
  return { prefix: config.prefix ?? '', topics: config.topics };
}
