import {
  currentRules,
  millis,
  partitionKey,
  type Command,
  type ExecutionId,
  type Query,
  type Reply,
} from '@ratchet/domain';
import { partitionFor, type InputRecord, type Output, type OutputRecord, type SentRecord } from '@ratchet/kafka';
import { createTokenSigner, type TaskTokenSigner } from '@ratchet/protocol';
import { localCodec, topics, type Codec } from '@ratchet/schemas';
import { SchedulerLogic, type SchedulerLogicParts } from './scheduler-logic.ts';
import { TaskTopics } from './task-topics.ts';

export const partitions = 4;
export const codec = localCodec();
export const charge: ExecutionId = { namespace: 'default', workflowId: '', runId: 'run-1', activityId: 'charge-1' };
export const partition = partitionFor(partitionKey(charge), partitions);
export const client = { partition: 1, address: 'client' };
export const worker = { partition: 2, address: 'worker' };

export const signer = createTokenSigner('a secret of at least thirty-two characters');

export const schedule = (change: Partial<Extract<Command, { type: 'Schedule' }>> = {}): Command => ({
  type: 'Schedule',
  target: charge,
  requestId: 'request-1',
  identity: 'client',
  replyTo: client,
  activityType: 'charge',
  options: { taskQueue: 'payments', startToCloseTimeoutMs: 10_000 },
  input: [{ metadata: {}, data: Buffer.from('1') }],
  header: {},
  idReusePolicy: 'allow-duplicate',
  idConflictPolicy: 'fail',
  shielded: false,
  retentionMs: millis(86_400_000),
  awaitOutcome: true,
  ...change,
});

/** Task topics that are there from the start, of brokers that make any other at once. */
export function topicsOf(...there: readonly string[]): TaskTopics {
  const taskTopics = new TaskTopics({
    list: () => Promise.resolve(there),
    create: () => Promise.resolve(),
    limits: { taskQueuesMax: 100, namespaceTaskQueuesMax: 100 },
  });
  taskTopics.found(there);
  return taskTopics;
}

export const payments = 'ratchet.activity.tasks.default.payments';

/** A partition's logic, fed record by record as the legs would. */
export class Stage {
  readonly logged: string[] = [];
  /** What no input caused. */
  readonly sent: OutputRecord[] = [];
  /** The broker has what was sent last. */
  written = (): void => undefined;
  /** Why commands were not decided. */
  readonly dropped: string[] = [];
  readonly logic: SchedulerLogic;
  #offset = 0;
  /** How many records each state topic has. */
  readonly #written = new Map<string, number>();
  readonly changedKeys = new Set<string>();

  constructor(
    onPartition = partition,
    ownCodec: Codec = codec,
    ownSigner: TaskTokenSigner = signer,
    taskTopics = topicsOf(payments),
    more: Pick<SchedulerLogicParts, 'activityMetrics' | 'rulesMax' | 'openStore' | 'cache'> = {},
  ) {
    const context = {
      partition: onPartition,
      send: (records: readonly OutputRecord[], sent?: (last: SentRecord) => void): void => {
        const offset = this.sent.push(...records) - 1;
        this.written = () => sent?.({ partition: onPartition, offset });
      },
    };
    const onDropped = (why: string): void => void this.dropped.push(why);
    const log = (level: string, message: string): unknown => this.logged.push(`${level}: ${message}`);
    const own = { codec: ownCodec, signer: ownSigner };
    this.logic = new SchedulerLogic({
      context,
      partitions,
      ...own,
      taskTopics,
      onDropped,
      log,
      ...more,
    });
  }

  /** Where every scheduler has said in the log that it knows the newest rules. */
  static async underCurrentRules(ownSigner?: TaskTokenSigner): Promise<Stage> {
    const stage = new Stage(undefined, undefined, ownSigner);
    await stage.useRules(currentRules);
    return stage;
  }

