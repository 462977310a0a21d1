import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { connectKafka, grantRights } from '@ratchet/kafka';
import { principals, rightsOf, userOf } from '@ratchet/schemas';
import {
  leasePort,
  securedAdmin,
  securedUsers,
  startKafka,
  unlessAborted,
  type PortLease,
  type RunningKafka,
  type Way,
} from '@ratchet/tools-kafka';
import { ServiceProcess } from './service-process.ts';
import { mainOf, services, type ServiceName } from './services.ts';
import { keptTokenSecret } from './token-secret.ts';

export interface StartRatchetOptions {
  /** Where a broker that is started here keeps its data. Default `.ratchet`. */
  readonly folder?: string;
  /** Of each co-partitioned topic. Default 4. */
  readonly partitions?: number;
  /** Told what is being done and what the services print, a line at a time. */
  readonly log?: (line: string) => void;
  /**
   * A broker and a registry that run already; they are left running. Without them `startKafka` finds or starts some. Where
   * the broker asks who comes, the rights of its users are someone else's matter.
   */
  readonly kafka?: Pick<RunningKafka, 'brokers' | 'registryUrl' | 'security'>;
  /** Starts a broker that asks who comes; each service is a user of its own, with the rights that it needs and no more. */
  readonly secured?: boolean;
  /** More of the services' environment, such as RATCHET_LOG_LEVEL. */
  readonly serviceEnv?: Readonly<Record<string, string>>;
  /** Aborted: what was started is stopped again, and `startRatchet` rejects. A broker that is starting is waited for. */
  readonly signal?: AbortSignal;
  /** `usual`: health at 9401 to 9404, gRPC at 7233 and HTTP at 7243, where nobody else is. Default: any. */
  readonly ports?: 'usual' | 'free';
}

