import { kafkaUser, rightsOf, topicSpecs, type KafkaPrincipal, type TopicSpec } from '@ratchet/schemas';
import { stringify } from 'yaml';

export interface StrimziOptions {
  /** The name of the `Kafka` that topics and users belong to. */
  readonly cluster: string;
  /** Before every name in Kafka (`RATCHET_PREFIX`). */
  readonly prefix: string;
  /** Of each co-partitioned topic (`RATCHET_PARTITIONS`). */
  readonly partitions?: number;
  /** Those of a worker: its namespace and queue. */
  readonly namespace: string;
  readonly taskQueue: string;
}

/** What `deploy/strimzi` is made for. */
export const strimziDefaults = {
  cluster: 'kafka',
  prefix: '',
  namespace: 'default',
  taskQueue: 'orders',
} satisfies StrimziOptions;

const API_VERSION = 'kafka.strimzi.io/v1';
const services: readonly KafkaPrincipal[] = ['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'];
const others: readonly KafkaPrincipal[] = ['client', 'worker', 'producer'];

/** Every topic that is there from the start, as Strimzi's `KafkaTopic`s: one YAML document each. */
export function strimziTopics(options: StrimziOptions): string {
  const { partitions } = options;
  const specs = topicSpecs({ replication: 'production', ...(partitions === undefined ? {} : { partitions }) });
  return documents(specs.map((spec) => kafkaTopic(spec, options)));
}

/** A user for each service, and one each for clients, the workers of one queue and an external producer, as `KafkaUser`s. */
export function strimziUsers(options: StrimziOptions): string {
  return documents([...services, ...others].map((principal) => userOf(principal, options)));
}

function kafkaTopic({ name, partitions, replicationFactor, config }: TopicSpec, options: StrimziOptions): object {
  const topicName = `${options.prefix}${name}`;
  return {
    apiVersion: API_VERSION,
    kind: 'KafkaTopic',
    metadata: metadata(objectName(topicName), options),
    spec: { topicName, partitions, replicas: replicationFactor, config },
  };
}

function userOf(principal: KafkaPrincipal, options: StrimziOptions): object {
  // the topics are there already: Strimzi makes them
  const rights = rightsOf(principal, { ...options, topics: 'verify' });
  return kafkaUser(metadata(objectName(`${options.prefix}ratchet-${principal}`), options), rights);
}

const metadata = (name: string, { cluster }: StrimziOptions) => ({
  name,
  labels: { 'strimzi.io/cluster': cluster, 'app.kubernetes.io/part-of': 'ratchet' },
});

/** Of Kafka's letters those that a name of Kubernetes may not have are another. */
const objectName = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll('_', '-')
    .replaceAll(/-*\.[-.]*/g, '.')
    .replace(/^[^a-z0-9]+/, '');

const documents = (objects: readonly object[]): string =>
  objects.map((object) => `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })}`).join('');
