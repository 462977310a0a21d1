import { namedAddresses } from '@ratchet/tools-kafka';

export interface BrokerAddresses {
  /** `host:port` each. */
  readonly brokers: readonly string[];
  /** The registry's Confluent-compatible root. */
  readonly registryUrl: string;
}

/**
 * The real broker and registry that this run of tests has (KAFKA_BROKERS, SCHEMA_REGISTRY_URL).
 * Throws when there are none: a test that needs a broker fails without one and never skips.
 */
export function connectBroker(environment: Readonly<Partial<Record<string, string>>> = process.env): BrokerAddresses {
  const named = namedAddresses(environment);
  if (named === undefined) {
    throw new Error(
      'Expected to use a real broker, but KAFKA_BROKERS and SCHEMA_REGISTRY_URL are not set. ' +
        'Run these tests with "npm run test:broker" (one broker) or "npm run test:cluster" (three), which start what they need.',
    );
  }
  return { brokers: named.brokers.split(',').map((address) => address.trim()), registryUrl: named.registryUrl };
}
