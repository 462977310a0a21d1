import { fork, type ChildProcess } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { residentMiB, ServiceProcess, mainOf, startRatchet, type RunningRatchet } from '@ratchet/tools-start';
import type { Measured, MemoryByService } from './measured.ts';
import { variables, type AttackerOrder, type AttackerReport, type Measure, type MeasuredMessage } from './messages.ts';
import { httpRequestsMax, jwt, namespaces, webhookName, type Target } from './target.ts';

const key = (): string => randomBytes(33).toString('base64url');
const keys = { reader: key(), worker: key(), writer: key(), admin: key() };
const neighbourKey = key();
const rootKey = key();
const webhookSecret = `whsec_${randomBytes(32).toString('base64')}`;
const tokenSecret = randomBytes(32).toString('hex');
const jwtKeys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const grant = (name: string, itsKey: string, namespace: string, role: string) => ({
  name,
  hash: `sha256:${createHash('sha256').update(itsKey).digest('hex')}`,
  namespaces: { [namespace]: role },
});

/** Who may come in, and by what. */
const doorEnvironment: Readonly<Record<string, string>> = {
  RATCHET_API_KEYS: JSON.stringify([
    ...Object.entries(keys).map(([role, its]) => grant(`attacker-${role}`, its, namespaces.attacker, role)),
    grant('neighbour', neighbourKey, namespaces.neighbour, 'writer'),
    grant('root', rootKey, '*', 'admin'),
  ]),
  RATCHET_JWT_ISSUER: jwt.issuer,
  RATCHET_JWT_AUDIENCE: jwt.audience,
  RATCHET_JWT_PUBLIC_KEY: jwtKeys.publicKey,
  RATCHET_WEBHOOKS: JSON.stringify([
    {
      name: webhookName,
      secrets: [webhookSecret],
      namespace: namespaces.attacker,
      completes: { activityId: '/id', result: '/result' },
    },
  ]),
  RATCHET_HTTP_REQUESTS_MAX: String(httpRequestsMax),
};

const commonEnvironment: Readonly<Record<string, string>> = {
  RATCHET_CALLBACK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
  RATCHET_TOKEN_SECRET: tokenSecret,
  RATCHET_LOG_LEVEL: 'warn',
};

const sampleEveryMs = 200;
const attackerMsMax = 120_000;

/** A Ratchet that asks who comes in, a gateway beside it that does not, and a neighbour of the attacker. */
export class Stage {
  readonly #folder: string;
  readonly #ratchet: RunningRatchet;
  readonly #openGateway: ServiceProcess;
  readonly #asked: AbortSignal;
  #neighbours: readonly ChildProcess[] = [];

  private constructor(folder: string, ratchet: RunningRatchet, openGateway: ServiceProcess, asked: AbortSignal) {
    this.#folder = folder;
    this.#ratchet = ratchet;
    this.#openGateway = openGateway;
    this.#asked = asked;
  }

