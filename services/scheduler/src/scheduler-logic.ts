import { createHash } from 'node:crypto';
import {
  checkCommandRecord,
  checkQueryRecord,
  currentRules,
  epochMillis,
  executionKey,
  PartitionState,
  supportsRules,
  type Command,
  type Query,
  type StateRecord,
} from '@ratchet/domain';
import {
  OperationalError,
  PoisonousRecordError,
  type InputRecord,
  type Log,
  type Output,
  type OutputRecord,
  type PartitionContext,
  type PartitionLogic,
  type Positions,
} from '@ratchet/kafka';
import { readable } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { ActivityParts } from './activity-parts.ts';
import type { ActivityMetrics, Sample } from './activity-metrics.ts';
import { Backlog, type QueueBacklog } from './backlog.ts';
import { CommandHandler, type LogPosition, type OnDecided, type OnDropped } from './command.handler.ts';
import { Effects, type EffectTools } from './effects.ts';
import { HeldTasks } from './held-tasks.ts';
import { Proofs } from './proofs.ts';
import { QueryHandler } from './query.handler.ts';
import { RunWaiters } from './run-waiters.ts';
import {
  progressKey,
  StateAssembly,
  stateKeyName,
  stateKeysOf,
  isPart,
  stateRecordOf,
  type PartKey,
  type StateKey,
} from './state-records.ts';
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
 * The scheduler's thinking for one partition: the only caller of `decide`, the only writer of `executions`.
 *
 * State is a cache of the log: what stands in `executions` as of the progress, plus the commands after it.
 */
