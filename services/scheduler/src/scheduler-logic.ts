import { createHash, hash } from 'node:crypto';
import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import {
  checkCommandRecord,
  CacheBudget,
  checkQueryRecord,
  currentRules,
  epochMillis,
  invariant,
  MemoryStore,
  PartitionState,
  stateTopics,
  supportsRules,
  type Command,
  type Query,
  type StateOffsets,
  type StatePosition,
  type StateRecord,
  type StateStore,
  type StateTopic,
} from '@ratchet/domain';
import {
  OperationalError,
  PoisonousRecordError,
  StateDoubtError,
  type InputRecord,
  type Log,
  type LogRange,
  type Output,
  type OutputRecord,
  type PartitionContext,
  type PartitionLogic,
  type Positions,
} from '@ratchet/kafka';
import { readable } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import type { ActivityMetrics, QueueBacklog, Sample } from './activity-metrics.ts';
import { CommandHandler, type LogPosition, type OnDecided, type OnDropped } from './command.handler.ts';
import { Effects, type EffectTools } from './effects.ts';
import { HeldTasks } from './held-tasks.ts';
import { Proofs } from './proofs.ts';
import { QueryHandler } from './query.handler.ts';
import { RunWaiters } from './run-waiters.ts';
import { doubtOf, StateWriteBack, type StateLogs } from './state-write-back.ts';
import { Waiters, type OutcomeWaiter } from './waiters.ts';

/** How long a partition is owned before newer rules are proposed: while schedulers are replaced one by one, it moves. */
const rulesAfterMs = 60_000;

/** A record of one of the two inputs. */
export type SchedulerInput =
  { readonly kind: 'command'; readonly command: Command } | { readonly kind: 'query'; readonly query: Query };

export interface SchedulerLogicParts extends Omit<EffectTools, 'waiters' | 'runWaiters' | 'hold'> {
  readonly context: PartitionContext;
  /** How many partitions the co-partitioned topics have. */
  readonly partitions: number;
  readonly log: Log;
  readonly onDropped: OnDropped;
  /** Absent: nothing is counted. */
  readonly activityMetrics?: ActivityMetrics;
  /** Told when the partition is no longer owned. */
  readonly onClosed?: () => void;
  /** Opens the store of the partition's state; throws a retryable `OperationalError` while it cannot. Absent: in memory. */
  readonly openStore?: () => StateStore;
  /** What decoded entities may take in memory, of all partitions together. */
  readonly cache?: CacheBudget;
  /** Up to which version the rules go by themselves; default: the newest. */
  readonly rulesMax?: number;
}

const newerRules = (rules: number): OperationalError =>
  new OperationalError(
    `Expected to decide under rules version ${String(rules)}, as this partition does, but this scheduler knows 1 to ` +
      `${String(currentRules)}: a newer one has run here`,
    'RKT1011',
    false,
  );

/** Brokers whose clocks differ by less give one log a time that stands still for a moment, and nothing needs to be said. */
const clockAheadMsMax = 5_000;

/** Under it stands the progress. Execution keys have three slashes and run keys two. */
export const progressKey = '__progress';

/** A copy's store is written so often. */
const keepIntervalMs = 1_000;

/** Rows of a restore that wait to be written. */
const restoredRowsMax = 4_000;

/** Of what has closed under former rules, and stands in `executions`: so many go over with one group. */
const movedOfGroupMax = 500;

const defaultCacheBytes = 64 * 1024 * 1024;

const schemaNote = 'schema/';

/** 132 bits: nobody finds two ids that have the same. */
const digestOf = (text: string): string => hash('sha256', text, 'base64url').slice(0, 22);

const rememberedMax = 64;

/** Whoever looks for the keys of a command often puts them next. */
function remembering(): (text: string) => string {
  const digests = new Map<string, string>();
  return (text) => {
    let digest = digests.get(text);
    if (digest !== undefined) return digest;
    if (digests.size >= rememberedMax) digests.clear();
    digests.set(text, (digest = digestOf(text)));
    return digest;
  };
}

const asBuffer = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);

const topicOf = ({ topic }: InputRecord): StateTopic => (topic === topics.outcomes ? 'outcomes' : 'executions');

const empty: LogRange = { start: 0, end: 0 };

const logsOf = (ranges: ReadonlyMap<string, LogRange>): StateLogs => ({
  executions: ranges.get(topics.executions) ?? empty,
  outcomes: ranges.get(topics.outcomes) ?? empty,
});

