import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connectCluster } from '@ratchet/protocol';
import { taskTopic } from '@ratchet/domain';
import { uniqueName } from '@ratchet/testing';
import { startKafka, unlessAborted, type Addresses, type RunningKafka } from '@ratchet/tools-kafka';
import { residentMiB, type Doors } from '@ratchet/tools-start';
import { machineMs, readJournals, type Noted } from '../journal.ts';
import { tellGateways } from '../load/gateways.ts';
import { taskQueues, type LoadName } from '../load/kinds.ts';
import { settingsEnvironment, type ProcessSettings } from '../load/process-settings.ts';
import type { DeadLetter, LogFacts } from '../oracle/facts.ts';
import type { MemorySample } from '../oracle/memory.ts';
import { readLog } from '../oracle/read-log.ts';
import { isService, loadMain, Member, serviceRoles, type Role } from './member.ts';

/** Of each co-partitioned topic. */
export const partitionCount = 4;
/** As in production. */
export const sessionMs = 10_000;
const instancesOf = (role: Role): number => (role === 'worker' ? 3 : role === 'polling-worker' ? 1 : 2);
const roles: readonly Role[] = [...serviceRoles, 'worker', 'polling-worker'];
const sampleEveryMs = 1_000;
const clientNames = ['client-1', 'client-2'];

export interface StageOptions {
  /** Everything of this drill: journals, logs, the broker's data. */
  readonly folder: string;
  /** How many starts a second, of all clients together. */
  readonly perSecond: number;
  /** Of what the starts are; default: `mixed`. */
  readonly load?: LoadName;
  readonly seed: number;
  readonly say: (line: string) => void;
  /** Aborted: nothing is waited for any longer. */
  readonly asked: AbortSignal;
  /** A broker and a registry of someone else, to which nothing can be done; default: they are started. */
  readonly kafka?: Addresses;
  /** Default 1. Of three, each is in a zone of its own: `zone-1` ... */
  readonly brokerCount?: 1 | 3;
  readonly brokerEnvironment?: Readonly<Record<string, string>>;
  /** More of a member's environment. */
  readonly environmentOf?: (name: string) => Readonly<Record<string, string>>;
  /** The repository in which the programs of a member or a client were built; default: this one. */
  readonly rootOf?: (name: string) => string;
  /** Where members find the broker; default: where it is. */
  readonly addressFor?: (brokers: string) => Promise<string>;
}

/** This repository. */
export const ownRoot = join(import.meta.dirname, '..', '..', '..', '..');
/** From when nobody comes to a gateway any more until it is asked to stop: Kubernetes' `preStop`, which is 5 s in the chart. */
const preStopMs = 2_000;

/** A broker that was started here: the jars' way can do all that may be asked of one. */
export type OwnKafka = Required<RunningKafka>;

/** A process that ended although nobody here had ended it. */
export interface UnexpectedEnd {
  readonly at: number;
  readonly name: string;
  readonly how: string;
}

/** A broker, a registry, two instances of each service, workers and clients, all of them processes of their own. */
export class Stage {
  readonly folder: string;
  readonly memory: MemorySample[] = [];
  readonly unexpectedEnds: UnexpectedEnd[] = [];
  readonly #options: StageOptions;
  readonly #addresses: Addresses;
  readonly #ownKafka: OwnKafka | undefined;
  /** Where members find the broker. */
  readonly #memberBrokers: string;
  readonly #idPrefix = uniqueName('drill');
  readonly #members = new Map<string, Member>();
  /** Those that are about to be restarted. */
  readonly #withdrawn = new Set<Member>();
  #clients: readonly ChildProcess[] = [];
  #sampling: NodeJS.Timeout | undefined;

  private constructor(options: StageOptions, kafka: Addresses | OwnKafka, memberBrokers: string) {
    this.folder = options.folder;
    this.#options = options;
    this.#addresses = kafka;
    this.#ownKafka = 'stop' in kafka ? kafka : undefined;
    this.#memberBrokers = memberBrokers;
  }

