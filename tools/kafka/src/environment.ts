import { awaitAnswer, kafkaAnswers, registryAnswers, takesConnections } from './answers.ts';

export interface Addresses {
  /** `host:port`s, comma separated. */
  readonly brokers: string;
  /** The registry's Confluent-compatible root. */
  readonly registryUrl: string;
}

const ANSWER_DEADLINE_MS = 15_000;

/** What KAFKA_BROKERS and SCHEMA_REGISTRY_URL name; undefined when neither is set, an error when only one is. */
export function namedAddresses(environment: Readonly<Partial<Record<string, string>>>): Addresses | undefined {
  const brokers = setOrUndefined(environment['KAFKA_BROKERS']);
  const registryUrl = setOrUndefined(environment['SCHEMA_REGISTRY_URL']);
  if (brokers !== undefined && registryUrl !== undefined) return { brokers, registryUrl };
  if (brokers === undefined && registryUrl === undefined) return undefined;
  const [set, missing] =
    brokers === undefined ? ['SCHEMA_REGISTRY_URL', 'KAFKA_BROKERS'] : ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'];
  throw new Error(
    `Expected to use the broker and the registry that the environment names, but ${missing} is not set while ${set} is. ` +
      'Set both, or neither to have them started.',
  );
}

/** Resolves when both answer; rejects naming the one that does not, without user and password of its address. */
export async function requireAnswers(
  addresses: Addresses,
  environment: Readonly<Partial<Record<string, string>>> = process.env,
): Promise<void> {
  const [first = ''] = addresses.brokers.split(',');
  const isAnswering = asksWhoComes(environment) ? takesConnections : kafkaAnswers;
  if (!(await awaitAnswer(() => isAnswering(first), ANSWER_DEADLINE_MS))) {
    throw new Error(`Expected to use the Kafka of KAFKA_BROKERS, but ${first} gives no answer`);
  }
  if (!(await awaitAnswer(() => registryAnswers(addresses.registryUrl), ANSWER_DEADLINE_MS))) {
    throw new Error(
      `Expected to use the registry of SCHEMA_REGISTRY_URL, but ${addresses.registryUrl.replace(/\/\/.*@/, '//***@')} gives no answer`,
    );
  }
}

/** Whether services are told how to come in to a Kafka that takes nobody who does not say who he is. */
const asksWhoComes = (environment: Readonly<Partial<Record<string, string>>>): boolean =>
  Object.entries(environment).some(([name, value]) => /^RATCHET_KAFKA_(TLS|SASL)/.test(name) && value !== '');

function setOrUndefined(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}
