import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  connectKafka,
  grantRights,
  Outbox,
  revokeRights,
  type AclBinding,
  type KafkaConnection,
  type Log,
} from '@ratchet/kafka';
import { connectCluster, type Cluster, type ConnectionDescription } from '@ratchet/protocol';
import { principals, rightsOf, userOf, type Operation, type KafkaPrincipal, type Right } from '@ratchet/schemas';
import { eventually } from '@ratchet/testing';
import { securedAdmin } from '@ratchet/tools-kafka';
import { comingInAs, startRatchet, type RunningRatchet } from '@ratchet/tools-start';

export const namespace = 'shop';
export const taskQueue = 'greetings';
export const tokenSecret = 'a secret of forty characters, or of more';
export const patient = { deadlineMs: 60_000, pauseMs: 100 };

const prefix = '';

/** One operation of one right: what can be taken away. */
export interface Line {
  readonly who: KafkaPrincipal;
  readonly operation: Operation;
  /** As in docs/security.md: `topic ratchet.replies`, `group ratchet.replies.*`. */
  readonly on: string;
  readonly grant: AclBinding;
}

/** What the worker of one queue has, and everyone else. */
export const optionsOf = (who: KafkaPrincipal) =>
  who === 'worker' ? { prefix, namespace, taskQueue } : who === 'client' ? { prefix, namespace } : { prefix };

const kinds = { topic: 'topic', group: 'group', transactionalId: 'transactional id' } as const;

export const nameOf = ({ resource, name, pattern }: Right): string =>
  `${kinds[resource]} ${name}${pattern === 'prefix' ? '*' : ''}`;

export const allLines: readonly Line[] = principals.flatMap((who) =>
  rightsOf(who, optionsOf(who)).flatMap((right) =>
    right.operations.map((operation) => ({
      who,
      operation,
      on: nameOf(right),
      grant: { user: userOf(who, { prefix }), ...right, operations: [operation] },
    })),
  ),
);

/** A Ratchet on a broker that asks who comes, where everyone has the rights of the table and no more. */
export class SecuredStage {
  readonly ratchet: RunningRatchet;
  readonly admin: KafkaConnection;
  /** What the services have said. */
  readonly said: string[];
  readonly #folder: string;
  readonly #opened: { close(): Promise<void> }[] = [];

  private constructor(ratchet: RunningRatchet, admin: KafkaConnection, said: string[], folder: string) {
    this.ratchet = ratchet;
    this.admin = admin;
    this.said = said;
    this.#folder = folder;
  }

  static async start(): Promise<SecuredStage> {
    const folder = mkdtempSync(join(tmpdir(), 'ratchet-secured-'));
    const said: string[] = [];
    const ratchet = await startRatchet({
      secured: true,
      folder,
      log: (line) => said.push(line),
      serviceEnv: {
        RATCHET_TOKEN_SECRET: tokenSecret,
        RATCHET_SESSION_TIMEOUT_MS: '3000',
        RATCHET_NAMESPACE_TASK_QUEUES_MAX: '50',
        RATCHET_CALLBACK_SECRET: `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`,
        RATCHET_CALLBACK_HOSTS: '127.0.0.1',
        RATCHET_CALLBACK_BACKOFF_MS: '100',
      },
    });
    const admin = await connectKafka({ ...comingInAs(securedAdmin, ratchet), clientId: 'admin' });
    const stage = new SecuredStage(ratchet, admin, said, folder);
    // The worker of the table is one of any queue; here, one of a single one comes.
    const any = rightsOf('worker', { prefix }).map((right) => ({ user: userOf('worker', { prefix }), ...right }));
    await revokeRights(admin, any);
    await grantRights(
      admin,
      linesOf('worker').map(({ grant }) => grant),
    );
    return stage;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#opened.map((each) => each.close()));
    await this.admin.close();
    await this.ratchet.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** How someone of the table comes in. */
  as(who: KafkaPrincipal): ConnectionDescription {
    return comingInAs(userOf(who, { prefix }), this.ratchet);
  }

  /** The cluster as someone of the table has it who is no service; closed with the stage. */
  async guest(who: KafkaPrincipal, log: Log = () => undefined): Promise<Cluster> {
    const cluster = await connectCluster({
      ...this.as(who),
      clientId: `test-${who}`,
      createTopics: false,
      log,
    });
    this.#opened.push(cluster);
    return cluster;
  }

  /** How someone who knows nothing but Kafka sends; closed by who asked. */
  async outbox(who: KafkaPrincipal): Promise<Outbox> {
    const { brokers, tls, sasl } = this.as(who);
    const connection = await connectKafka({ brokers: [brokers].flat(), tls, sasl, clientId: `test-${who}` });
    this.#opened.push(connection);
    return new Outbox({ connection, steadyTopics: [] });
  }

  /** Takes the lines away, does something, and gives them back, whatever happens. */
  async without<R>(lines: readonly Line[], act: () => Promise<R>): Promise<R> {
    const grants = lines.map(({ grant }) => grant);
    await revokeRights(this.admin, grants);
    try {
      return await act();
    } finally {
      await grantRights(this.admin, grants);
    }
  }

  /** Waits until a service says in its log that it misses the right. */
  async saidMissing({ who, operation, on }: Line, since: number): Promise<void> {
    await eventually(() => {
      const own = this.said.slice(since).filter((each) => each.startsWith(who));
      const line = own.find((each) => each.includes('RKT1010') && names(each, operation, on));
      if (line === undefined)
        throw new Error(`${who} has not said that it misses ${operation} on ${on}, but: ${own.slice(-9).join('; ')}`);
    }, patient);
  }
}

export const linesOf = (who: KafkaPrincipal): readonly Line[] => allLines.filter((line) => line.who === who);

/** Whether a message names a right: the operation, and a resource that the line is for. */
export const names = (message: string, operation: string, on: string): boolean =>
  new RegExp(
    `allowed [^.]*\\b${operation}\\b[^.]* on the ${on.endsWith('*') ? escaped(on.slice(0, -1)) : escaped(on)}`,
  ).test(message);

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
