import {
  decide,
  executionKey,
  InvariantError as DomainInvariantError,
  nextNow,
  partitionKey,
  runKey,
  type Activity,
  type Answer,
  type Change,
  type Command,
  type Decision,
  type DecisionContext,
  type EpochMillis,
  type ForwardedFrom,
  type PartitionState,
  type Refusal,
} from '@ratchet/domain';
import {
  deadLetter,
  InvariantError,
  OperationalError,
  partitionFor,
  type InputRecord,
  type Output,
  type OutputRecord,
} from '@ratchet/kafka';
import type { Effects } from './effects.ts';
import type { Proofs } from './proofs.ts';
import type { OutcomeWaiter, Waiters } from './waiters.ts';

/** What the log has said so far: its clock, and the last command handled (-1 before the first). */
export interface LogPosition {
  now: EpochMillis;
  offset: number;
  /** The last command that the cancellation service forwarded; absent before the first. */
  forwarded?: ForwardedFrom;
}

/** Told of a command that is not decided: seen already, or without the proof it needs. */
export type OnDropped = (why: 'repeated' | 'unproved', command: Command, offset: number) => void;

/** Told of every decision, before it is applied; `before` is the activity of the command as it was. */
export type OnDecided = (command: Command, decision: Decision, before: Activity | undefined, now: EpochMillis) => void;

export interface CommandHandlerParts {
  readonly partition: number;
  readonly partitions: number;
  readonly state: PartitionState;
  readonly position: LogPosition;
  readonly effects: Effects;
  readonly waiters: Waiters<OutcomeWaiter>;
  readonly proofs: Proofs;
  readonly onDropped: OnDropped;
  readonly onDecided: OnDecided;
}

/**
 * command -> `decide` -> records of its effects -> its change. All the thinking is in `decide`; this only carries.
 *
 * A decision is applied whole or not at all. Whatever can fail comes before the state changes: then the record goes to the
 * dead-letter topic, here and on every replay, and the state is as it was. Should an invariant of the rules break, or the
 * state itself refuse the change, our own reasoning is wrong and the partition stops.
 */
export class CommandHandler {
  readonly #parts: CommandHandlerParts;

  constructor(parts: CommandHandlerParts) {
    this.#parts = parts;
  }

  handle(record: InputRecord, command: Command): Output {
    const { position, state } = this.#parts;
    const now = nextNow(position.now, record.timestampMs);
    const { offset } = record;
    if (!this.#belongsHere(command)) return this.#refuseWrongPartition(record, command);

    const unproved = this.#parts.proofs.refusal(command, offset, state.rules);
    const isNews = unproved === undefined && this.#isNews(command);
    const decision = isNews ? this.#decide(command, { now, offset, rules: state.rules }) : undefined;
    const before = 'timer' in command ? state.activity(command.target) : undefined;
    position.now = now;
    position.offset = offset;
    if (decision === undefined) return this.#drop(command, offset, unproved);
    const output =
      decision.kind === 'accepted'
        ? this.#carryOut(decision, command, offset)
        : this.#refuse(command, offset, decision.refusal);
    this.#markForwarded(command);
    this.#parts.onDecided(command, decision, before, now);
    return output;
  }

  /** @throws InvariantError when `decide` finds itself wrong: nothing has changed, and the partition stops. */
  #decide(command: Command, context: DecisionContext): Decision {
    try {
      return decide(this.#parts.state, command, context);
    } catch (cause) {
      if (!(cause instanceof DomainInvariantError)) throw cause;
      const where = `offset ${String(context.offset)} of partition ${String(this.#parts.partition)}`;
      const rules = `rules version ${String(context.rules)}`;
      const what = `Expected to decide the ${command.type} at ${where} under ${rules}, but the rules break: ${cause.message}`;
      throw new InvariantError(what, { cause });
    }
  }

  #drop(command: Command, offset: number, unproved: Refusal | undefined): Output {
    this.#parts.onDropped(unproved === undefined ? 'repeated' : 'unproved', command, offset);
    return unproved === undefined ? nothing : this.#refuse(command, offset, unproved);
  }

  #refuse(command: Command, offset: number, refusal: Refusal): Output {
    return { effects: this.#answer(command, offset, { type: 'Refused', refusal }), changedKeys: [] };
  }

