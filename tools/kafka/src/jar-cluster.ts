import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kafkaAnswers, registryAnswers } from './answers.ts';
import { brokerProperties, type BrokerNode } from './broker-properties.ts';
import { outcomeOf } from './command.ts';
import { lockFolder } from './folder-lock.ts';
import type { Jars } from './jars.ts';
import { startJvm, type Jvm } from './jvm.ts';
import { claimPorts, portInUse, type ClaimedPorts } from './ports.ts';
import { awaitProgress } from './progress.ts';
import { secure, type Secured } from './secured.ts';

export interface JarClusterOptions {
  readonly folder: string;
  readonly fresh: boolean;
  readonly brokerCount: 1 | 3;
  readonly registry: boolean;
  readonly kafkaPort: number | undefined;
  readonly registryPort: number | undefined;
  readonly brokerEnvironment: Readonly<Record<string, string>>;
  readonly brokerProperties: Readonly<Record<string, string>>;
  /** Users that the brokers ask for, on a listener of their own. */
  readonly users?: readonly string[] | undefined;
}

const LOG4J = join(import.meta.dirname, '..', 'log4j2.properties');
/** Fixed: it names nothing that leaves the machine, and lets every start find the data of the last one. */
const CLUSTER_ID = 'cmF0Y2hldC1jbHVzdGVyMQ';
/** Where a start that found a port in use tries other ones. */
const PORT_TRIES_MAX = 5;
const QUICK_START = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto'];

/** One or three brokers and the registry, run from the jars with their data in a folder. */
export class JarCluster {
  readonly nodes: readonly BrokerNode[];
  private readonly jars: Jars;
  private readonly options: JarClusterOptions;
  private readonly ports: ClaimedPorts;
  private readonly unlock: () => void;
  private readonly jvms = new Map<string, Jvm>();
  /** Those that someone here has ended. */
  private readonly dismissed = new Set<Jvm>();
  private readonly lost = Promise.withResolvers<string>();
  private readonly secured: Secured | undefined;

  private constructor(
    jars: Jars,
    options: JarClusterOptions,
    ports: ClaimedPorts,
    unlock: () => void,
    secured: Secured | undefined,
  ) {
    this.secured = secured;
    this.jars = jars;
    this.options = options;
    this.ports = ports;
    this.unlock = unlock;
    this.nodes = Array.from({ length: options.brokerCount }, (_, at) => ({
      id: at + 1,
      port: portNamed(ports.byName, `broker-${at + 1}`),
      controllerPort: portNamed(ports.byName, `controller-${at + 1}`),
      ...(secured === undefined ? {} : { securedPort: portNamed(ports.byName, `secured-${at + 1}`) }),
    }));
  }