export interface RunningRatchet {
  /** `host:port`s, comma separated. */
  readonly brokers: string;
  readonly registryUrl: string;
  /** RATCHET_PREFIX of the services. */
  readonly prefix: string;
  /** How to come in where the broker asks who comes. */
  readonly security?: RunningKafka['security'];
  /** `host:port`, for Temporal's SDKs. */
  readonly grpcAddress: string;
  /** The REST API. */
  readonly httpUrl: string;
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>;
  /** Resolves when the broker or the registry, started here, ends without being asked to: which, and its last words. */
  readonly kafkaEnded: Promise<string>;
  /** The services first, then the broker if it was started here. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Broker, registry and all four services, each in a process of its own; resolves when all are ready.
 *
 * The services must be built. None of them outlives this process, however it ends. A service that ends is started
 * again. Rejects, with everything stopped again, when one does not get ready.
 */
export async function startRatchet(options: StartRatchetOptions = {}): Promise<RunningRatchet> {
  requireBuilt();
  const log = options.log ?? (() => undefined);
  const kafka = await kafkaFor(options, log);
  const processes = await Promise.all(
    services.map(async (service) => {
      const { name } = service;
      const ports = await LeasedPorts.take(portVariables(service, options), options.ports === 'usual');
      const prefixed = (line: string): void => {
        log(`${name.padEnd(18)} | ${line}`);
      };
      const process = new ServiceProcess({
        name,
        main: () => mainOf(name),
        environment: () => environmentOf(name, options, kafka, ports.variables),
        changePort: (variable) => ports.change(variable),
        log: prefixed,
      });
      return [name, process, ports] as const;
    }),
  );
  const all = processes.map(([, process]) => process);
  const stop = async (): Promise<void> => {
    await Promise.all(all.map((process) => process.stop()));
    for (const [, , ports] of processes) ports.release();
    await kafka.stop();
  };
  try {
    options.signal?.throwIfAborted();
    for (const process of all) process.start();
    const ready = Promise.all(all.map((process) => process.ready()));
    await unlessAborted(options.signal, Promise.race([ready, lost(kafka)]));
  } catch (error) {
    await stop();
    throw error;
  }
  const byName = Object.fromEntries(processes.map(([name, process]) => [name, process])) as Record<
    ServiceName,
    ServiceProcess
  >;
  const addresses = byName['completion-gateway'].doors;
  if (addresses === undefined)
    throw new Error('Expected the completion-gateway to say where its doors are, but it did not');
  const { brokers, registryUrl, security, ended: kafkaEnded = never } = kafka;
  const secured = security === undefined ? {} : { security };
  const prefix = prefixOf(options.serviceEnv);
  return { brokers, registryUrl, prefix, ...secured, ...addresses, services: byName, kafkaEnded, stop };
}

const never = new Promise<never>(() => undefined);

const lost = async ({ ended = never }: Kafka): Promise<never> => {
  throw new Error(await ended);
};

function requireBuilt(): void {
  const missing = services.find(({ name }) => !existsSync(mainOf(name)));
  if (missing === undefined) return;
  throw new Error(`Expected to start ${missing.name}, but it is not built: run "npm run build" first`);
}

interface Kafka extends Pick<RunningKafka, 'brokers' | 'registryUrl' | 'security'> {
  /** Absent: someone else's. */
  readonly way?: Way;
  readonly ended?: Promise<string>;
  stop(): Promise<void>;
}

async function kafkaFor(
  { kafka, folder, secured = false, serviceEnv }: StartRatchetOptions,
  log: (line: string) => void,
): Promise<Kafka> {
  if (kafka !== undefined) return { ...kafka, stop: () => Promise.resolve() };
  const of = secured ? 'kafka-secured' : 'kafka';
  const started = await startKafka({
    log,
    ...(folder === undefined ? {} : { folder: resolve(folder, of) }),
    ...(secured ? { users: securedUsers } : {}),
  });
  try {
    await grantAll(started, prefixOf(serviceEnv));
    return started;
  } catch (error) {
    await started.stop();
    throw error;
  }
}

/** What the names of the installation begin with. */
const prefixOf = (serviceEnv: StartRatchetOptions['serviceEnv']): string =>
  serviceEnv?.['RATCHET_PREFIX'] ?? process.env['RATCHET_PREFIX'] ?? '';

/** Grants each user of a broker that asks who comes what it needs, and no more. Users have the same names whatever the prefix. */
export async function grantAll({ brokers, security }: Pick<Kafka, 'brokers' | 'security'>, prefix = ''): Promise<void> {
  if (security === undefined) return;
  const asAdmin = comingInAs(securedAdmin, { brokers, security, registryUrl: '', prefix: '' });
  const connection = await connectKafka({ ...asAdmin, clientId: 'ratchet-start' });
  const grants = principals.flatMap((who) =>
    rightsOf(who, { prefix }).map((right) => ({ user: userOf(who, { prefix: '' }), ...right })),
  );
  await grantRights(connection, grants).finally(() => connection.close());
}

/** The variables that set a service's ports, and the usual ones; not those that the caller's environment sets. */
function portVariables(
  { name, healthPort }: (typeof services)[number],
  { serviceEnv = {} }: StartRatchetOptions,
): ReadonlyMap<string, number> {
  const variables = new Map<string, number>([['RATCHET_HEALTH_PORT', healthPort]]);
  if (name !== 'completion-gateway') return variables;
  for (const [variable, port] of doorPorts) {
    if ((serviceEnv[variable] ?? process.env[variable] ?? '') === '') variables.set(variable, port);
  }
  return variables;
}

const doorPorts = [
  ['RATCHET_GRPC_PORT', 7233],
  ['RATCHET_HTTP_PORT', 7243],
] as const;

/** The ports of one service: named, so that it is where it was after a restart. */
class LeasedPorts {
  readonly #leases: Map<string, PortLease>;

  private constructor(leases: Map<string, PortLease>) {
    this.#leases = leases;
  }

  /** @param usual whether the usual ones are preferred. */
  static async take(variables: ReadonlyMap<string, number>, usual: boolean): Promise<LeasedPorts> {
    const leases = new Map<string, PortLease>();
    for (const [variable, port] of variables) leases.set(variable, await leasePort(usual ? port : undefined));
    return new LeasedPorts(leases);
  }

