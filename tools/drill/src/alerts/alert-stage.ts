import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ActivityClient } from '@ratchet/client';
import { configureTopic, KafkaProxy, type Fate } from '@ratchet/kafka/testing';
import { connectCluster, type Cluster } from '@ratchet/protocol';
import { leasePort, type PortLease } from '@ratchet/tools-kafka';
import { Clocks } from '../stage/clocks.ts';
import type { Member } from '../stage/member.ts';
import { Stage } from '../stage/stage.ts';

/** So little is always under way that it harms nothing, and enough for every counter to count. */
const perSecond = 10;
const healthPortsOf = ['scheduler', 'timeout-tracker', 'cancellation', 'completion-gateway'].flatMap((role) =>
  [1, 2, 3].map((number) => `${role}-${String(number)}`),
);
/** Whose way to the broker can be disturbed. */
const proxied = ['scheduler', 'timeout-tracker'] as const;

/** How many task queues there may be: those of the load, those of the faults, and no more. */
const taskQueuesMax = 7;
const pollsMax = 60;

/** A stage under a light load, to which everything can be done that an alert is there for. */
export class AlertStage {
  readonly stage: Stage;
  readonly client: ActivityClient;
  readonly cluster: Cluster;
  readonly clocks: Clocks;
  readonly #proxies: ReadonlyMap<string, KafkaProxy>;
  readonly #ports: ReadonlyMap<string, PortLease>;
  readonly #webhooksFile: string;

  private constructor(parts: {
    readonly stage: Stage;
    readonly client: ActivityClient;
    readonly cluster: Cluster;
    readonly clocks: Clocks;
    readonly proxies: ReadonlyMap<string, KafkaProxy>;
    readonly ports: ReadonlyMap<string, PortLease>;
    readonly webhooksFile: string;
  }) {
    this.stage = parts.stage;
    this.client = parts.client;
    this.cluster = parts.cluster;
    this.clocks = parts.clocks;
    this.#proxies = parts.proxies;
    this.#ports = parts.ports;
    this.#webhooksFile = parts.webhooksFile;
  }

  /** @param folder empty. @param asked aborted: to stop, and then it rejects. @throws Error (rejects) when something of it cannot be had, libfaketime among it. */
  static async start(folder: string, say: (line: string) => void, asked: AbortSignal): Promise<AlertStage> {
    const clocks = new Clocks(folder);
    const ports = new Map<string, PortLease>();
    for (const name of healthPortsOf) ports.set(name, await leasePort());
    const proxies = new Map<string, KafkaProxy>();
    const webhooksFile = join(folder, 'webhooks.json');
    writeFileSync(webhooksFile, noWebhooks);
    const stage = await Stage.start({
      folder,
      perSecond,
      seed: 1,
      say,
      asked,
      brokerEnvironment: clocks.environmentOf('broker'),
      addressFor: async (brokers) => {
        for (const role of proxied) proxies.set(role, await KafkaProxy.start(brokers));
        return brokers;
      },
      environmentOf: (name) => ({
        RATCHET_HEALTH_PORT: String(ports.get(name)?.port ?? 0),
        RATCHET_TASK_QUEUES_MAX: String(taskQueuesMax),
        RATCHET_POLLS_MAX: String(pollsMax),
        RATCHET_WEBHOOKS: webhooksFile,
        RATCHET_CALLBACK_HOSTS: receiverHost,
        ...environmentOfProxied(name, proxies),
        ...(name === crampedMember ? { NODE_OPTIONS: `--max-old-space-size=${String(crampedHeapMiB)}` } : {}),
      }),
    });
    const { brokers, registryUrl: registry } = stage.kafka;
    try {
      const client = await ActivityClient.connect({ brokers, registry, identity: 'alerts' });
      const cluster = await connectCluster({ brokers, registry, clientId: 'alerts', createTopics: false });
      stage.startLoad();
      return new AlertStage({ stage, client, cluster, clocks, proxies, ports, webhooksFile });
    } catch (error) {
      await stage.stop();
      throw error;
    }
  }