const nowhere: StateOffsets = { executions: 0, outcomes: 0 };

const nothing: Output = { effects: [], changedKeys: [] };

function checkedCommand(command: Command): SchedulerInput {
  const wrong = checkCommandRecord(command);
  if (wrong !== undefined) throw new PoisonousRecordError(`Expected to read a command, but ${wrong}`);
  return { kind: 'command', command };
}

function checkedQuery(query: Query): SchedulerInput {
  const wrong = checkQueryRecord(query);
  if (wrong !== undefined) throw new PoisonousRecordError(`Expected to read a query, but ${wrong}`);
  return { kind: 'query', query };
}

/**
 * The scheduler's thinking for one partition: the only caller of `decide`, the only writer of `executions` and `outcomes`.
 *
 * State is a cache of the log: what stands in `executions` and `outcomes` as of the progress, plus the commands after it. A store
 * keeps it beyond memory and, if it is one on disk, beyond the process, which then reads only what both have since.
 */
export class SchedulerLogic implements PartitionLogic<SchedulerInput> {
  readonly #parts: SchedulerLogicParts;
  readonly #state: PartitionState;
  readonly #writeBack: StateWriteBack;
  #store: StateStore | undefined;
  readonly #position: LogPosition = { now: epochMillis(0), offset: -1 };
  readonly #proofs: Proofs;
  readonly #held: HeldTasks;
  /** What the decisions since the last seal have to be counted as, and those of the groups that are being committed. */
  #samples: Sample[] = [];
  readonly #sealedSamples: Sample[][] = [];
  #unsentTopics: readonly string[] = [];
  readonly #commands: CommandHandler;
  readonly #queries: QueryHandler;
  readonly #outcomeWaiters = new Waiters<OutcomeWaiter>();
  readonly #runWaiters = new RunWaiters();
  /** Ids of the schemas of records that the state has: who opens its store must know them first. */
  readonly #schemas = new Set<number>();
  /** Where the state topics go on behind what was restored or committed. */
  readonly #ends = { executions: 0, outcomes: 0 };
  /** The last that was read. */
  #lastProgress: Uint8Array | undefined;
  /** What the store knew when it was opened. */
  #known: StatePosition | undefined;
  /** What has closed under former rules has gone over with the group that is open. */
  #hasMoved = false;
  /** Commands before this offset were in the store when it was opened. */
  #knownCommands = 0;
  #restoredPositions: Positions = new Map();
  /** It was asked already where it goes on. */
  #isCopy = false;
  #isOwned = false;
  /** The last record of `executions` that was read is the progress. */
  #endsWithProgress = false;
  #keepAt = -Infinity;
  #clockAheadMs = 0;
  #saysClockIsAhead = false;
  #rulesTimer: NodeJS.Timeout | undefined;

  constructor(parts: SchedulerLogicParts) {
    this.#parts = parts;
    const { partitions, onDropped, activityMetrics } = parts;
    const { partition } = parts.context;
    const proofs = (this.#proofs = new Proofs(partition, parts.signer));
    const waiters = this.#outcomeWaiters;
    const runWaiters = this.#runWaiters;
    const { encodeState, decodeState } = parts.codec;
    const state = (this.#state = new PartitionState({
      store: new MemoryStore(),
      encode: (record) => this.#noted(encodeState(record)),
      decode: (bytes) => {
        const record = decodeState(asBuffer(bytes));
        invariant(!(record instanceof Promise), 'a record of the state is of a schema that is not known');
        return record;
      },
      digest: remembering(),
      cache: parts.cache ?? new CacheBudget(defaultCacheBytes),
    }));
    this.#writeBack = new StateWriteBack(state);
    const position = this.#position;
    const { context, codec, taskTopics } = parts;
    const hold: HeldTasks['hold'] = (...task) => {
      this.#held.hold(...task);
    };
    const effects = new Effects(partition, { ...parts, waiters, runWaiters, hold });
    this.#held = new HeldTasks({ context, state, codec, taskTopics, taskOf: (activity) => effects.task(activity) });
    const common = { state, position, effects, waiters };
    const onDecided: OnDecided = (...decided) => {
      activityMetrics?.sample(this.#samples, ...decided);
    };
    const told = { onDropped, onDecided };
    this.#commands = new CommandHandler({ partition, partitions, ...common, proofs, ...told });
    this.#queries = new QueryHandler({ ...common, runWaiters });
  }

