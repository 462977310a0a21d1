import { withoutCredentials } from '@ratchet/kafka';
import type { RunningRatchet } from './start-ratchet.ts';

/** What someone who has just started Ratchet wants to read: where everything is, and what to do next. */
export function upMessage(ratchet: RunningRatchet): string {
  const { brokers, registryUrl, grpcAddress, httpUrl, services } = ratchet;
  const rows = Object.entries(services).map(
    ([name, { healthUrl }]) => `  ${name.padEnd(20)}${healthUrl ?? 'starting'}`,
  );
  return `
Ratchet is up.

  Kafka               ${brokers}
  Schema registry     ${shown(registryUrl)}
  gRPC                ${grpcAddress} (the address for Temporal's SDKs)
  HTTP                ${httpUrl} (described at ${httpUrl}/docs)
${rows.join('\n')}

Next: write a worker and a client as the README shows. In their shells:
${exports(ratchet)}
Metrics are at /metrics beside each health address. Ctrl-C stops everything; the data are kept.
`;
}

/** User and password in it are of whoever has given the address; nobody else reads them off the screen. */
const shown = (registryUrl: string): string =>
  registryUrl.includes('@') ? withoutCredentials(registryUrl) : registryUrl;

/** How they come in, a command for each shell: to a broker that asks who comes, each is a user of its own. */
function exports({ brokers, registryUrl, security }: RunningRatchet): string {
  const both = `KAFKA_BROKERS=${brokers} SCHEMA_REGISTRY_URL=${shown(registryUrl)}`;
  if (security === undefined) return `  export ${both}`;
  const { caFile, passwordFile } = security;
  const as = (who: string): string =>
    `  export ${both} KAFKA_CA_FILE=${caFile} KAFKA_USERNAME=ratchet-${who} KAFKA_PASSWORD_FILE=${passwordFile(`ratchet-${who}`)}`;
  return `${as('worker')}\nin the worker's, and in the client's:\n${as('client')}`;
}