  /**
   * The cancellation service forwards in the order of its own log, and after a crash again from some earlier point: what
   * does not come after the last is a repetition, whose first copy was decided and answered. It must not be decided
   * again, for it may name the latest run of an id, and that may be another one by now. Where `cancellations` was made
   * anew, offsets begin again, but later.
   */
  #isNews({ forwardedFrom }: Command): boolean {
    const { forwarded } = this.#parts.position;
    return forwardedFrom === undefined || forwarded === undefined || isAfter(forwardedFrom, forwarded);
  }

  #markForwarded({ forwardedFrom }: Command): void {
    if (forwardedFrom === undefined) return;
    const { position } = this.#parts;
    const { offset, index, appendedAt } = forwardedFrom;
    // A leader's clock may be behind the one before it: an earlier record must not look like a later one.
    const latest = Math.max(appendedAt, position.forwarded?.appendedAt ?? 0);
    position.forwarded = { offset, index, appendedAt: latest as EpochMillis };
  }

  #carryOut(decision: Extract<Decision, { readonly kind: 'accepted' }>, command: Command, offset: number): Output {
    const { answer, change, effects } = decision;
    const records = isAnsweredByOutcome(command, answer)
      ? []
      : this.#answer(command, offset, { type: 'Accepted', answer });
    records.push(...this.#parts.effects.of(effects, command, offset));
    const changedKeys = this.#apply(change);
    if (command.type === 'Schedule' && answer.type === 'Scheduled' && answer.started)
      this.#awaitOutcome(command, answer.runId);
    return { effects: records, changedKeys, begunKey: begunKey(command, answer) };
  }

  /** @returns the keys whose records must be written again. */
  #apply(change: Change): readonly string[] {
    try {
      return this.#parts.state.apply(change);
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      throw new InvariantError(`Expected to apply a decision whole, but ${String(cause)}`, { cause });
    }
  }

  #answer(command: Command, offset: number, body: Parameters<Effects['reply']>[1]['body']): OutputRecord[] {
    const { replyTo, requestId } = command;
    return replyTo === undefined ? [] : [this.#parts.effects.reply(replyTo, { requestId, offset, body })];
  }

  #awaitOutcome(command: Extract<Command, { readonly type: 'Schedule' }>, runId: string): void {
    const { replyTo, requestId, target, awaitOutcome } = command;
    if (!awaitOutcome || replyTo === undefined) return;
    this.#parts.waiters.add(executionKey({ ...target, runId }), { replyTo, requestId }, this.#parts.position.now);
  }

  /** Other clients' partitioners hash otherwise than ours: their records would split one workflow over two logs. */
  #belongsHere(command: Command): boolean {
    const { partition, partitions } = this.#parts;
    if (command.type === 'ExpireBefore' || command.type === 'UseRules') return true;
    const id = 'run' in command ? { ...command.run, activityId: '' } : command.target;
    return partitionFor(partitionKey(id), partitions) === partition;
  }

  #refuseWrongPartition(record: InputRecord, command: Command): Output {
    const { partition, partitions } = this.#parts;
    const message =
      `Expected to find the key '${record.key ?? ''}' in the partition that Kafka's default partitioner (murmur2) gives ` +
      `it of ${String(partitions)}, but the record stands in partition ${String(partition)}: use the Java client's ` +
      `partitioner (librdkafka: partitioner=murmur2_random)`;
    const { effects } = this.#refuse(command, record.offset, { reason: 'wrong-partition', message });
    return { effects: [...effects, deadLetter(record, message)], changedKeys: [] };
  }
}

/** The key of what a command has begun: an activity, or a run. */
function begunKey(command: Command, answer: Answer): string | undefined {
  if (command.type === 'OpenRun') return runKey(command.run);
  if (command.type !== 'Schedule' || answer.type !== 'Scheduled' || !answer.started) return undefined;
  return executionKey({ ...command.target, runId: answer.runId });
}

const nothing: Output = { effects: [], changedKeys: [] };

function isAfter(one: ForwardedFrom, other: ForwardedFrom): boolean {
  if (one.offset > other.offset || (one.offset === other.offset && one.index > other.index)) return true;
  return other.appendedAt > 0 && one.appendedAt > other.appendedAt;
}

/** Whoever scheduled something new and waits for its outcome gets nothing before it, unless they ask for both. */
const isAnsweredByOutcome = (command: Command, answer: Answer): boolean =>
  command.type === 'Schedule' &&
  command.awaitOutcome &&
  command.acknowledge !== true &&
  answer.type === 'Scheduled' &&
  answer.started;
