/** How a broker is had: named by the environment, run by Docker, or run from Maven's jars. */
export type Way = 'environment' | 'docker' | 'jars';

export interface ChosenWay {
  readonly way: Way;
  /** Why this one, as a sentence for people. */
  readonly why: string;
}

export interface Situation {
  readonly namedByEnvironment: boolean;
  readonly brokerCount: 1 | 3;
  /** What keeps Docker from being used, as the end of a sentence; undefined when nothing does. Asked only when it matters. */
  missingOfDocker(): Promise<string | undefined>;
}

/** @throws Error where ports are asked for that this way does not give. */
export function checkPorts(way: Way, asked: { readonly kafkaPort?: number; readonly registryPort?: number }): void {
  if (way === 'jars') return;
  const place = way === 'docker' ? 'docker-compose.yml publishes its own' : 'the environment names a broker';
  for (const port of [asked.kafkaPort, asked.registryPort])
    if (port !== undefined)
      throw new Error(
        `Expected to start Kafka on port ${String(port)}, but the way is "${way}", and ${place}: ` +
          'say --way jars for it',
      );
}

/** The first way that works: environment, Docker, jars. Several brokers come from the jars only: tests kill and restart them. */
export async function chooseWay(situation: Situation): Promise<ChosenWay> {
  if (situation.brokerCount > 1) {
    return { way: 'jars', why: 'a cluster whose brokers can be killed is run from the jars' };
  }
  if (situation.namedByEnvironment) {
    return { way: 'environment', why: 'KAFKA_BROKERS and SCHEMA_REGISTRY_URL are set' };
  }
  const missing = await situation.missingOfDocker();
  if (missing === undefined) {
    return { way: 'docker', why: 'KAFKA_BROKERS and SCHEMA_REGISTRY_URL are not set, and a Docker engine answers' };
  }
  return { way: 'jars', why: `KAFKA_BROKERS and SCHEMA_REGISTRY_URL are not set, and ${missing}` };
}