  /** Starts all of it; resolves when the brokers and the registry answer. When one does not, all are stopped and it rejects. */
  static async start(jars: Jars, options: JarClusterOptions): Promise<JarCluster> {
    // What users of the development broker write is for nobody else on the machine.
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    const unlock = await lockFolder(options.folder);
    try {
      if (options.fresh) clean(options.folder);
      return await JarCluster.startOnPorts(jars, options, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  /** On other ports when one is in use that nobody asked for. */
  private static async startOnPorts(jars: Jars, options: JarClusterOptions, unlock: () => void): Promise<JarCluster> {
    const ids = Array.from({ length: options.brokerCount }, (_, at) => at + 1);
    const { folder, users } = options;
    const secured = users === undefined ? undefined : await secure(folder, users);
    const kinds = ['broker', 'controller', ...(secured === undefined ? [] : ['secured'])];
    const names = [...kinds.flatMap((kind) => ids.map((id) => `${kind}-${id}`)), 'registry'];
    const wanted: Record<string, number | undefined> = {
      [secured === undefined ? 'broker-1' : 'secured-1']: options.kafkaPort,
      registry: options.registryPort,
    };
    const inUse = new Set<number>();
    for (let attempt = 1; ; attempt += 1) {
      const ports = await claimPorts({ file: join(options.folder, 'ports.json'), names, wanted, inUse });
      try {
        return await new JarCluster(jars, options, ports, unlock, secured).startAll();
      } catch (error) {
        ports.release();
        if (!(error instanceof PortInUseError) || attempt === PORT_TRIES_MAX) throw error;
        for (const kind of kinds) {
          const name = error.server.replace('broker', kind);
          const [asked, tried] = [wanted[name], ports.byName[name]];
          if (asked !== undefined && error.message.includes(`:${asked}`)) throw portInUse(name, asked);
          if (tried !== undefined) inUse.add(tried);
        }
      }
    }
  }

  /** `host:port`s, comma separated: those that ask who comes, in a secured cluster. */
  get brokers(): string {
    return this.nodes.map(({ port, securedPort = port }) => `127.0.0.1:${securedPort}`).join(',');
  }

  /** How to come in, in a secured cluster. */
  get security(): Pick<Secured, 'caFile' | 'passwordFile'> | undefined {
    return this.secured;
  }

  get registryUrl(): string {
    return `http://127.0.0.1:${portNamed(this.ports.byName, 'registry')}/apis/ccompat/v7`;
  }

  /** Resolves when a broker or the registry ends without being asked to: which, and its last words. */
  get ended(): Promise<string> {
    return this.lost.promise;
  }

  /** Cleanly: the registry first, then the brokers. The data stay. */
  async stop(): Promise<void> {
    for (const jvm of this.jvms.values()) this.dismissed.add(jvm);
    await this.jvms.get('registry')?.stop();
    await Promise.all([...this.jvms.values()].map((jvm) => jvm.stop()));
    this.ports.release();
    this.unlock();
  }

  /** kill -9 of one broker, as a crash would. */
  killBroker(id: number): Promise<void> {
    return this.kill(`broker-${id}`);
  }

  signalBroker(id: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.jvms.get(`broker-${id}`)?.signal(signal);
  }

  killRegistry(): Promise<void> {
    return this.kill('registry');
  }

  /** Starts a broker that was killed; resolves when it is back in the cluster. */
  async startBroker(id: number): Promise<void> {
    const node = this.nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error(`Expected to start broker ${id}, but there are only ${this.nodes.length}`);
    await this.awaitBroker(node, this.runBroker(node));
  }

  private async kill(name: string): Promise<void> {
    const jvm = this.jvms.get(name);
    if (jvm === undefined) return;
    this.dismissed.add(jvm);
    await jvm.kill();
  }

  private async startAll(): Promise<this> {
    try {
      // the registry takes longest and waits for its broker by itself; with several it must see all, to replicate its topics
      const brokers = this.startBrokers();
      const before = this.nodes.length > 1 ? brokers : Promise.resolve();
      const registry = this.options.registry ? before.then(() => this.startRegistry()) : undefined;
      await Promise.all([brokers, registry]);
      return this;
    } catch (error) {
      await Promise.all([...this.jvms.values()].map((jvm) => jvm.kill()));
      throw error;
    }
  }

  private async startBrokers(): Promise<void> {
    await Promise.all(this.nodes.map((node) => this.format(node)));
    await Promise.all(
      this.nodes
        .map((node) => [node, this.runBroker(node)] as const)
        .map(([node, jvm]) => this.awaitBroker(node, jvm, this.nodes.length)),
    );
  }

  private async awaitBroker(node: BrokerNode, jvm: Jvm, brokerCountMin = 1): Promise<void> {
    await this.awaitJvm(jvm, () => kafkaAnswers(`127.0.0.1:${node.port}`, brokerCountMin));
  }

  private async awaitJvm(jvm: Jvm, answers: () => Promise<boolean>): Promise<void> {
    const result = await awaitProgress({
      isDone: answers,
      isOver: () => jvm.hasEnded(),
      signs: () => jvm.loggedBytes(),
      pid: () => jvm.pid,
    });
    if (result === 'done') return;
    const words = jvm.lastWords();
    if (result === 'over' && SAYS_PORT_IN_USE.test(words)) throw new PortInUseError(jvm.name, words);
    const how = result === 'over' ? 'it ended' : 'it neither answers nor gets on';
    throw new Error(`Expected to start ${jvm.name}, but ${how}. Its last words:\n${words}`);
  }

  private propertiesFile(node: BrokerNode): string {
    return join(this.options.folder, `broker-${node.id}.properties`);
  }

  /** Lays out the log folder of a broker that has none yet. */
  private async format(node: BrokerNode): Promise<void> {
    const logFolder = join(this.options.folder, `broker-${node.id}`);
    writeFileSync(
      this.propertiesFile(node),
      brokerProperties(node, this.nodes, logFolder, { ...this.secured?.properties, ...this.options.brokerProperties }),
    );
    if (existsSync(join(logFolder, 'meta.properties'))) return;
    const outcome = await outcomeOf(
      'java',
      [
        ...QUICK_START,
        '-Xmx128m',
        `-Dlog4j2.configurationFile=${LOG4J}`,
        '-cp',
        this.jars.kafkaClasspath,
        'kafka.tools.StorageTool',
        ...['format', '--cluster-id', CLUSTER_ID, '--config', this.propertiesFile(node)],
        ...(this.secured?.formatArguments ?? []),
      ],
      240_000,
    );
    if (outcome.code !== 0) throw new Error(`Expected to format ${logFolder}, but: ${outcome.printed}`);
  }

  private runBroker(node: BrokerNode): Jvm {
    const args = [
      '-XX:+UseG1GC',
      '-Xms256m',
      '-Xmx512m',
      `-Dlog4j2.configurationFile=${LOG4J}`,
      '-cp',
      this.jars.kafkaClasspath,
      'kafka.Kafka',
      this.propertiesFile(node),
    ];
    return this.run(`broker-${node.id}`, args, this.options.brokerEnvironment);
  }

  /** Also one that was killed; resolves when it answers. */
  async startRegistry(): Promise<void> {
    const settings: Record<string, string> = {
      'quarkus.http.host': '127.0.0.1',
      'quarkus.http.port': String(portNamed(this.ports.byName, 'registry')),
      'quarkus.http.access-log.enabled': 'false',
      'apicurio.storage.kind': 'kafkasql',
      'apicurio.kafkasql.bootstrap.servers': this.nodes.map(({ port }) => `127.0.0.1:${port}`).join(','),
      'apicurio.ccompat.max-subjects': '100000',
      // it waits for a first poll of an empty topic to time out: 5 s by default
      'apicurio.kafkasql.consumer.poll.timeout': '200',
    };
    const jvm = this.run('registry', [
      ...QUICK_START,
      '-Xms128m',
      '-Xmx300m',
      ...Object.entries(settings).map(([name, value]) => `-D${name}=${value}`),
      '-jar',
      this.jars.registryJar,
    ]);
    await this.awaitJvm(jvm, () => registryAnswers(this.registryUrl));
  }

  private run(name: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): Jvm {
    const logFile = join(this.options.folder, `${name}.log`);
    const jvm = startJvm(name, args, { cwd: this.options.folder, logFile, environment });
    this.jvms.set(name, jvm);
    void jvm.ended.then(() => {
      if (!this.dismissed.has(jvm))
        this.lost.resolve(`${name} has ended by itself; its last words in ${logFile}:\n${jvm.lastWords()}`);
    });
    return jvm;
  }
}

/** Java's words, and those of the registry's server. */
const SAYS_PORT_IN_USE = /Address already in use|BindException|already bound|in use by another process/;

/** Of the port of a broker's controller it is the broker that says so. */
class PortInUseError extends Error {
  readonly server: string;

  constructor(server: string, words: string) {
    super(`Expected to start ${server}, but one of its ports is in use. Its last words:\n${words}`);
    this.server = server;
  }
}

function portNamed(ports: Readonly<Record<string, number>>, name: string): number {
  const port = ports[name];
  if (port === undefined) throw new Error(`Expected to know the port of ${name}, but none was claimed`);
  return port;
}

/** Forgets the data, not the ports. */
function clean(folder: string): void {
  for (const id of [1, 2, 3]) rmSync(join(folder, `broker-${id}`), { recursive: true, force: true });
}