  get variables(): Readonly<Record<string, string>> {
    return Object.fromEntries(Array.from(this.#leases, ([variable, { port }]) => [variable, String(port)]));
  }

  /** Another port for one that turned out to be in use. @returns nothing when it was the caller's choice. */
  change(variable: string): Promise<void> | undefined {
    const former = this.#leases.get(variable);
    if (former === undefined) return undefined;
    return leasePort().then((lease) => {
      this.#leases.set(variable, lease);
      former.release();
    });
  }

  release(): void {
    for (const lease of this.#leases.values()) lease.release();
  }
}

/** Our own broker allows a short one, so that a service that was killed is soon back at its partitions. */
const shortSessionMs = 3_000;

/** How a service, a client or a worker comes in as a user. */
export const securityEnvironment = (
  { caFile, passwordFile }: NonNullable<RunningKafka['security']>,
  user: string,
): Record<string, string> => ({
  RATCHET_KAFKA_TLS_CA_FILE: caFile,
  RATCHET_KAFKA_SASL_MECHANISM: 'scram-sha-512',
  RATCHET_KAFKA_USERNAME: user,
  RATCHET_KAFKA_PASSWORD_FILE: passwordFile(user),
});

/** How a client or a worker comes in: the options of theirs. */
export interface ComingIn {
  readonly brokers: readonly string[];
  readonly registry: string;
  readonly prefix?: string;
  readonly tls?: { readonly ca: { readonly file: string } };
  readonly sasl?: {
    readonly mechanism: 'scram-sha-512';
    readonly username: string;
    readonly password: { readonly file: string };
  };
}

/** @param username whom a broker that asks who comes is shown; no other hears a name. */
export function comingInAs(
  username: string,
  { brokers, registryUrl, security, prefix }: Pick<RunningRatchet, 'brokers' | 'registryUrl' | 'security' | 'prefix'>,
): ComingIn {
  return {
    brokers: brokers.split(','),
    registry: registryUrl,
    ...(prefix === '' ? {} : { prefix }),
    ...(security === undefined
      ? {}
      : {
          tls: { ca: { file: security.caFile } },
          sasl: { mechanism: 'scram-sha-512', username, password: { file: security.passwordFile(username) } },
        }),
  };
}

/** The caller's own environment may set anything; what `startRatchet` was asked for wins. */
function environmentOf(
  name: ServiceName,
  { partitions, serviceEnv, kafka, folder = '.ratchet' }: StartRatchetOptions,
  { brokers, registryUrl, security, way }: Kafka,
  ports: Readonly<Record<string, string>>,
): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  const given = { ...Object.fromEntries(inherited), ...serviceEnv };
  const defaults = {
    RATCHET_ENVIRONMENT: 'development',
    RATCHET_LOG_FORMAT: 'pretty',
    // Else glibc keeps what was freed in an arena of each thread.
    MALLOC_ARENA_MAX: '2',
    ...(way === 'jars' ? { RATCHET_SESSION_TIMEOUT_MS: String(shortSessionMs) } : {}),
    // A broker of someone else's may have tasks of someone else's services.
    ...(kafka === undefined && way !== 'environment' ? { RATCHET_TOKEN_SECRET: keptTokenSecret(resolve(folder)) } : {}),
  };
  return {
    // What is given as a file must not be given otherwise, too.
    ...Object.fromEntries(Object.entries(defaults).filter(([name]) => !(`${name}_FILE` in given))),
    ...Object.fromEntries(inherited),
    RATCHET_KAFKA_BROKERS: brokers,
    RATCHET_SCHEMA_REGISTRY_URL: registryUrl,
    ...(security === undefined ? {} : securityEnvironment(security, userOf(name, { prefix: '' }))),
    ...ports,
    ...(partitions === undefined ? {} : { RATCHET_PARTITIONS: String(partitions) }),
    ...serviceEnv,
  };
}
