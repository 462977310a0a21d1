import { isDenied } from '../cluster/denied-rights.ts';
import { coPartitionAssigner, copiesIn, type Said } from '../consumers/assigners.ts';
import {
  GroupConsumer,
  type Assignment,
  type FetchedBatch,
  type JoinedGeneration,
} from '../consumers/group-consumer.ts';
import { OperationalError, PartitionFencedError } from '../errors.ts';
import { sleep } from '../waiting.ts';
import { GroupOffsets } from './group-offsets.ts';
import { PartitionDriver, type GivenUp } from './partition-driver.ts';
import type { PartitionPhase } from './partition-events.ts';
import { StandbyCopies } from './standby-copies.ts';
import { defaultTuning, type PartitionProcessorOptions, type ProcessorTuning } from './processor-options.ts';

export interface PartitionHealth {
  readonly partition: number;
  readonly phase: PartitionPhase;
  /** Why it is stopped, or what it waits for. */
  readonly error?: string;
}

export interface ProcessorHealth {
  /** The partitions that the group has given to this instance. */
  readonly owned: readonly number[];
  /** Those of them whose state is there, so that they handle records. */
  readonly restored: readonly number[];
  /** Joined, and every owned partition is restored. */
  readonly ready: boolean;
  readonly partitions: readonly PartitionHealth[];
  /** Those that have work, a group that hears them and nothing that they wait for, and have not got on for two minutes. */
  readonly stuck: readonly number[];
}

/** Offsets of inputs that do not start at them are committed only so that lag can be seen from outside. */
const offsetCommitIntervalMs = 5000;
const silenceCheckIntervalMs = 1000;
/** The first answer of the group may have been given before it was asked for. */
const confirmationsOfDoubt = 2;
/**
 * What an instance that leaves has owned waits until the others hear of it. Services are few, so that they can ask this often;
 * workers may be thousands.
 */
const heartbeatMs = 100;
/** How long an instance that stops waits for others to take what it has: they hear of it with their next heartbeat. */
const handOverMsMax = 2_000;

/**
 * Runs a `PartitionLogic` for every partition that the group gives to this instance.
 *
 * Promises: records of a partition are handled one at a time, in the order of its logs; effects are sent at once;
 * state and progress are written together, and only behind effects that are acknowledged; a former owner cannot write
 * state after a new one has read it; every record is handled or in a dead-letter topic.
 */
export class PartitionProcessor<T> {
  readonly #options: PartitionProcessorOptions<T>;
  readonly #tuning: ProcessorTuning;
  readonly #consumer: GroupConsumer;
  readonly #offsets: GroupOffsets;
  readonly #owned = new Map<number, PartitionDriver<T>>();
  /** Absent: this instance keeps none. */
  readonly #copies: StandbyCopies<T> | undefined;
  readonly #topics: readonly string[];
  #member: string | undefined;
  #leaseUntil = -Infinity;
  #ownedCount = 0;
  #finishing = false;
  /** Others are to take what this instance owns; until they do it goes on. */
  #leaving: PromiseWithResolvers<void> | undefined;
  #offsetTimer: NodeJS.Timeout | undefined;
  #workTimer: NodeJS.Timeout | undefined;
  #silenceTimer: NodeJS.Timeout | undefined;
  #silent = false;

  constructor(options: PartitionProcessorOptions<T>) {
    this.#options = options;
    this.#tuning = { ...defaultTuning, ...options.tuning };
    const { inputs, stateTopics = [] } = options;
    this.#topics = [...inputs.map(({ topic }) => topic), ...stateTopics];
    this.#copies = (options.standbyCopies ?? 0) > 0 ? new StandbyCopies(options, this.#tuning) : undefined;
    this.#consumer = this.#createConsumer();
    this.#offsets = new GroupOffsets(options, this.#consumer);
  }