  /** The log goes on where a former owner was. */
  goOnAt(offset: number): void {
    this.#offset = offset;
  }

  /** Of the next command. */
  get nextOffset(): number {
    return this.#offset;
  }

  async useRules(version: number): Promise<void> {
    await this.command({ type: 'UseRules', version, requestId: '', identity: 'scheduler' }, 0);
  }

  /** @param atMs append time, epoch milliseconds. */
  async command(command: Command, atMs: number): Promise<Output> {
    return this.#take({ ...this.#record(topics.commands, codec.encodeCommand(command), atMs), offset: this.#offset++ });
  }

  async query(query: Query, atMs: number): Promise<Output> {
    return this.#take(this.#record(topics.queries, codec.encodeQuery(query), atMs));
  }

  /** What a commit would write now, by key; `null` for what is gone. */
  seal(): ReadonlyMap<string, Buffer | null> {
    const records = this.sealRecords().toSorted(
      (one, other) => Number(one.value !== null) - Number(other.value !== null),
    );
    return new Map(records.map(({ key, value }) => [key ?? '', value]));
  }

  /** What a commit would write now. */
  sealRecords(): readonly OutputRecord[] {
    const records = [...this.changedKeys].flatMap((key) => this.logic.encodeState(key));
    this.changedKeys.clear();
    const progress = this.logic.encodeProgress(new Map([[topics.commands, this.#offset]]));
    for (const { topic } of [...records, progress]) this.#written.set(topic, (this.#written.get(topic) ?? 0) + 1);
    return [...records, progress];
  }

  /** What was sealed is in the state topics. */
  commit(): void {
    this.logic.committed(this.#written);
  }

  async restoreFrom(state: ReadonlyMap<string, Buffer | null>): Promise<void> {
    await this.restoreRecords([...state].map(([key, value]) => this.stateRecord(key, value)));
  }

  /** Each in the topic that it names. */
  async restoreRecords(records: readonly InputRecord[]): Promise<void> {
    const order = [topics.executions, topics.outcomes] as readonly string[];
    const inOrder = records.toSorted((one, other) => order.indexOf(one.topic) - order.indexOf(other.topic));
    for (const [offset, record] of inOrder.entries()) await this.logic.restore({ ...record, offset });
    this.#offset = (await this.logic.restored()).get(topics.commands) ?? 0;
  }

  /** In the topic in which it belongs. */
  stateRecord(key: string, value: Buffer | null, topic: string = topicOf(value)): InputRecord {
    return { ...this.#record(topic, value, 0), key };
  }

  async #take(record: InputRecord): Promise<Output> {
    const output = this.logic.handle(record, await this.logic.decode(record));
    for (const key of output.changedKeys) this.changedKeys.add(key);
    return output;
  }

  #record(topic: string, value: Buffer | null, timestampMs: number): InputRecord {
    return { topic, partition, offset: 0, key: partitionKey(charge), value, headers: {}, timestampMs };
  }
}

function topicOf(value: Buffer | null): string {
  const record = value === null ? undefined : codec.decodeState(value);
  if (record === undefined || record instanceof Promise) return topics.executions;
  const isClosed =
    (record.type === 'ActivitySnapshot' && 'outcome' in record.activity) ||
    (record.type === 'RunSnapshot' && record.run.close !== undefined);
  return isClosed ? topics.outcomes : topics.executions;
}

/** The replies among the effects, read. */
export async function repliesIn({ effects }: Output): Promise<readonly Reply[]> {
  const records = effects.filter(({ topic }) => topic === topics.replies);
  return Promise.all(records.map(async ({ value }) => codec.decodeReply(value ?? Buffer.alloc(0))));
}

/** The tasks among the effects, read. */
export async function tasksIn({ effects }: Output) {
  const records = effects.filter(({ topic }) => topic.startsWith('ratchet.activity.tasks.'));
  return Promise.all(records.map(async ({ value }) => codec.decodeTask(value ?? Buffer.alloc(0))));
}
