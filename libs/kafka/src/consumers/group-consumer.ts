import type { Batch, Cluster, Consumer, PartitionAssigner } from 'kafkajs';
import type { GroupMember, KafkaClient, KafkaConnection } from '../cluster/connection.ts';
import { asDenied, isDenied, naming } from '../cluster/denied-rights.ts';
import type { OperationalError } from '../errors.ts';
import { AssignerProtocol } from '../kafkajs/index.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import { membershipIn, type Heard, type Membership } from '../kafkajs/consumer-group.ts';
import type { FetchedRecord } from '../kafkajs/fetched-records.ts';
import type { InputRecord } from '../record.ts';
import { backoffMs, sleep, within } from '../waiting.ts';
import { consumerRetry } from '../kafkajs/retry-options.ts';
import { toInputRecord } from '../kafkajs/input-record.ts';

/** What was fetched of one partition. */
export interface FetchedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly InputRecord[];
  /** Where the fetch began; of a batch without records, where what was filtered out begins. */
  readonly fetchedOffset: number;
  /** Where the next one will begin: behind control and aborted records too. */
  readonly nextOffset: number;
  /** The end of the log as the broker told it with this fetch. */
  readonly highWatermark: number;
}

/** First offset and end (the offset that will be given next) of what a consumer can read. */
export interface LogRange {
  readonly start: number;
  readonly end: number;
}

/** Topic to partition numbers. */
export type Assignment = ReadonlyMap<string, readonly number[]>;

/** A generation of the group, as this member has joined it. */
export interface JoinedGeneration {
  readonly assignment: Assignment;
  /** Changes when this instance was expelled meanwhile and has come as a new one. */
  readonly member: string;
  /** Counts the generations of the group. */
  readonly generation: number;
  /** When the coordinator was asked for it, on the clock of `performance.now()`: the session counts from then. */
  readonly askedAt: number;
  /** What the assigner of the group's leader has said beside the partitions. */
  readonly userData: Buffer;
}

export interface GroupConsumerEvents {
  /** Must only take note: the next fetch waits until all handlers of this one have returned. */
  onBatch(batch: FetchedBatch): void;
  /**
   * The group has a new generation. Called before anything is fetched under it; every position is forgotten by then, so
   * whoever does not rely on the group's offsets must `seek` here.
   */
  onJoined(joined: JoinedGeneration): void;
  /**
   * The group says that this instance is still a member of its generation.
   *
   * @param askedAt when the coordinator was asked, on the clock of `performance.now()`: the session counts from then.
   */
  onHeartbeat?(askedAt: number): void;
  /** A right is missing (RKT1010). The member tries again by itself. */
  onDenied?(error: OperationalError): void;
  /** The generation has ended; the old one still takes commits for a moment. */
  onRebalancing?(): void;
}

export interface GroupConsumerOptions {
  readonly connection: KafkaConnection;
  /** Without the connection's prefix, as the topics are. */
  readonly groupId: string;
  readonly topics: readonly string[];
  /** Where a partition without a committed offset begins. */
  readonly fromBeginning: boolean;
  readonly assigner: (onCluster: (cluster: Cluster) => void) => PartitionAssigner;
  readonly events: GroupConsumerEvents;
  readonly sessionTimeoutMs?: number;
  /** How often the coordinator is asked, and so how late a member learns that others come or go; 1 s. */
  readonly heartbeatMs?: number;
  /** Goes on fetching under its former assignment while the group forms anew, and asks by a clock of its own. Default: no. */
  readonly isSteady?: boolean;
  /** How long a fetch waits at the broker for something to come; also how long a resumed partition may wait. */
  readonly fetchWaitMs?: number;
  readonly fetchBytesMax?: number;
}

export const defaultSessionTimeoutMs = 10_000;
const defaultHeartbeatMs = 1_000;

/** A member that was not heard for so many sessions is made anew, whatever kafkajs thinks of it. */
const silentSessionsMax = 2;
/** How often in a session the watchdog looks. */
const looksPerSession = 10;
/** After so many members in a row that were never heard, although a broker answers, the process does not help itself. */
const deafMembersMax = 3;
/** How long a broker may take to say that it is there. */
const brokerAnswerMsMax = 5_000;
/** How long after a right was missing another member tries, and for how long after that it counts as missing. */
const deniedRetryMs = 2_000;
const deniedMs = 15_000;
/** How long a member that is given up may take to leave its group. */
const leaveMsMax = 1_000;