  /**
   * Resolves once the neighbour can be measured.
   *
   * @param folder for this run alone. @param asked aborted: nothing more is started or measured.
   */
  static async start(folder: string, log: (line: string) => void, asked: AbortSignal): Promise<Stage> {
    const serviceEnv = { ...commonEnvironment, ...doorEnvironment };
    const ratchet = await startRatchet({ folder, log, serviceEnv, signal: asked });
    const openGateway = new ServiceProcess({
      name: 'open-gateway',
      main: () => mainOf('completion-gateway'),
      environment: () => openEnvironment(ratchet),
      log: (line) => {
        log(`open-gateway       | ${line}`);
      },
    });
    const stage = new Stage(folder, ratchet, openGateway, asked);
    try {
      openGateway.start();
      await openGateway.ready();
      await stage.#registerNamespaces();
      stage.#startNeighbours();
      return stage;
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  get target(): Target {
    const { brokers, registryUrl } = this.#ratchet;
    const { grpcAddress = '', httpUrl = '' } = this.#ratchet.services['completion-gateway'].doors ?? {};
    return {
      brokers,
      registryUrl,
      grpcAddress,
      httpUrl,
      openHttpUrl: this.#openGateway.doors?.httpUrl ?? '',
      keys,
      rootKey,
      jwtPrivateKey: jwtKeys.privateKey,
      webhookSecret,
      metricsUrls: Object.fromEntries(
        this.#services.map(([name, { healthUrl = '' }]) => [name, healthUrl.replace('/health/ready', '/metrics')]),
      ),
    };
  }

  /** Every service anew, so that nothing of an attack is left in its memory. */
  async restartServices(): Promise<void> {
    for (const child of this.#neighbours) child.kill('SIGKILL');
    await Promise.all(this.#services.map(([, service]) => service.restart()));
    this.#startNeighbours();
  }

  /** How the neighbour fares, for so long. */
  async measure(ms: number): Promise<Measured> {
    const [neighbour] = this.#neighbours;
    if (neighbour === undefined) throw new Error('Expected to measure a neighbour, but there is none');
    const answer = once(neighbour, 'message', { signal: this.#asked }) as Promise<[MeasuredMessage]>;
    neighbour.send({ type: 'measure', ms } satisfies Measure);
    return (await answer)[0].measured;
  }

  /** The most memory that each service held while `work` went on. */
  async memoryWhile<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly miB: MemoryByService }> {
    const most: Record<string, number> = {};
    const sample = (): void => {
      for (const [name, { pid }] of this.#services) {
        const miB = pid === undefined ? undefined : residentMiB(pid);
        if (miB !== undefined) most[name] = Math.max(most[name] ?? 0, miB);
      }
    };
    sample();
    const sampling = setInterval(sample, sampleEveryMs);
    try {
      const result = await work();
      sample();
      return { result, miB: most };
    } finally {
      clearInterval(sampling);
    }
  }

  /** Runs an attack beside `work`, and tells how it was taken. */
  async attackWhile<T>(
    name: string,
    work: () => Promise<T>,
  ): Promise<{ readonly result: T; readonly report: AttackerReport }> {
    const attacker = fork(join(import.meta.dirname, '..', 'dist', 'attacker.js'), { execArgv: [] });
    const tell = (order: AttackerOrder): void => {
      if (attacker.connected) attacker.send(order);
    };
    const report = once(attacker, 'message') as Promise<[AttackerReport]>;
    const none = pause(attackerMsMax, { type: 'report', told: {}, notRefused: 'the attack had no end' } as const, {
      ref: false,
    });
    try {
      tell({ type: 'attack', name, target: this.target });
      const result = await work();
      tell({ type: 'enough' });
      return { result, report: await Promise.race([report.then(([each]) => each), none]) };
    } finally {
      attacker.kill('SIGKILL');
    }
  }

  async stop(): Promise<void> {
    for (const child of this.#neighbours) child.kill('SIGKILL');
    await this.#openGateway.stop();
    await this.#ratchet.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #services(): readonly (readonly [name: string, service: ServiceProcess])[] {
    return [...Object.entries(this.#ratchet.services), ['open-gateway', this.#openGateway]];
  }

  async #registerNamespaces(): Promise<void> {
    const root = new WorkflowServiceClient(this.target.grpcAddress, rootKey);
    for (const namespace of Object.values(namespaces)) await root.within(30_000).registerNamespace({ namespace });
    root.close();
  }

  #startNeighbours(): void {
    const { brokers, registryUrl, grpcAddress, httpUrl } = this.target;
    const env = {
      ...process.env,
      [variables.key]: neighbourKey,
      [variables.brokers]: brokers,
      [variables.registryUrl]: registryUrl,
      [variables.grpcAddress]: grpcAddress,
      [variables.httpUrl]: httpUrl,
    };
    const start = (main: string): ChildProcess =>
      fork(join(import.meta.dirname, '..', 'dist', `${main}.js`), { env, execArgv: [], serialization: 'advanced' });
    this.#neighbours = [start('neighbour'), start('neighbour-worker')];
  }
}

function openEnvironment({ brokers, registryUrl }: RunningRatchet): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return {
    ...Object.fromEntries(inherited),
    ...commonEnvironment,
    MALLOC_ARENA_MAX: '2',
    RATCHET_ENVIRONMENT: 'development',
    RATCHET_KAFKA_BROKERS: brokers,
    RATCHET_SCHEMA_REGISTRY_URL: registryUrl,
    RATCHET_HEALTH_PORT: '0',
    RATCHET_GRPC_PORT: '0',
    RATCHET_HTTP_PORT: '0',
  };
}
