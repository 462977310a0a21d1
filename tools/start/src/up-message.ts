import type { RunningRatchet } from './start-ratchet.ts';

/** What someone who has just started Ratchet wants to read: where everything is, and what to do next. */
export function upMessage({ brokers, registryUrl, grpcAddress, httpUrl, services }: RunningRatchet): string {
  const rows = Object.entries(services).map(
    ([name, { healthUrl }]) => `  ${name.padEnd(20)}${healthUrl ?? 'starting'}`,
  );
  return `
Ratchet is up.

  Kafka               ${brokers}
  Schema registry     ${registryUrl}
  gRPC                ${grpcAddress} (the address for Temporal's SDKs)
  HTTP                ${httpUrl} (described at ${httpUrl}/docs)
${rows.join('\n')}

Next: write a worker and a client as the README shows. In their shells:
  export KAFKA_BROKERS=${brokers}
  export SCHEMA_REGISTRY_URL=${registryUrl}
Metrics are at /metrics beside each health address. Ctrl-C stops everything; the data are kept.
`;
}