  /** Resolves when every service is ready. What was started is stopped again when one is not. */
  static async start(options: StageOptions): Promise<Stage> {
    const { folder, brokerCount: brokers = 1, brokerEnvironment = {}, addressFor } = options;
    for (const name of ['journals', 'logs']) mkdirSync(join(folder, name), { recursive: true });
    const start = async (): Promise<OwnKafka> =>
      (await startKafka({ way: 'jars', folder: join(folder, 'kafka'), brokers, brokerEnvironment })) as OwnKafka;
    const kafka = options.kafka ?? (await start());
    const stage = new Stage(options, kafka, (await addressFor?.(kafka.brokers)) ?? kafka.brokers);
    try {
      await stage.#startMembers();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** @throws Error when it is someone else's. */
  get kafka(): OwnKafka {
    if (this.#ownKafka === undefined)
      throw new Error("Expected to do something to the broker, but it is someone else's");
    return this.#ownKafka;
  }

  /** Those that run now. */
  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  get services(): readonly Member[] {
    return this.members.filter(({ role }) => isService(role));
  }

  get workers(): readonly Member[] {
    return this.members.filter(({ role }) => !isService(role));
  }

  /** @throws (rejects) at once when the drill is asked to stop. */
  async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#options.asked });
  }

  /** One more of a role. */
  add(role: Role): Member {
    const taken = this.members.filter((member) => member.role === role).map(({ name }) => name);
    let number = 1;
    while (taken.includes(`${role}-${String(number)}`)) number++;
    const name = `${role}-${String(number)}`;
    const member = new Member({
      name,
      role,
      root: this.#rootOf(name),
      environment: isService(role) ? this.#serviceEnvironment(name) : this.#processEnvironment(name),
      logs: join(this.folder, 'logs'),
      onUnexpectedEnd: (_, how) => {
        this.unexpectedEnds.push({ at: machineMs(), name, how });
        this.#options.say(`${name} has ended with ${how}, and nobody has ended it`);
      },
    });
    this.#members.set(name, member);
    member.start();
    return member;
  }

  async remove(member: Member, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#members.delete(member.name);
    await member.stop(signal);
  }

  /**
   * As a rollout does it: a gateway that is to stop is called no more; then SIGTERM, and another process once the former has
   * ended, from the repository that `member.root` names by now. Resolves when it is ready.
   */
  async restart(member: Member): Promise<void> {
    if (member.role === 'completion-gateway') {
      this.#withdrawn.add(member);
      this.#tellGateways();
      await this.pause(preStopMs);
    }
    await member.restart();
    this.#withdrawn.delete(member);
    this.#tellGateways();
  }

  startLoad(): void {
    const { perSecond, seed, load = 'mixed' } = this.#options;
    this.#clients = clientNames.map((who, index) =>
      this.#fork('client', who, {
        ...this.#settings(who),
        perSecond: perSecond / clientNames.length,
        load,
        seed: seed + index,
      }),
    );
  }

  /** Starts nothing more, and waits until everything has ended, or so long. @returns whether everything has. */
  async finishLoad(msMax: number): Promise<boolean> {
    const ended = Promise.all(
      this.#clients.map(async (client) => {
        if (client.exitCode !== null || client.signalCode !== null) return;
        const exit = once(client, 'exit');
        client.send('finish');
        await exit;
      }),
    ).then(() => true);
    const late = AbortSignal.timeout(msMax);
    const isDone = await Promise.race([ended, once(late, 'abort').then(() => false)]);
    for (const client of this.#clients) if (client.connected) client.send('give-up');
    await ended;
    return isDone;
  }

  notes(): readonly Noted[] {
    return readJournals(join(this.folder, 'journals'));
  }

  /** Of the topics as they are now; asked once nobody writes any more. */
  async readLog(): Promise<LogFacts> {
    const { brokers, registryUrl } = this.#addresses;
    const cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'drill', createTopics: false });
    try {
      const queues = Object.values(taskQueues).map((queue) => taskTopic('default', queue));
      const { facts, deadLetters } = await readLog(cluster, queues);
      const isOurs = ({ key }: DeadLetter): boolean => this.#ownKafka !== undefined || key.includes(this.#idPrefix);
      return { facts, deadLetters: deadLetters.filter(isOurs) };
    } finally {
      await cluster.close();
    }
  }

  async stopMembers(): Promise<void> {
    clearInterval(this.#sampling);
    for (const client of this.#clients) client.kill('SIGKILL');
    await Promise.all(this.members.map((member) => member.stop()));
  }

  async stop(): Promise<void> {
    await this.stopMembers();
    await this.#ownKafka?.stop();
  }

  async #startMembers(): Promise<void> {
    for (const role of serviceRoles) for (let count = 0; count < instancesOf(role); count++) this.add(role);
    this.#tellGateways();
    this.#sampling = setInterval(() => {
      this.#sample();
      this.#tellGateways();
    }, sampleEveryMs);
    const ready = Promise.all(this.services.map(({ process }) => process.ready()));
    await unlessAborted(this.#options.asked, ready);
    this.#tellGateways();
    for (const role of roles.filter((each) => !isService(each)))
      for (let count = 0; count < instancesOf(role); count++) this.add(role);
  }

  #sample(): void {
    for (const { name, pid } of this.members) {
      const resident = pid === undefined ? undefined : residentMiB(pid);
      if (pid !== undefined && resident !== undefined)
        this.memory.push({ at: machineMs(), name, pid, residentMiB: resident });
    }
  }

  #tellGateways(): void {
    const called = this.services.filter((member) => !this.#withdrawn.has(member));
    const up = called.flatMap(({ process }): Doors[] =>
      process.doors === undefined || process.healthUrl === undefined ? [] : [process.doors],
    );
    tellGateways(this.folder, up);
  }

  #settings(who: string): ProcessSettings {
    const { brokers, registryUrl } = this.#addresses;
    const { folder } = this;
    const journals = join(folder, 'journals');
    return { who, journals, folder, brokers, registryUrl, perSecond: 0, seed: 0, idPrefix: this.#idPrefix };
  }

  #fork(main: string, who: string, settings: ProcessSettings): ChildProcess {
    const child = fork(loadMain(main, this.#rootOf(who)), {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      env: { ...inherited(), ...settingsEnvironment(settings) },
    });
    const log = (text: Buffer): void => {
      appendFileSync(join(this.folder, 'logs', `${who}.log`), text);
    };
    child.stdout?.on('data', log);
    child.stderr?.on('data', log);
    return child;
  }

  #rootOf(name: string): string {
    return this.#options.rootOf?.(name) ?? ownRoot;
  }

  #processEnvironment(name: string): Record<string, string> {
    const settings = { ...this.#settings(name), brokers: this.#memberBrokers };
    return { ...inherited(), ...settingsEnvironment(settings), ...this.#options.environmentOf?.(name) };
  }

  #serviceEnvironment(name: string): Record<string, string> {
    return {
      ...inherited(),
      // Else glibc keeps what was freed in an arena of each thread.
      MALLOC_ARENA_MAX: '2',
      RATCHET_ENVIRONMENT: 'development',
      RATCHET_PARTITIONS: String(partitionCount),
      RATCHET_KAFKA_BROKERS: this.#memberBrokers,
      RATCHET_SCHEMA_REGISTRY_URL: this.#addresses.registryUrl,
      RATCHET_SESSION_TIMEOUT_MS: String(sessionMs),
      RATCHET_HEALTH_PORT: '0',
      RATCHET_GRPC_PORT: '0',
      RATCHET_HTTP_PORT: '0',
      RATCHET_LOG_FORMAT: 'json',
      ...this.#options.environmentOf?.(name),
    };
  }
}

/** This process's environment without what is meant for services. */
function inherited(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.filter(([name]) => !name.startsWith('RATCHET_')));
}
