import type { KafkaConnection } from '../cluster/connection.ts';
import { ConfigResourceTypes } from '../kafkajs/index.ts';
import { clientRetry } from '../kafkajs/retry-options.ts';

/** Kafka's number for a setting of the topic itself. */
const ownConfig = 1;

/**
 * Sets settings of a topic beside those that it has.
 *
 * @param topic as Kafka knows it. @returns takes them back.
 */
export async function configureTopic(
  connection: KafkaConnection,
  topic: string,
  settings: Readonly<Record<string, string>>,
): Promise<() => Promise<void>> {
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic };
  const described = await connection.admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
  const own = (described.resources[0]?.configEntries ?? [])
    .filter(({ configSource }) => (configSource as number) === ownConfig)
    .map(({ configName: name, configValue: value }) => ({ name, value }));
  const set = async (configEntries: { name: string; value: string }[]): Promise<void> => {
    const client = connection.createClient();
    const admin = client.operator(clientRetry);
    try {
      await admin.connect();
      await admin.alterConfigs({ validateOnly: false, resources: [{ ...resource, configEntries }] });
    } finally {
      client.cut();
    }
  };
  const others = own.filter(({ name }) => !(name in settings));
  await set([...others, ...Object.entries(settings).map(([name, value]) => ({ name, value }))]);
  return () => set(own);
}