/** kafkajs's consumer and its sockets: one try to be a member. */
interface Attempt {
  readonly client: KafkaClient;
  readonly consumer: Consumer;
  /** kafkajs lends it to the assigner, at once. */
  readonly cluster: Cluster | undefined;
  readonly membership: Membership;
  starting: Promise<unknown>;
  joined: boolean;
  /** Whether it has found a coordinator, which may wait for the rest of the group before it answers. */
  isAwaited: boolean;
  /** Looks of the watchdog since it began, or was heard last. */
  looksInSilence: number;
  askedAt: number;
  generation: number;
}

/**
 * A member of a consumer group that does not give up, and does not believe kafkajs about itself.
 *
 * ```
 * joining -> heard -> (crashed | silent for two sessions) -> cut off -> joining with a new client
 * ```
 *
 * kafkajs's consumer crashes, or goes on without being a member of anything, or waits for an answer that never comes.
 * Whatever it is: the coordinator's answers alone count. A member that has not got one for two sessions is cut off with
 * its sockets, so that it cannot come back, and another is made. Time in which the process was stopped does not count.
 *
 * Offsets are never committed by themselves.
 */
export class GroupConsumer implements GroupMember {
  readonly groupId: string;
  readonly #options: GroupConsumerOptions;
  readonly #sessionTimeoutMs: number;
  /** A topic as Kafka knows it to its name without the prefix. */
  readonly #ownNames: ReadonlyMap<string, string>;
  /** Of all attempts, as far as the coordinator may still know them. */
  readonly #memberIds = new Set<string>();
  #attempt: Attempt | undefined;
  #watchdog: NodeJS.Timeout | undefined;
  #stopped = false;
  #looksInSilence = 0;
  #failures = 0;
  #deafMembers = 0;
  #denied: { readonly error: OperationalError; readonly at: number } | undefined;

  constructor(options: GroupConsumerOptions) {
    const { connection, groupId, topics } = options;
    this.groupId = connection.realName(groupId);
    this.#ownNames = new Map(topics.map((topic) => [connection.realName(topic), topic]));
    this.#options = options;
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? defaultSessionTimeoutMs;
  }