  /**
   * Joins the group. Resolves once the consumer is under way; `health` tells when partitions are owned and restored.
   *
   * @throws OperationalError RKT1003 when the topics do not have the same number of partitions, RKT1004 when one is
   * missing.
   */
  async start(): Promise<void> {
    await this.#checkCoPartitioned();
    await this.#consumer.start();
    if (this.#finishing) return;
    this.#offsetTimer = setInterval(() => void this.#offsets.commit(), offsetCommitIntervalMs);
    this.#offsetTimer.unref();
    this.#silenceTimer = setInterval(() => {
      this.#noteSilence();
    }, silenceCheckIntervalMs);
    this.#silenceTimer.unref();
    this.#workTimer = setInterval(() => {
      for (const owned of this.#owned.values()) void owned.look();
    }, this.#tuning.stuckMsMax / 6);
    this.#workTimer.unref();
  }

  /**
   * Hands over what it owns, which it goes on with until another instance has it; then handles nothing more, commits what was
   * handled, leaves the group. Safe to call twice.
   */
  async stop(): Promise<void> {
    await this.#handOver();
    this.#finishing = true;
    clearInterval(this.#offsetTimer);
    clearInterval(this.#silenceTimer);
    clearInterval(this.#workTimer);
    const finished = Promise.all(Array.from(this.#owned.values(), (owned) => owned.finish()));
    await Promise.race([finished, sleep(this.#tuning.sessionTimeoutMs)]);
    await this.#offsets.commit();
    await Promise.all([this.#consumer.stop(), this.#copies?.stop()]);
    for (const owned of this.#owned.values()) owned.lose();
    this.#owned.clear();
  }

  async #handOver(): Promise<void> {
    if (this.#owned.size === 0 || !this.#isHeard() || this.#finishing) return;
    if (this.#leaving === undefined) {
      this.#leaving = Promise.withResolvers();
      this.#consumer.rejoin();
    }
    await Promise.race([this.#leaving.promise, sleep(handOverMsMax)]);
  }

  /** Once the group was not heard of for a session nothing is ready: others may own what this instance holds. */
  health(): ProcessorHealth {
    const denied = this.#consumer.denied;
    const silence = denied?.message ?? (this.#isHeard() ? undefined : this.#silenceMessage());
    const partitions = Array.from(this.#owned.values())
      .sort((a, b) => a.partition - b.partition)
      .map(({ partition, phase, error }) => {
        const trouble = error?.message ?? silence;
        return { partition, phase, ...(trouble === undefined ? {} : { error: trouble }) };
      });
    const restored = partitions.filter(({ phase }) => phase === 'running').map(({ partition }) => partition);
    return {
      owned: partitions.map(({ partition }) => partition),
      restored,
      ready: this.#isHeard() && denied === undefined && restored.length === partitions.length && !this.#finishing,
      partitions,
      stuck: this.#isHeard() ? this.#stuck() : [],
    };
  }

  /** How many records of their state topics the copies that this instance keeps have not read, by partition. */
  get standbyLags(): ReadonlyMap<number, number> {
    return this.#copies?.lags ?? new Map<number, number>();
  }

  #stuck(): readonly number[] {
    const all = Array.from(this.#owned.values());
    return all.filter(({ stuckMs }) => stuckMs > this.#tuning.stuckMsMax).map(({ partition }) => partition);
  }

  #createConsumer(): GroupConsumer {
    const { connection, service } = this.#options;
    return new GroupConsumer({
      connection,
      groupId: service,
      topics: this.#topics,
      fromBeginning: true,
      sessionTimeoutMs: this.#tuning.sessionTimeoutMs,
      heartbeatMs,
      isSteady: true,
      fetchWaitMs: this.#tuning.fetchWaitMs,
      assigner: (onCluster) => coPartitionAssigner({ onCluster, said: () => this.#said() }),
      events: {
        onBatch: (batch: FetchedBatch) => this.#owned.get(batch.partition)?.take(batch),
        onJoined: (joined) => {
          this.#joined(joined);
        },
        onHeartbeat: (askedAt) => {
          this.#heard(askedAt, 1);
        },
      },
    });
  }

  // --- ownership ---

  /** What the assigner of the group's leader is told of this instance. */
  #said(): Said {
    const held = new Map(Array.from(this.#owned.values(), ({ partition, since }) => [partition, since]));
    const stores = this.#options.stores?.() ?? new Map<number, number>();
    return { held, stores, copies: this.#options.standbyCopies ?? 0, isLeaving: this.#leaving !== undefined };
  }

  #joined({ assignment, member, generation, askedAt, userData }: JoinedGeneration): void {
    const numbers = this.#numbersIn(assignment);
    // A new member id means that the group has gone on without this instance, and others may have owned what it holds.
    const kept = member === this.#member ? new Set(numbers) : new Set<number>();
    this.#member = member;
    this.#ownedCount = numbers.length;
    for (const [partition, owned] of this.#owned) {
      if (kept.has(partition)) continue;
      owned.lose();
      this.#owned.delete(partition);
      this.#offsets.forget(partition);
    }
    this.#renewLease(askedAt);
    // A process that was stopped before it read the answer has an assignment of long ago, and must not fence its successor.
    const isHeard = this.#isHeard();
    for (const partition of numbers) {
      const owned = this.#owned.get(partition);
      if (owned === undefined) this.#own(partition, generation, isHeard ? 0 : confirmationsOfDoubt);
      else owned.rejoined(this.#ownedCount);
    }
    this.#heard(askedAt, isHeard ? Infinity : 0);
    this.#options.metrics?.owned?.(numbers);
    this.#keepCopies(userData);
    this.#leaving?.resolve();
    this.#options.connection.log('info', `${this.#options.service} owns the partitions ${numbers.join(', ')}`, {
      partitions: numbers,
    });
  }

  #keepCopies(userData: Buffer): void {
    if (!this.#finishing) this.#copies?.keep(copiesIn(userData));
  }

  /** The same of every topic. */
  #numbersIn(assignment: Assignment): readonly number[] {
    const [first] = this.#options.inputs;
    return first === undefined ? [] : (assignment.get(first.topic) ?? []);
  }

  #own(partition: number, since: number, confirmations: number): void {
    if (this.#finishing) return;
    const owned = new PartitionDriver({
      options: this.#options,
      tuning: this.#tuning,
      standby: this.#copies?.take(partition),
      consumer: this.#consumer,
      offsets: this.#offsets,
      partition,
      since,
      confirmations,
      leaseUntil: this.#leaseUntil,
      ownedCount: this.#ownedCount,
    });
    this.#owned.set(partition, owned);
    void owned.givenUp.then((why) => {
      this.#givenUp(owned, why);
    });
    owned.start();
  }

  /**
   * A fenced producer means that another instance owns the partition, and any other failure that nobody knows what was
   * written. Either way everything is dropped, and the partition is taken again only once the group has said,
   * after this, that it is still ours: a stale owner gets told that it is no member any more and joins anew, so it
   * never fences the new one back.
   */
  #givenUp(owned: PartitionDriver<T>, { error, isFenced }: GivenUp): void {
    const { partition, since } = owned;
    const { connection, service, stateTopics = [] } = this.#options;
    if (this.#owned.get(partition) !== owned) return;
    this.#owned.delete(partition);
    const reason = isFenced
      ? new PartitionFencedError(stateTopics.map((topic) => connection.realName(topic)).join(' and '), partition, {
          cause: error,
        })
      : error;
    connection.log(
      isDenied(error) ? 'debug' : 'warn',
      `${service} partition ${String(partition)} is dropped, and will be taken again if it is still ours: ${reason.message}`,
      { partition, error: reason },
    );
    this.#own(partition, since, confirmationsOfDoubt);
  }

  /** @param confirmations for how many answers of the group it counts. */
  #heard(askedAt: number, confirmations: number): void {
    this.#renewLease(askedAt);
    for (const owned of this.#owned.values()) owned.heard(this.#leaseUntil, confirmations);
  }

  /**
   * While the group was last asked, and has answered, less than a session ago, nobody else can own what this instance
   * owns. A process that was stopped and wakes up finds the time passed, and handles nothing before the group has
   * answered again.
   */
  #renewLease(askedAt: number): void {
    this.#leaseUntil = askedAt + this.#tuning.sessionTimeoutMs;
  }

  #isHeard(): boolean {
    return performance.now() < this.#leaseUntil;
  }

  #silenceMessage(): string {
    const { connection } = this.#options;
    const seconds = String(Math.ceil(this.#tuning.sessionTimeoutMs / 1000));
    return `waits for a broker: none of ${connection.brokers.join(', ')} has confirmed this member for over ${seconds} s`;
  }

  /** Said once when it begins and once when it ends, not with every try. */
  #noteSilence(): void {
    const isSilent = this.#member !== undefined && !this.#isHeard();
    if (isSilent === this.#silent) return;
    this.#silent = isSilent;
    const { connection, service } = this.#options;
    if (isSilent) connection.log('warn', `${service} ${this.#silenceMessage()}`);
    else connection.log('info', `${service} is a member of its group again`);
  }

  async #checkCoPartitioned(): Promise<void> {
    const { connection } = this.#options;
    const counts = await Promise.all(this.#topics.map((topic) => connection.partitionCounts.of(topic)));
    if (new Set(counts).size <= 1) return;
    const found = this.#topics
      .map((topic, index) => `${connection.realName(topic)}: ${String(counts[index])}`)
      .join(', ');
    throw new OperationalError(
      `Expected all topics of ${this.#options.service} to have the same number of partitions, but they have ${found}`,
      'RKT1003',
      false,
    );
  }
}