  /** How many wait for an outcome or for news of a run. */
  get waiterCount(): number {
    return this.#outcomeWaiters.count + this.#runWaiters.count;
  }

  get partition(): number {
    return this.#parts.context.partition;
  }

  /** Whether it is this instance that decides here; else it keeps a copy, or has not restored it yet. */
  get isOwned(): boolean {
    return this.#isOwned;
  }

  /** How many tasks wait for their topic. */
  get heldCount(): number {
    return this.#held.count;
  }

  /** What waits for a worker, by task queue. */
  get backlog(): Iterable<QueueBacklog> {
    return this.#state.unclaimedQueues();
  }

  /** How many questions wait for a command that has not come yet. */
  get parkedCount(): number {
    return this.#queries.parkedCount;
  }

  /** How far the log's clock was ahead of the broker's at the last command, in milliseconds. */
  get clockAheadMs(): number {
    return this.#clockAheadMs;
  }

  /** What the store has need not be read again; its last record is, to see that it is the log that the store was made of. */
  async restoreFrom(ranges: ReadonlyMap<string, LogRange>): Promise<Positions> {
    const logs = logsOf(ranges);
    if (this.#isCopy) return this.#whereCopyIs(logs);
    for (const topic of stateTopics) this.#ends[topic] = logs[topic].start;
    const { openStore } = this.#parts;
    if (openStore === undefined) return this.#goOnFrom(undefined);
    const store = (this.#store ??= openStore());
    const doubt = (await this.#learnFrom(store)) ?? doubtOf(store.position, logs, Date.now());
    if (doubt !== undefined) {
      this.#say('warn', `is restored from the beginning of its log: its store ${doubt}`);
      store.clear();
    }
    this.#state.use(store);
    return this.#goOnFrom(store.position);
  }

  /** The copy has become the owner's, and need read nothing again. */
  #whereCopyIs(logs: Readonly<Record<StateTopic, LogRange>>): Positions {
    const astray = stateTopics.find(
      (topic) => this.#ends[topic] > logs[topic].end || this.#ends[topic] < logs[topic].start,
    );
    if (astray === undefined) return new Map(stateTopics.map((topic) => [topics[topic], this.#ends[topic]]));
    this.#store?.clear();
    throw new StateDoubtError(
      `Expected a copy to be of the log that there is, but ${topics[astray]} has been made anew`,
    );
  }

  /** As of the last progress: behind it in `executions` and wherever `outcomes` is read to, whose records may come twice. */
  kept(): void {
    const progress = this.#lastProgress;
    if (progress === undefined || !this.#endsWithProgress || performance.now() < this.#keepAt) return;
    this.#keepAt = performance.now() + keepIntervalMs;
    this.#known = { offsets: { ...this.#ends }, progress };
    this.#writeRestored();
  }

  async #goOnFrom(position: StatePosition | undefined): Promise<Positions> {
    this.#isCopy = true;
    if (position?.progress === undefined) return new Map();
    const { offsets, progress } = position;
    const record = await readable(this.#parts.codec.decodeState, asBuffer(progress));
    this.#restoreRecord('executions', progressKey, record, asBuffer(progress));
    this.#known = position;
    Object.assign(this.#ends, offsets);
    this.#knownCommands = this.#position.offset + 1;
    return new Map([
      [topics.executions, offsets.executions - 1],
      [topics.outcomes, offsets.outcomes],
    ]);
  }

  restore(record: InputRecord): void | Promise<void> {
    const { key, value } = record;
    const topic = topicOf(record);
    if (record.offset < this.#ends[topic]) return this.#compare(record);
    this.#ends[topic] = record.offset + 1;
    if (topic === 'executions') this.#endsWithProgress = key === progressKey;
    if (value === null) return this.#restoreRecord(topic, key ?? '', undefined, null);
    const read = readable(this.#parts.codec.decodeState, value);
    return read instanceof Promise
      ? read.then((decoded) => this.#restoreRecord(topic, key ?? '', decoded, value))
      : this.#restoreRecord(topic, key ?? '', read, value);
  }

  async restored(): Promise<Positions> {
    this.#isOwned = true;
    this.#writeRestored();
    for (const sweeping = this.#state.sweep(this.#knownCommands); sweeping.next().done !== true;) {
      this.#writeRestored();
      await turnOfEventLoop();
    }
    const progress = this.#lastProgress;
    this.#writeRestored({ offsets: { ...this.#ends }, ...(progress === undefined ? {} : { progress }) });
    this.#held.restore(this.#unsentTopics);
    // What is new has no former owner. Else one may take over again that does not know these rules yet.
    if (this.#position.offset < 0) this.#proposeRules();
    else this.#rulesTimer = setTimeout(() => this.#proposeRules(), rulesAfterMs).unref();
    return this.#restoredPositions;
  }

  goesOn(topic: string, logEnd: number): void {
    if (topic === topics.commands) this.#proofs.replaysUntil(logEnd);
  }

  decode({ topic, value }: InputRecord): SchedulerInput | Promise<SchedulerInput> {
    const { codec } = this.#parts;
    if (topic === topics.queries) {
      const query = readable(codec.decodeQuery, value);
      return query instanceof Promise ? query.then(checkedQuery) : checkedQuery(query);
    }
    const command = readable(codec.decodeCommand, value);
    return command instanceof Promise ? command.then(checkedCommand) : checkedCommand(command);
  }

  /** What is of no activity and no run is housekeeping. */
  about(input: SchedulerInput): object | undefined {
    if (input.kind === 'query') return input.query;
    return 'target' in input.command || 'run' in input.command ? input.command : undefined;
  }

  handle(record: InputRecord, input: SchedulerInput): Output {
    if (input.kind === 'query') {
      const effects = this.#queries.handle(input.query, record.timestampMs);
      return effects.length === 0 ? nothing : { effects, changedKeys: [] };
    }
    const output = this.#commands.handle(record, input.command);
    this.#watchClock(record);
    const answers = this.#queries.afterCommand();
    const moved = this.#moveFormer();
    if (answers.length === 0 && moved.length === 0) return output;
    return {
      ...output,
      effects: [...output.effects, ...answers],
      changedKeys: [...output.changedKeys, ...moved],
    };
  }

  /** What has closed under former rules goes over a slice with each group. */
  #moveFormer(): readonly string[] {
    if (this.#hasMoved) return [];
    this.#hasMoved = true;
    return this.#state.moveFormer(movedOfGroupMax);
  }

  encodeState(key: string): readonly OutputRecord[] {
    const changed = this.#state.encode(key);
    const records: OutputRecord[] = [];
    for (const topic of stateTopics) {
      const value = changed[topic];
      if (value !== undefined) records.push(this.#stateRecord(topic, key, value));
    }
    return records;
  }

  encodeProgress(positions: Positions): OutputRecord {
    this.#sealedSamples.push(this.#samples);
    this.#samples = [];
    const { now, forwarded } = this.#position;
    const { rules } = this.#state;
    const commands = positions.get(topics.commands) ?? 0;
    const queries = positions.get(topics.queries) ?? 0;
    const { keyIds: tokenKeyIds } = this.#proofs;
    const { topics: unsentTopics } = this.#held;
    const { expiresFirstAt } = this.#state;
    const progress: StateRecord = {
      type: 'Progress',
      commands,
      queries,
      now,
      rules,
      tokenKeyIds,
      unsentTopics,
      ...(forwarded === undefined ? {} : { forwarded }),
      ...(expiresFirstAt === undefined ? {} : { expiresFirstAt }),
    };
    const value = this.#noted(this.#parts.codec.encodeState(progress));
    this.#state.seal(value);
    this.#hasMoved = false;
    return this.#stateRecord('executions', progressKey, value);
  }

  /** For the timeout-tracker, who learns of deadlines by what is committed. */
  mayWaitMs(): number {
    return this.#state.dueAt - this.#position.now;
  }

  committed(ends: Positions): void {
    for (const topic of stateTopics) this.#ends[topic] = ends.get(topics[topic]) ?? this.#ends[topic];
    this.#state.committed({ ...this.#ends });
    this.#writeBack.committed();
    for (const { add, labels, value } of this.#sealedSamples.shift() ?? []) add(labels, value);
  }

  /** A digest of the whole state: equal for two that decided the same log under the same rules. */
  stateHash(): string {
    const hash = createHash('sha256');
    for (const [key, record] of this.#state.records()) hash.update(key).update(this.#parts.codec.encodeState(record));
    return hash.digest('hex');
  }

  close(): void {
    clearTimeout(this.#rulesTimer);
    this.#held.close();
    this.#writeBack.close();
    this.#state.close();
    this.#store?.close();
    this.#parts.onClosed?.();
  }

  /** Deadlines wait until the broker's clock has come to where the log's has been: an operator must know of it. */
  #watchClock({ timestampMs }: InputRecord): void {
    this.#clockAheadMs = this.#position.now - timestampMs;
    if (this.#clockAheadMs > clockAheadMsMax === this.#saysClockIsAhead) return;
    this.#saysClockIsAhead = !this.#saysClockIsAhead;
    const { context, log } = this.#parts;
    const of = `the log of partition ${String(context.partition)}`;
    if (this.#saysClockIsAhead) {
      const seconds = String(Math.round(this.#clockAheadMs / 1000));
      log('error', `the clock of ${of}'s broker was set back: its deadlines wait for ${seconds} s (see the runbook)`);
    } else {
      log('info', `the clock of ${of}'s broker is where it was: its deadlines are met again`);
    }
  }

  /** @returns why what the store has cannot be read. */
  async #learnFrom(store: StateStore): Promise<string | undefined> {
    for (const [, sample] of store.range('notes', { from: schemaNote, to: `${schemaNote}~`, countMax: 1_000 })) {
      try {
        await readable(this.#parts.codec.decodeState, asBuffer(sample as Uint8Array));
      } catch (error) {
        if (error instanceof PoisonousRecordError) return `has records that cannot be read: ${error.message}`;
        throw error;
      }
    }
    return undefined;
  }

  /** The last record that the store is made of; `outcomes` is read behind it. */
  #compare({ key, value, offset }: InputRecord): void {
    const progress = this.#known?.progress;
    if (key === progressKey && progress !== undefined && value?.equals(progress) === true) return;
    const doubt = `was made of another log: at ${String(offset)} stands another record`;
    this.#say('warn', `is restored from the beginning of its log: its store ${doubt}`);
    this.#store?.clear();
    throw new StateDoubtError(`Expected to go on where the state store ended, but it ${doubt}`);
  }

  /** Remembers the schema of a record with the state that has it. */
  #noted(bytes: Buffer): Buffer {
    const schema = bytes.readUInt32BE(1);
    if (!this.#schemas.has(schema)) {
      this.#schemas.add(schema);
      this.#state.note(`${schemaNote}${String(schema)}`, bytes);
    }
    return bytes;
  }

  /**
   * While both topics are read the store is as of no progress: until both are, it is what it was, or nothing. Records that it has
   * then and reads again change nothing.
   */
  #writeRestored(position: StatePosition = this.#known ?? { offsets: nowhere }): void {
    this.#state.restored(position);
    this.#writeBack.writeAll();
  }

  #say(level: 'info' | 'warn', message: string): void {
    const { context, log } = this.#parts;
    log(level, `partition ${String(context.partition)} ${message}`, { partition: context.partition });
  }

  #restoreRecord(topic: StateTopic, key: string, record: StateRecord | undefined, bytes: Buffer | null): void {
    if (bytes !== null) this.#noted(bytes);
    if (record?.type !== 'Progress') {
      this.#state.restoreRecord(topic, key, record, bytes);
      if (this.#state.restoredCount >= restoredRowsMax) this.#writeRestored();
      return;
    }
    this.#lastProgress = bytes ?? undefined;
    const { commands, queries, now, rules, forwarded, tokenKeyIds = [], unsentTopics = [] } = record;
    if (!supportsRules(rules)) throw newerRules(rules);
    this.#state.restoreRules(rules);
    this.#proofs.restore(tokenKeyIds);
    this.#unsentTopics = unsentTopics;
    Object.assign(this.#position, { now, offset: commands - 1 }, forwarded === undefined ? {} : { forwarded });
    this.#restoredPositions = new Map([
      [topics.commands, commands],
      [topics.queries, queries],
    ]);
  }

  /** The rules change where the log says so, at the same command for whoever decides it again. */
  #proposeRules(): void {
    const { codec, context, rulesMax: version = currentRules } = this.#parts;
    if (this.#state.rules >= version) return;
    const value = codec.encodeCommand({
      type: 'UseRules',
      version,
      requestId: '',
      identity: 'scheduler',
    });
    context.send([{ topic: topics.commands, key: null, partition: context.partition, value }]);
  }

  #stateRecord(topic: StateTopic, key: string, value: Uint8Array | null): OutputRecord {
    const { partition } = this.#parts.context;
    return { topic: topics[topic], key, partition, value: value === null ? null : asBuffer(value) };
  }
}
