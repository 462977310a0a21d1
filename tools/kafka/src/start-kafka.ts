import { join } from 'node:path';
import { composeStop, composeUp, missingOfDocker } from './docker.ts';
import { namedAddresses, requireAnswers } from './environment.ts';
import { JarCluster } from './jar-cluster.ts';
import { bringJars } from './jars.ts';
import { checkPorts, chooseWay, type ChosenWay, type Way } from './way.ts';

export interface StartKafkaOptions {
  /** Where the data, logs and ports of the jars' way are kept. Default `.ratchet/kafka` in the repository. */
  readonly folder?: string;
  /** Forget the data of an earlier start. Default false. */
  readonly fresh?: boolean;
  /** Three brokers always come from the jars. Default 1. */
  readonly brokers?: 1 | 3;
  /** Whether a registry is wanted too. Default true. */
  readonly registry?: boolean;
  /** Told what is being done, a line at a time. */
  readonly log?: (line: string) => void;
  /** The port of the (first) broker in the jars' way. Default: the one used before in this folder, or any free one. */
  readonly kafkaPort?: number;
  readonly registryPort?: number;
  /** Takes this way, whatever the environment holds. */
  readonly way?: Way;
  /**
   * Brokers that ask who comes: by TLS, with these users beside `admin` (SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN), who may do
   * nothing until rights say so. The jars' way only, and in a folder of its own: users are made with the data.
   */
  readonly users?: readonly string[];
  /** More of the brokers' `server.properties`, in the jars' way. */
  readonly brokerProperties?: Readonly<Record<string, string>>;
  /** More of the brokers' environment, in the jars' way. */
  readonly brokerEnvironment?: Readonly<Record<string, string>>;
}

export interface RunningKafka extends ChosenWay {
  /** `host:port`s, comma separated, as KAFKA_BROKERS wants them. */
  readonly brokers: string;
  /** The registry's Confluent-compatible root, as SCHEMA_REGISTRY_URL wants it. */
  readonly registryUrl: string;
  /** How to come in where there are users: who the brokers are trusted by, in PEM, and a user's password, in files. */
  readonly security?: { readonly caFile: string; readonly passwordFile: (user: string) => string };
  /** Resolves when a broker or the registry ends without being asked to: which, and its last words. The jars' way only. */
  readonly ended?: Promise<string>;
  /** Cleanly, the data kept. Does nothing to a broker that was not started here. */
  stop(): Promise<void>;
  /** kill -9 of broker 1, 2 or 3. The jars' way only. */
  killBroker?(id: number): Promise<void>;
  /** Starts a broker again that was killed or has ended; resolves when it answers. The jars' way only. */
  startBroker?(id: number): Promise<void>;
  /** Stops a broker where it stands, or lets it go on. The jars' way only. */
  signalBroker?(id: number, signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** kill -9. The jars' way only. */
  killRegistry?(): Promise<void>;
  /** Starts a killed registry again; resolves when it answers. The jars' way only. */
  startRegistry?(): Promise<void>;
}

const STATE = join(import.meta.dirname, '..', '..', '..', '.ratchet');

/**
 * Real Apache Kafka and a Confluent-compatible schema registry, had in the first way that works (see `chooseWay`); resolves when
 * both answer. They end when `stop` is called, and at the latest with this process (Docker's go on).
 * Throws an error that says what to install or to set when no way works.
 */
export async function startKafka(options: StartKafkaOptions = {}): Promise<RunningKafka> {
  const brokerCount = options.brokers ?? 1;
  const isOwn = brokerCount > 1 || options.way !== undefined || options.users !== undefined;
  const named = isOwn ? undefined : namedAddresses(process.env);
  const chosen: ChosenWay =
    options.users !== undefined
      ? { way: 'jars', why: 'only from the jars is there a broker that asks who comes' }
      : options.way === undefined
        ? await chooseWay({ namedByEnvironment: named !== undefined, brokerCount, missingOfDocker })
        : { way: options.way, why: 'it was asked for' };
  options.log?.(`Kafka: the way is "${chosen.way}", since ${chosen.why}.`);
  checkPorts(chosen.way, options);
  switch (chosen.way) {
    case 'environment':
      return runNamed(chosen);
    case 'docker':
      return { ...chosen, ...(await composeUp({ fresh: options.fresh ?? false })), stop: composeStop };
    case 'jars':
      return runJars(chosen, options);
  }
}

async function runNamed(chosen: ChosenWay): Promise<RunningKafka> {
  const addresses = namedAddresses(process.env);
  if (addresses === undefined) {
    throw new Error('Expected to use the environment, but KAFKA_BROKERS and SCHEMA_REGISTRY_URL are not set');
  }
  await requireAnswers(addresses);
  return { ...chosen, ...addresses, stop: () => Promise.resolve() };
}

async function runJars(chosen: ChosenWay, options: StartKafkaOptions): Promise<RunningKafka> {
  const jars = await bringJars(join(STATE, 'jars'), options.log ?? (() => undefined));
  const cluster = await JarCluster.start(jars, {
    folder: options.folder ?? join(STATE, options.users === undefined ? 'kafka' : 'kafka-secured'),
    fresh: options.fresh ?? false,
    brokerCount: options.brokers ?? 1,
    registry: options.registry ?? true,
    kafkaPort: options.kafkaPort,
    registryPort: options.registryPort,
    brokerEnvironment: options.brokerEnvironment ?? {},
    brokerProperties: options.brokerProperties ?? {},
    users: options.users,
  });
  return {
    ...chosen,
    brokers: cluster.brokers,
    registryUrl: cluster.registryUrl,
    ...(cluster.security === undefined ? {} : { security: cluster.security }),
    ended: cluster.ended,
    stop: () => cluster.stop(),
    killBroker: (id) => cluster.killBroker(id),
    startBroker: (id) => cluster.startBroker(id),
    signalBroker: (id, signal) => {
      cluster.signalBroker(id, signal);
    },
    killRegistry: () => cluster.killRegistry(),
    startRegistry: () => cluster.startRegistry(),
  };
}