  /** Where `/metrics` of everyone who may run is answered. */
  get targets(): readonly string[] {
    return Array.from(this.#ports.values(), ({ port }) => `127.0.0.1:${String(port)}`);
  }

  member(name: string): Member {
    const found = this.stage.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`Expected ${name} to run, but it does not`);
    return found;
  }

  membersOf(role: string): readonly Member[] {
    return this.stage.members.filter((member) => member.role === role);
  }

  /** What happens to requests of these services to the broker. */
  disturb(role: (typeof proxied)[number], decide: (apiKey: number) => Fate): () => void {
    const proxy = this.#proxies.get(role);
    if (proxy === undefined) throw new Error(`Expected ${role} to come by a proxy, but it does not`);
    proxy.decide = ({ apiKey }) => decide(apiKey);
    return () => {
      proxy.decide = () => 'forward';
    };
  }

  /**
   * A process that is given so little of a core, or whose host swaps: it is stopped for so long, runs for so long, and so on.
   *
   * @returns lets it run.
   */
  starve({ pid }: Member, stoppedMs: number, runningMs: number): () => Promise<void> {
    const end = new AbortController();
    const starving = async (): Promise<void> => {
      while (!end.signal.aborted && pid !== undefined) {
        process.kill(pid, 'SIGSTOP');
        await pause(stoppedMs);
        process.kill(pid, 'SIGCONT');
        await pause(runningMs);
      }
    };
    const starved = starving();
    return () => {
      end.abort();
      return starved;
    };
  }

  /** Settings of a topic beside those that it has. @returns takes them back. */
  configure(topic: string, settings: Readonly<Record<string, string>>): Promise<() => Promise<void>> {
    return configureTopic(this.cluster.connection, topic, settings);
  }

  /** Has a receiver of callbacks, which answers this, asked to take the outcome of an activity. @returns ends the receiver. */
  async askForCallback(taskQueue: string, statusCode: number): Promise<() => void> {
    const receiver = createServer((request, response) => {
      request.resume();
      response.writeHead(statusCode).end();
    });
    await once(receiver.listen(0, receiverHost), 'listening');
    const { port } = receiver.address() as AddressInfo;
    const callbackUrls = [`http://${receiverHost}:${String(port)}/told`];
    const activityId = `told-${String(statusCode)}`;
    await this.#post('', {
      activityId,
      activityType: 'quick',
      taskQueue,
      callbackUrls,
      timeouts: { startToClose: '600s' },
    });
    await this.#post(`/${activityId}/terminate`, { reason: 'whoever asks is to be told' });
    return () => {
      receiver.closeAllConnections();
      receiver.close();
    };
  }

  async #post(path: string, body: object): Promise<void> {
    const { httpUrl = '' } = this.member('completion-gateway-1').process.doors ?? {};
    const answer = await fetch(`${httpUrl}/api/v1/namespaces/default/activities${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`Expected the gateway to take a request, but it answers: ${await answer.text()}`);
  }

  /** Settings that can be read again, and others that cannot. */
  writeWebhooks(text: string = noWebhooks): void {
    writeFileSync(this.#webhooksFile, text);
  }

  /** An argument that no compression makes smaller. */
  largeArgument(bytes: number): string {
    return randomBytes(bytes / 2).toString('hex');
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.cluster.close();
    await this.stage.stop();
    for (const proxy of this.#proxies.values()) await proxy.stop();
    for (const port of this.#ports.values()) port.release();
  }
}

const noWebhooks = '[]';
const receiverHost = '127.0.0.1';
/** One more instance, of the service that needs least, whose memory somebody has set too small. */
export const crampedMember = 'cancellation-3';
const crampedHeapMiB = 24;

function environmentOfProxied(name: string, proxies: ReadonlyMap<string, KafkaProxy>): Record<string, string> {
  const role = proxied.find((each) => name.startsWith(each));
  const proxy = role === undefined ? undefined : proxies.get(role);
  return proxy === undefined ? {} : { RATCHET_KAFKA_BROKERS: proxy.address };
}
