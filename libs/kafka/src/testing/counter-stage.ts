import { connectKafka, type KafkaConnection } from '../cluster/connection.ts';
import { Outbox } from '../outbox/outbox.ts';
import { PartitionProcessor } from '../partition/partition-processor.ts';
import type { PartitionProcessorOptions } from '../partition/processor-options.ts';
import type { InputRecord } from '../record.ts';
import { type TopicSpec, ensureTopics } from '../cluster/topics.ts';
import { CounterLogic, type CounterTopics } from './counter-logic.ts';
import { readTopic } from './read-topic.ts';
import { spawnCounter, type SpawnedCounter } from './spawn-counter.ts';

/** A counter service that was started, with the logics it has made, the latest per partition. */
export interface StartedCounter {
  readonly processor: PartitionProcessor<string>;
  readonly logics: ReadonlyMap<number, CounterLogic>;
  /** What happened, in order: `restored 3: 17`, `commit failed 3: ...`, `owned 1,2`, `dead-lettered <topic> 3`. */
  readonly events: string[];
  stop(): Promise<void>;
}

export interface CounterOptions {
  readonly connection?: KafkaConnection;
  /** Written into the headers of its state. */
  readonly owner?: string;
  readonly processor?: Partial<PartitionProcessorOptions<string>>;
  readonly onCommitted?: () => void;
}

export interface SpawnOptions {
  readonly brokers?: readonly string[];
  /** JavaScript that runs in the process before anything else. */
  readonly preload?: string;
}

/** Topics of its own, records fed into them, and services that count them. */
export class CounterStage {
  readonly connection: KafkaConnection;
  readonly service: string;
  readonly partitions: number;
  readonly topics: Required<CounterTopics>;
  readonly source: Outbox;
  readonly #started: { stop(): Promise<unknown> }[] = [];
  #fed = 0;

  private constructor(connection: KafkaConnection, service: string, partitions: number) {
    this.connection = connection;
    this.service = service;
    this.partitions = partitions;
    this.topics = { commands: `${service}.commands`, state: `${service}.state`, effects: `${service}.effects` };
    this.source = new Outbox({ connection, steadyTopics: [this.topics.commands] });
  }

  static async create(
    brokers: readonly string[],
    service: string,
    partitions = 4,
    replicas = 1,
  ): Promise<CounterStage> {
    const connection = await connectKafka({ brokers, clientId: service });
    const stage = new CounterStage(connection, service, partitions);
    const { commands, state, effects } = stage.topics;
    const config = {
      'max.message.bytes': String(4 * 1024 * 1024),
      ...(replicas > 1 ? { 'min.insync.replicas': '2' } : {}),
    };
    const spec = (name: string, more: Record<string, string> = {}): TopicSpec => ({
      name,
      partitions,
      replicationFactor: replicas,
      config: { ...config, ...more },
    });
    await ensureTopics(connection, [
      spec(commands, { 'message.timestamp.type': 'LogAppendTime' }),
      spec(state, { 'cleanup.policy': 'compact' }),
      spec(effects),
      spec(`${commands}.dlq`),
      spec(`${effects}.dlq`),
      spec(`${state}.dlq`),
    ]);
    return stage;
  }

  get fed(): number {
    return this.#fed;
  }

  /** Commands over fifty keys; resolves once the broker has them. */
  async feed(count: number, value = 'count'): Promise<void> {
    for (let index = 0; index < count; index++) this.feedOne(`key-${String(this.#fed % 50)}`, value);
    await this.source.settled();
  }

  feedOne(key: string, value: string): void {
    this.#fed++;
    this.source.add({ topic: this.topics.commands, key, value: Buffer.from(value) });
  }

  async start(options: CounterOptions = {}): Promise<StartedCounter> {
    const counter = await startCounter(this, options);
    this.#started.push(counter);
    return counter;
  }

  /** In a process of its own, which ends with the stage if not before. */
  spawn(owner: string, { brokers = this.connection.brokers, preload = '' }: SpawnOptions = {}): SpawnedCounter {
    const spawned = spawnCounter({ brokers, service: this.service, topics: this.topics, owner }, preload);
    this.#started.push({
      stop: () => {
        spawned.signal('SIGKILL');
        return spawned.exited;
      },
    });
    return spawned;
  }

  /** The state of each partition, as one hash, as whoever owns it now has it. */
  hashes(...counters: readonly StartedCounter[]): string[] {
    return Array.from({ length: this.partitions }, (_, partition) => {
      const logics = counters.map(({ logics: each }) => each.get(partition));
      return logics.find((logic) => logic !== undefined && !logic.isClosed)?.hash() ?? '';
    });
  }

  /** What a direct replay of the whole log comes to, as one hash per partition. */
  async expectedHashes(): Promise<string[]> {
    const logics = Array.from({ length: this.partitions }, (_, partition) => new CounterLogic(this.topics, partition));
    for (const record of await this.read('commands')) logics[record.partition]?.replay(record);
    return logics.map((logic) => logic.hash());
  }

  read(topic: keyof CounterTopics): Promise<InputRecord[]> {
    return this.readTopic(this.topics[topic]);
  }

  readTopic(topic: string): Promise<InputRecord[]> {
    return readTopic(this.connection, topic);
  }

  /** Removes the oldest commands of partition 0, as retention would. */
  async deleteBefore(offset: number): Promise<void> {
    const { admin } = this.connection;
    // kafkajs finds the leader only of topics that its admin was asked about before.
    await admin.fetchTopicOffsets(this.topics.commands);
    const partitions = [{ partition: 0, offset: String(offset) }];
    await admin.deleteTopicRecords({ topic: this.topics.commands, partitions });
  }

  async close(): Promise<void> {
    await Promise.all(this.#started.map((started) => started.stop()));
    await this.source.close();
    await this.connection.admin.deleteTopics({ topics: Object.values(this.topics) }).catch(() => undefined);
    await this.connection.close();
  }
}

export interface CounterPlace {
  readonly service: string;
  readonly connection: KafkaConnection;
  readonly topics: CounterTopics;
}

/** Short times, so that a test sees in seconds what takes minutes in production. */
export const testTuning = { sessionTimeoutMs: 6000, fetchWaitMs: 50 } as const;

export async function startCounter(place: CounterPlace, options: CounterOptions): Promise<StartedCounter> {
  const { service, topics } = place;
  const connection = options.connection ?? place.connection;
  const events: string[] = [];
  const outbox = new Outbox({
    connection,
    steadyTopics: Object.values(topics) as string[],
    metrics: { deadLettered: (topic, partition) => events.push(`dead-lettered ${topic} ${String(partition)}`) },
  });
  const logics = new Map<number, CounterLogic>();
  const processor = new PartitionProcessor<string>({
    connection,
    service,
    inputs: [{ topic: topics.commands, start: 'progress' }],
    ...(topics.state === undefined ? {} : { stateTopics: [topics.state] }),
    outbox,
    createLogic: ({ partition }) => {
      const logic = new CounterLogic(topics, partition, options.owner);
      logics.set(partition, logic);
      return logic;
    },
    metrics: {
      owned: (partitions) => events.push(`owned ${partitions.join(',')}`),
      restored: (partition, { records }) => events.push(`restored ${String(partition)}: ${String(records)}`),
      commitFailed: (partition, error) => events.push(`commit failed ${String(partition)}: ${error.message}`),
      committed: () => options.onCommitted?.(),
    },
    tuning: testTuning,
    ...options.processor,
  });
  await processor.start();
  return {
    processor,
    logics,
    events,
    stop: async () => {
      await processor.stop();
      await outbox.close();
    },
  };
}