export class SchedulerLogic implements PartitionLogic<SchedulerInput> {
  readonly #parts: SchedulerLogicParts;
  readonly #state = new PartitionState();
  readonly #position: LogPosition = { now: epochMillis(0), offset: -1 };
  readonly #proofs: Proofs;
  readonly #held: HeldTasks;
  readonly #backlog = new Backlog();
  /** What the decisions since the last seal have to be counted as, and those of the groups that are being committed. */
  #samples: Sample[] = [];
  readonly #sealedSamples: Sample[][] = [];
  #unsentTopics: readonly string[] = [];
  readonly #commands: CommandHandler;
  readonly #queries: QueryHandler;
  /** Until the restore is over. */
  #assembly: StateAssembly | undefined = new StateAssembly();
  readonly #outcomeWaiters = new Waiters<OutcomeWaiter>();
  readonly #runWaiters = new RunWaiters();
  /** Which entity a changed key belongs to, until it is sealed. */
  readonly #changed = new Map<string, StateKey>();
  readonly #activityParts: ActivityParts;
  /** Keys of the signals that have a record in the state topic: many come and go between two seals, and need no tombstone. */
  #storedSignals = new Set<string>();
  #restoredPositions: Positions = new Map();
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
    const state = this.#state;
    const position = this.#position;
    const { context, codec, taskTopics } = parts;
    const hold: HeldTasks['hold'] = (...task) => {
      this.#held.hold(...task);
    };
    const effects = new Effects(state, partition, { ...parts, waiters, runWaiters, hold });
    this.#held = new HeldTasks({ context, state, codec, taskTopics, taskOf: (activity) => effects.task(activity) });
    const markChanged = (key: string, entity: StateKey): void => void this.#changed.set(key, entity);
    const activityParts = (this.#activityParts = new ActivityParts(parts.codec));
    const common = { state, position, effects, waiters, activityParts };
    const onDecided: OnDecided = (...decided) => {
      activityMetrics?.sample(this.#samples, ...decided);
    };
    const backlog = this.#backlog;
    const told = { onDropped, onDecided, markChanged };
    this.#commands = new CommandHandler({ partition, partitions, ...common, proofs, backlog, ...told });
    this.#queries = new QueryHandler({ ...common, runWaiters });
  }

  /** How many wait for an outcome or for news of a run. */
  get waiterCount(): number {
    return this.#outcomeWaiters.count + this.#runWaiters.count;
  }

  get partition(): number {
    return this.#parts.context.partition;
  }

  /** How many tasks wait for their topic. */
  get heldCount(): number {
    return this.#held.count;
  }

  /** What waits for a worker, by task queue. */
  get backlog(): Iterable<QueueBacklog> {
    return this.#backlog.queues();
  }

  /** How many questions wait for a command that has not come yet. */
  get parkedCount(): number {
    return this.#queries.parkedCount;
  }

  /** How far the log's clock was ahead of the broker's at the last command, in milliseconds. */
  get clockAheadMs(): number {
    return this.#clockAheadMs;
  }

  restore({ key, value }: InputRecord): void | Promise<void> {
    if (value === null) return this.#assembly?.add(key ?? '', undefined);
    const record = readable(this.#parts.codec.decodeState, value);
    return record instanceof Promise
      ? record.then((decoded) => this.#restoreRecord(key ?? '', decoded))
      : this.#restoreRecord(key ?? '', record);
  }

  async restored(): Promise<Positions> {
    const assembly = this.#assembly;
    this.#assembly = undefined;
    if (assembly !== undefined) this.#storedSignals = await assembly.restoreInto(this.#state, this.#activityParts);
    const unclaimed = [...this.#state.unclaimed()].sort((one, other) => one.dispatchAt - other.dispatchAt);
    for (const activity of unclaimed) this.#backlog.changed(activity);
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
    return answers.length === 0 ? output : { ...output, effects: [...output.effects, ...answers] };
  }

  encodeState(key: string): OutputRecord | undefined {
    const entity = this.#changed.get(key);
    if (entity === undefined) throw new Error(`Expected to seal a changed key, but '${key}' has not changed`);
    this.#changed.delete(key);

    if (isPart(entity)) return this.#partRecord(key, entity);
    const value = this.#encoded(entity);
    if (entity.part === 'signal') {
      if (value !== undefined) this.#storedSignals.add(key);
      else if (!this.#storedSignals.delete(key)) return undefined;
    }
    return this.#stateRecord(key, value);
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
    const progress: StateRecord = { type: 'Progress', commands, queries, now, rules, tokenKeyIds, unsentTopics };
    const record = forwarded === undefined ? progress : { ...progress, forwarded };
    return this.#stateRecord(progressKey, this.#parts.codec.encodeState(record));
  }

  committed(): void {
    for (const { add, labels, value } of this.#sealedSamples.shift() ?? []) add(labels, value);
  }

  /** A digest of the whole state: equal for two that decided the same log under the same rules. */
  stateHash(): string {
    const hash = createHash('sha256');
    for (const key of stateKeysOf(this.#state)) {
      const value = this.#encoded(key);
      if (value !== undefined) hash.update(stateKeyName(key)).update(value);
    }
    return hash.digest('hex');
  }

  close(): void {
    clearTimeout(this.#rulesTimer);
    this.#held.close();
    this.#changed.clear();
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

  #restoreRecord(key: string, record: StateRecord): void {
    if (record.type !== 'Progress') return this.#assembly?.add(key, record);
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

  /** What stands under a key as of now; `undefined` is a tombstone. */
  #encoded(key: StateKey): Buffer | undefined {
    if (isPart(key)) {
      return this.#activityParts.encoded(this.#state.activityByKey(executionKey(key.id)), key.part);
    }
    const record = stateRecordOf(this.#state, key);
    return record && this.#parts.codec.encodeState(record);
  }

  #partRecord(key: string, { id, part }: PartKey): OutputRecord | undefined {
    const activity = this.#state.activityByKey(executionKey(id));
    const value = this.#activityParts.encoded(activity, part);
    return this.#activityParts.isWritten(key, value, activity) ? this.#stateRecord(key, value) : undefined;
  }

  #stateRecord(key: string, value: Buffer | undefined): OutputRecord {
    return { topic: topics.executions, key, partition: this.#parts.context.partition, value: value ?? null };
  }
}