  /** Resolves once it has joined for the first time, or goes on trying to. */
  async start(): Promise<void> {
    this.#options.connection.members.add(this);
    this.#watchdog = setInterval(() => {
      this.#look();
    }, this.#sessionTimeoutMs / looksPerSession);
    this.#watchdog.unref();
    await this.#join();
  }

  /** Leaves the group after the fetch in hand. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#watchdog);
    this.#options.connection.members.delete(this);
    const attempt = this.#attempt;
    this.#attempt = undefined;
    if (attempt === undefined) return;
    // Trap: kafkajs takes no notice of a stop before it has joined.
    await Promise.race([attempt.starting, sleep(this.#sessionTimeoutMs)]);
    await leave(attempt, this.#sessionTimeoutMs);
  }

  /** Has the group form anew, for this member has something else to say of itself. Does nothing before it has joined. */
  rejoin(): void {
    this.#attempt?.membership.rejoin?.();
  }

  /** Counted in tenths of a session. */
  get silentMs(): number {
    return this.#looksInSilence * (this.#sessionTimeoutMs / looksPerSession);
  }

  get isDeaf(): boolean {
    return this.#deafMembers >= deafMembersMax && this.denied === undefined;
  }

  /** The right that it misses: RKT1010. */
  get denied(): OperationalError | undefined {
    const { error, at = -Infinity } = this.#denied ?? {};
    return performance.now() - at < deniedMs ? error : undefined;
  }

  /**
   * Where the log of a partition begins and ends to a consumer, which reads only what is committed.
   *
   * @throws OperationalError RKT1010 (rejects) when a right is missing, kafkajs's error, or another where the brokers do not tell.
   */
  async logRange(topic: string, partition: number): Promise<LogRange> {
    const end = await this.#offset(topic, partition, false);
    return { start: await this.#offset(topic, partition, true), end };
  }

  /** `logRange` of each topic, by topic. */
  async logRanges(topics: readonly string[], partition: number): Promise<ReadonlyMap<string, LogRange>> {
    return new Map(
      await Promise.all(topics.map(async (topic) => [topic, await this.logRange(topic, partition)] as const)),
    );
  }

  seek(topic: string, partition: number, offset: number): void {
    this.#whileJoined((consumer) => {
      consumer.seek({ topic: this.#realName(topic), partition, offset: String(offset) });
    });
  }

  pause(topic: string, partition: number): void {
    this.#whileJoined((consumer) => {
      consumer.pause([{ topic: this.#realName(topic), partitions: [partition] }]);
    });
  }

  resume(topic: string, partition: number): void {
    this.#whileJoined((consumer) => {
      consumer.resume([{ topic: this.#realName(topic), partitions: [partition] }]);
    });
  }

  /**
   * Commits under the present generation.
   *
   * @throws kafkajs's error when the coordinator refuses, OperationalError RKT1008 when it does not answer.
   */
  async commit(
    offsets: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[],
  ): Promise<void> {
    const attempt = this.#attempt;
    if (attempt?.joined !== true || offsets.length === 0) return;
    const committing = attempt.consumer.commitOffsets(
      offsets.map(({ topic, partition, offset }) => ({
        topic: this.#realName(topic),
        partition,
        offset: String(offset),
      })),
    );
    await within(
      silentSessionsMax * this.#sessionTimeoutMs,
      `the offsets of ${this.groupId} to be committed`,
      committing,
    );
  }

  #realName(topic: string): string {
    return this.#options.connection.realName(topic);
  }

  /** A topic that this member never subscribed to is not fetched. */
  #ownName(realName: string): string {
    return this.#ownNames.get(realName) ?? realName;
  }

  async #offset(topic: string, partition: number, fromBeginning: boolean): Promise<number> {
    const cluster = this.#attempt?.cluster;
    if (cluster === undefined) throw new Error('Expected to have a cluster, but the consumer was not started');
    const realName = this.#realName(topic);
    const partitions = [{ partition }];
    const asking = cluster.fetchTopicsOffset([{ topic: realName, partitions, fromBeginning }]);
    const [found] = await naming({ topic: { operation: 'Describe or Read', name: realName } }, asking);
    const offset = found?.partitions.find((each) => each.partition === partition)?.offset;
    if (offset !== undefined) return Number(offset);
    await cluster.refreshMetadata();
    throw new Error(`Expected to learn the offsets of ${realName}[${String(partition)}], but the brokers did not tell`);
  }

  /** Between two attempts there is no consumer; what was asked for then is asked again at the next join. */
  #whileJoined(act: (consumer: Consumer) => void): void {
    if (this.#attempt?.joined === true) act(this.#attempt.consumer);
  }

  // --- one attempt ---

  async #join(): Promise<void> {
    const attempt = this.#createAttempt();
    const { consumer } = attempt;
    this.#attempt = attempt;
    this.#listen(attempt);
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...this.#ownNames.keys()], fromBeginning: this.#options.fromBeginning });
      // Stopped or given up meanwhile: kafkajs would connect again to run.
      if (this.#attempt !== attempt) return;
      const consuming = this.#consume(attempt);
      attempt.starting = consuming.catch(() => undefined);
      await consuming;
    } catch (error) {
      this.#failed(attempt, 'cannot start', error);
    }
  }

  #createAttempt(): Attempt {
    const { connection, assigner, fetchBytesMax, fetchWaitMs, isSteady = false } = this.#options;
    const heartbeatMs = Math.min(this.#options.heartbeatMs ?? defaultHeartbeatMs, this.#sessionTimeoutMs / 4);
    // A coordinator that has not answered for a session has expelled the member: to wait for longer is of no use.
    const client = connection.createClient({ requestTimeout: Math.max(this.#sessionTimeoutMs, 5_000) });
    let cluster: Cluster | undefined;
    const { zone } = connection;
    const consumer = client.consumer({
      groupId: this.groupId,
      ...(zone === undefined ? {} : { rackId: zone }),
      partitionAssigners: [assigner((lent) => (cluster = lent))],
      allowAutoTopicCreation: false,
      sessionTimeout: this.#sessionTimeoutMs,
      rebalanceTimeout: Math.max(this.#sessionTimeoutMs, 10_000),
      heartbeatInterval: heartbeatMs,
      minBytes: 1,
      maxWaitTimeInMs: fetchWaitMs ?? 100,
      maxBytesPerPartition: 256 * 1024,
      maxBytes: fetchBytesMax ?? 8 * 1024 * 1024,
      // Trap: kafkajs starts again by itself after errors it calls retriable, with the same sockets. A crash is one here.
      retry: { ...consumerRetry, restartOnFailure: () => Promise.resolve(false) },
    });
    const onCoordinatorFound = (): void => {
      if (!attempt.isAwaited) attempt.looksInSilence = 0;
      attempt.isAwaited = true;
    };
    const steady = { heartbeatMs, isOver: () => this.#attempt !== attempt };
    const membership = { memberIds: this.#memberIds, onCoordinatorFound, ...(isSteady ? { steady } : {}) };
    const attempt: Attempt = {
      client,
      consumer,
      cluster,
      membership,
      starting: Promise.resolve(),
      joined: false,
      isAwaited: false,
      looksInSilence: 0,
      askedAt: -Infinity,
      generation: 0,
    };
    if (cluster !== undefined) membershipIn.set(cluster, membership);
    return attempt;
  }

  #consume(attempt: Attempt): Promise<void> {
    return attempt.consumer.run({
      autoCommit: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: ({ batch }) => {
        if (this.#attempt === attempt) this.#options.events.onBatch(fetchedBatch(batch, this.#ownName(batch.topic)));
        return Promise.resolve();
      },
    });
  }

  #listen(attempt: Attempt): void {
    const { events } = this.#options;
    const { consumer } = attempt;
    const isCurrent = (): boolean => this.#attempt === attempt;
    consumer.on(consumer.events.HEARTBEAT, ({ payload }) => {
      if (!isCurrent()) return;
      const { askedAt, isAnswerToSync } = payload as typeof payload & Heard;
      attempt.askedAt = askedAt;
      attempt.generation = payload.groupGenerationId;
      attempt.looksInSilence = 0;
      this.#heard();
      // The assignment comes right behind: until then the former one must not be taken for confirmed.
      if (!isAnswerToSync) events.onHeartbeat?.(askedAt);
    });
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      if (!isCurrent()) return;
      attempt.joined = true;
      const { askedAt, generation } = attempt;
      const assigned = Object.entries(payload.memberAssignment);
      const assignment = new Map(assigned.map(([topic, numbers]) => [this.#ownName(topic), numbers]));
      const userData = userDataOf(attempt.membership.assignment);
      events.onJoined({ assignment, member: payload.memberId, generation, askedAt, userData });
    });
    consumer.on(consumer.events.REBALANCING, () => {
      if (isCurrent()) events.onRebalancing?.();
    });
    // Trap: a batch of only aborted or control records never reaches `eachBatch`; this event alone tells of it.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) => {
      if (isCurrent() && payload.batchSize === 0) events.onBatch(filteredBatch(payload, this.#ownName(payload.topic)));
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.#failed(attempt, 'has crashed', payload.error);
    });
  }

  // --- the watchdog ---

  #heard(): void {
    this.#looksInSilence = 0;
    this.#failures = 0;
    this.#deafMembers = 0;
  }

  /**
   * It counts its own looks and not the time: while the process was stopped, nobody could be heard.
   *
   * An attempt has its time from its own beginning, and once more from when it has found its coordinator: that can be long
   * in coming where a broker sleeps, and one that is given up while its coordinator gathers the group stays a member to it,
   * and holds partitions for another session.
   */
  #look(): void {
    this.#looksInSilence++;
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.looksInSilence++;
    const looksMax = silentSessionsMax * looksPerSession;
    if (this.#looksInSilence % looksMax === 0) void this.#countIfBrokerAnswers();
    if (attempt.looksInSilence >= looksMax)
      this.#giveUp(attempt, `was not heard for ${String(this.silentMs / 1000)} s`);
  }

  /** While no broker answers nobody is deaf, and a new process would hear as little. */
  async #countIfBrokerAnswers(): Promise<void> {
    const client = this.#options.connection.createClient({ requestTimeout: brokerAnswerMsMax });
    const admin = client.admin({ retries: 0 });
    try {
      const asking = admin.connect().then(() => admin.describeCluster());
      await within(brokerAnswerMsMax, 'a broker to answer', asking);
      if (this.#looksInSilence > 0) this.#deafMembers++;
    } catch {
      this.#deafMembers = 0;
    } finally {
      client.cut();
    }
  }

  #failed(attempt: Attempt, what: string, thrown: unknown): void {
    if (this.#attempt !== attempt) return;
    const { connection, events } = this.#options;
    const error = asDenied(asError(thrown), {
      topic: { operation: 'Read', name: [...this.#ownNames.keys()] },
      group: { operation: 'Read', name: this.groupId },
    });
    this.#giveUp(attempt, `${what}: ${error.message}`, isDenied(error));
    if (!isDenied(error)) return;
    this.#denied = { error, at: performance.now() };
    connection.deniedRights.note(error, `the member of group ${this.groupId} ${what}, and another will try`);
    events.onDenied?.(error);
  }

  /** @param isSaid whether the log has it otherwise. */
  #giveUp(attempt: Attempt, reason: string, isSaid = false): void {
    if (this.#attempt !== attempt) return;
    this.#attempt = undefined;
    void leave(attempt, leaveMsMax);
    const { connection } = this.#options;
    const message = `the member of group ${this.groupId} ${reason}; another is made`;
    connection.log(this.#failures === 0 && !isSaid ? 'warn' : 'debug', message, { groupId: this.groupId });
    connection.metrics.memberMadeAnew?.();
    const pauseMs = isSaid ? deniedRetryMs : backoffMs(this.#failures++ + 3);
    void sleep(pauseMs).then(() => (this.#stopped ? undefined : this.#join()));
  }
}

function userDataOf(assignment: Buffer | undefined): Buffer {
  const decoded = assignment === undefined ? null : AssignerProtocol.MemberAssignment.decode(assignment);
  return decoded?.userData ?? Buffer.alloc(0);
}

/** Tells the coordinator, if it listens; then nothing of the attempt can come back. */
async function leave({ consumer, client }: Attempt, timeoutMs: number): Promise<void> {
  await Promise.race([consumer.disconnect().catch(() => undefined), sleep(timeoutMs)]);
  client.cut();
}

function fetchedBatch(batch: Batch, topic: string): FetchedBatch {
  const { partition, messages } = batch;
  const records = new Array<InputRecord>(messages.length);
  for (const [index, message] of messages.entries()) {
    // They are what our own part of kafkajs has read, which its types do not know.
    records[index] = toInputRecord(topic, partition, message as unknown as FetchedRecord);
  }
  return {
    topic,
    partition,
    records,
    fetchedOffset: fetchedOffsetOf(batch),
    nextOffset: Number(batch.lastOffset()) + 1,
    highWatermark: Number(batch.highWatermark),
  };
}

/** kafkajs's batch knows where its fetch began, and does not say so in its types. */
const fetchedOffsetOf = (batch: Batch): number =>
  'fetchedOffset' in batch ? Number(batch.fetchedOffset) : Number(batch.firstOffset());

function filteredBatch(
  payload: {
    readonly partition: number;
    readonly highWatermark: string;
    readonly firstOffset: string | null;
    readonly lastOffset: string;
  },
  topic: string,
): FetchedBatch {
  const { partition, firstOffset, lastOffset } = payload;
  return {
    topic,
    partition,
    records: [],
    // Compaction can have taken all that the fetch asked for; there is no first offset then.
    fetchedOffset: Number(firstOffset ?? lastOffset),
    nextOffset: Number(lastOffset) + 1,
    highWatermark: Number(payload.highWatermark),
  };
}
