import { randomUUID } from 'node:crypto';
import {
  isOpen,
  millis,
  type ActivityDescription,
  type ActivityOptionsRequest,
  type AttemptReference,
  type ExecutionId,
  type RunId,
} from '@ratchet/domain';
import { ReplyInbox, type InputRecord, type Outbox } from '@ratchet/kafka';
import {
  attemptOf,
  connectCluster,
  createTokenSigner,
  decodeTaskToken,
  openRequestChannel,
  type CancelNotice,
  type Cluster,
  type CommandDraft,
  type CommandReply,
  type OpenRequestChannel,
} from '@ratchet/protocol';
import { developmentSecrets } from '@ratchet/service-kit';

type WithoutSender<C> = C extends CommandDraft ? Omit<C, 'requestId' | 'identity'> : never;

/** The scheduler of a test signs with the same. */
const signer = createTokenSigner(developmentSecrets.token);

/** Asks for everything by hand, and is the worker too: claims without a task, and hears what workers are told. */
export class Desk {
  readonly namespace = `cancellation-${randomUUID()}`;
  readonly notices: CancelNotice[] = [];
  readonly cluster: Cluster;
  readonly outbox: Outbox;
  readonly #requests: OpenRequestChannel;
  readonly #inboxes: ReplyInbox[] = [];

  private constructor(cluster: Cluster, requests: OpenRequestChannel) {
    this.cluster = cluster;
    this.#requests = requests;
    this.outbox = cluster.createOutbox();
    requests.channel.onCancelNotice((notice) => this.notices.push(notice));
  }

  static async open({
    brokers,
    registryUrl: registry,
  }: {
    readonly brokers: readonly string[];
    readonly registryUrl: string;
  }): Promise<Desk> {
    const cluster = await connectCluster({ brokers, registry, clientId: 'cancellation-test', createTopics: false });
    return new Desk(cluster, await openRequestChannel(cluster));
  }

  async close(): Promise<void> {
    await Promise.all(this.#inboxes.map((inbox) => inbox.close()));
    await this.outbox.close();
    await this.#requests.close();
    await this.cluster.close();
  }

  get channel(): OpenRequestChannel['channel'] {
    return this.#requests.channel;
  }

  /** Everything that is written to a partition from now on. */
  async recordsOf(topic: string, partition: number): Promise<readonly InputRecord[]> {
    const records: InputRecord[] = [];
    const { connection } = this.cluster;
    const keep = (record: InputRecord): void => {
      records.push({ ...record, value: record.value === null ? null : Buffer.from(record.value) });
    };
    const inbox = new ReplyInbox({ connection, topic, partition, onRecord: keep });
    this.#inboxes.push(inbox);
    await inbox.open();
    return records;
  }

  standalone(): ExecutionId {
    return { namespace: this.namespace, workflowId: '', runId: randomUUID(), activityId: randomUUID() };
  }

  async openRun(workflowId: string = randomUUID()): Promise<RunId> {
    const run = { namespace: this.namespace, workflowId, runId: randomUUID() };
    await this.accepted({ type: 'OpenRun', run, retentionMs: millis(600_000) });
    return run;
  }

  /** Nobody takes its task; it is claimed by hand. */
  schedule(target: ExecutionId, options: Partial<ActivityOptionsRequest> = {}): Promise<CommandReply> {
    return this.request({
      type: 'Schedule',
      target,
      activityType: 'by-hand',
      options: { taskQueue: 'by-hand', startToCloseTimeoutMs: 600_000, heartbeatTimeoutMs: 600_000, ...options },
      input: [],
      header: {},
      idReusePolicy: 'allow-duplicate',
      idConflictPolicy: 'fail',
      shielded: false,
      retentionMs: millis(600_000),
      awaitOutcome: false,
    });
  }

  /** Many in one run, a few hundred on their way at a time. */
  async scheduleMany(run: RunId, count: number): Promise<readonly ExecutionId[]> {
    const targets = Array.from({ length: count }, (_, index) => ({ ...run, activityId: `a${String(index)}` }));
    await inParallel(targets, 250, async (target) => accepted(await this.schedule(target)));
    return targets;
  }

  /** Running, in the hands of this desk. */
  async start(target: ExecutionId, options: Partial<ActivityOptionsRequest> = {}): Promise<ExecutionId> {
    accepted(await this.schedule(target, options));
    await this.accepted({ type: 'Claim', target, attempt: await this.#attemptOf(target), claimId: randomUUID() });
    return target;
  }

  /** What the worker that has the attempt would send. */
  async heartbeat(target: ExecutionId): Promise<CommandReply> {
    return this.request({ type: 'RecordHeartbeat', target, attempt: await this.#attemptOf(target), details: [] });
  }

  /** As the task of its current attempt would say it. */
  async #attemptOf(target: ExecutionId): Promise<AttemptReference> {
    const activity = await this.describe(target);
    if (activity === undefined || !isOpen(activity)) throw new Error('Expected it to be open');
    const { scheduleOffset, attempt, stamp } = activity;
    return attemptOf(decodeTaskToken(signer.sign({ id: target, scheduleOffset, attempt, stamp })));
  }

  request(command: WithoutSender<CommandDraft>, requestId: string = randomUUID()): Promise<CommandReply> {
    return this.channel.request({ ...command, requestId, identity: 'desk' });
  }

  async accepted(command: WithoutSender<CommandDraft>): Promise<void> {
    accepted(await this.request(command));
  }

  async describe(target: ExecutionId): Promise<ActivityDescription | undefined> {
    const { body } = await this.channel.describe(target, randomUUID());
    return body.type === 'Described' ? body.description : undefined;
  }

  /** How many are in each status. */
  async statuses(targets: readonly ExecutionId[]): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    await inParallel(targets, 250, async (target) => {
      const { status = 'unknown' } = (await this.describe(target)) ?? {};
      counts[status] = (counts[status] ?? 0) + 1;
    });
    return counts;
  }

  noticesFor({ activityId }: ExecutionId): readonly CancelNotice[] {
    return this.notices.filter(({ id }) => id.activityId === activityId);
  }
}

function accepted({ body }: CommandReply): void {
  if (body.type === 'Refused') throw new Error(`Expected the command to be accepted, but: ${body.refusal.message}`);
}

/** @param width how many are under way at a time. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const rest = items.values();
  const loop = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: width }, loop));
}
