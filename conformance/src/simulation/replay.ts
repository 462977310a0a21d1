import { queueOfTopic, type Reply, type StateRecord } from '@ratchet/domain';
import { InvariantError, type InputRecord, type OutputRecord } from '@ratchet/kafka';
import type { TaskTokenSigner } from '@ratchet/protocol';
import { progressKey, SchedulerLogic, TaskTopics } from '@ratchet/scheduler';
import { topics, type Codec } from '@ratchet/schemas';
import { TransitionRules } from './transition-rules.ts';
import { stateTopics, taskTopicLimits } from './services.ts';
import { isVisible, type LogEntry, type PartitionLog, type WrittenPart } from './simulated-log.ts';

export interface ReplayParts {
  readonly codec: Codec;
  readonly signer: TaskTokenSigner;
  readonly partitions: number;
  readonly taskTopics: ReadonlySet<string>;
  /** Told of what must not be. */
  readonly violated: (rule: string, why: string, about?: string) => void;
}

/** Tells two records of a topic apart. */
const textOfRecord = ({ key, value }: Pick<OutputRecord, 'key' | 'value'>): string =>
  `${key ?? ''} ${value?.toString('latin1') ?? '(none)'}`;

/** A logic of its own that has no past and whose effects go nowhere. */
export function freshLogic(
  { codec, signer, partitions }: ReplayParts,
  partition: number,
  onDropped: (offset: number) => void = () => undefined,
): SchedulerLogic {
  const taskTopics = new TaskTopics({
    list: () => Promise.resolve([]),
    create: () => Promise.resolve(),
    limits: taskTopicLimits,
  });
  taskTopics.isThere = () => true;
  return new SchedulerLogic({
    context: { partition, send: () => undefined },
    partitions,
    codec,
    signer,
    taskTopics,
    log: () => undefined,
    onDropped: (_, __, offset) => {
      onDropped(offset);
    },
  });
}

/**
 * Decides the log of one partition by itself, once and in order, and holds what the services have written against that: what
 * they committed, what they have sent before, what they have answered.
 */
export class Replay {
  readonly partition: number;
  readonly #parts: ReplayParts;
  readonly #commands: PartitionLog;
  readonly #logOf: (topic: string, partition: number) => PartitionLog;
  readonly #logic: SchedulerLogic;
  readonly transitions: TransitionRules;
  /** What each asker must be answered, by address, request id and offset. */
  readonly answers = new Map<string, Buffer>();
  /** Offsets of commands that nobody can handle. */
  readonly letters = new Set<number>();
  readonly #dropped = new Set<number>();
  #changed = new Set<string>();
  #effects: OutputRecord[] = [];
  /** What was decided. */
  #position = 0;
  readonly #seen = new Map<PartitionLog, { count: number; readonly texts: Set<string> }>();

  constructor(partition: number, logOf: (topic: string, partition: number) => PartitionLog, parts: ReplayParts) {
    this.partition = partition;
    this.#parts = parts;
    this.#logOf = logOf;
    this.#commands = logOf(topics.commands, partition);
    this.#logic = freshLogic(parts, partition, (offset) => this.#dropped.add(offset));
    this.transitions = new TransitionRules(parts.violated);
  }

  get position(): number {
    return this.#position;
  }

  stateHash(): string {
    return this.#logic.stateHash();
  }

  /** A transaction was committed to the state topic: it must be what the commands up to its progress come to, neither more nor less. */
  committed(written: readonly WrittenPart[]): void {
    const records = written.flatMap((part) => part.records);
    const progress = this.#progressIn(records);
    if (progress === undefined) {
      this.#violated('no-progress', 'a group was committed without a progress');
      return;
    }
    const { commands } = progress;
    if (commands < this.#position) {
      this.#violated('progress-back', `${String(commands)} was committed behind ${String(this.#position)}`);
      return;
    }
    this.#advance(commands);
    this.#compare(records);
    this.#compareProgress(progress);
    this.#checkSent(new Set(progress.unsentTopics ?? []));
    this.#logic.committed(new Map(written.map(({ log, end }) => [log.topic, end])));
  }

  /** What is restored from the state topic as it stands now, behind a commit, is what was decided. */
  async checkRestore(): Promise<void> {
    const expected = this.stateHash();
    const at = this.#position;
    const restored = freshLogic(this.#parts, this.partition);
    for (const topic of stateTopics)
      for (const record of this.#logOf(topic, this.partition).entries.filter(isVisible)) void restored.restore(record);
    const positions = await restored.restored();
    const found = restored.stateHash();
    restored.close();
    if (positions.get(topics.commands) !== at)
      this.#violated(
        'restore',
        `the progress is ${String(positions.get(topics.commands))}, and ${String(at)} was committed`,
      );
    else if (found !== expected) this.#violated('restore', `the state as of ${String(at)} is restored as another one`);
  }

  /** Decides the rest of the log. */
  finish(): void {
    this.#advance(this.#commands.end);
  }

  close(): void {
    this.#logic.close();
  }

  #progressIn(records: readonly OutputRecord[]): Progress | undefined {
    const last = records.findLast(({ key }) => key === progressKey);
    if (last === undefined || last.value === null) return undefined;
    const read = this.#parts.codec.decodeState(last.value) as StateRecord;
    return read.type === 'Progress' ? read : undefined;
  }

  // --- deciding ---

  #advance(end: number): void {
    for (; this.#position < end; this.#position++) {
      const record = this.#commands.all[this.#position];
      if (record !== undefined) this.#decide(record);
    }
  }

  #decide(record: LogEntry): void {
    const input = this.#read(record);
    if (input === undefined) {
      this.letters.add(record.offset);
      return;
    }
    try {
      const { effects, changedKeys } = this.#logic.handle(record, input);
      for (const key of changedKeys) this.#changed.add(key);
      this.#effects.push(...effects);
      for (const effect of effects) this.#noteAnswer(effect, record.offset);
    } catch (error) {
      if (error instanceof InvariantError) throw error;
      this.letters.add(record.offset);
      return;
    }
    if (input.kind !== 'command' || this.letters.has(record.offset)) return;
    if (this.#dropped.has(record.offset)) this.transitions.passed(record);
    else this.transitions.decided(record, input.command);
  }

  #read(record: InputRecord) {
    try {
      const input = this.#logic.decode(record);
      if (!(input instanceof Promise)) return input;
      input.catch(() => undefined);
    } catch {
      // It belongs to the dead letters.
    }
    return undefined;
  }

  #noteAnswer({ topic, value }: OutputRecord, offset: number): void {
    if (topic === `${topics.commands}.dlq`) this.letters.add(offset);
    if (topic !== topics.replies || value === null) return;
    const reply = this.#parts.codec.decodeReply(value) as Reply;
    if (isDirect(reply)) this.answers.set(answerKey(reply), value);
  }

  // --- comparing ---

  #compare(records: readonly OutputRecord[]): void {
    const expected = new Map<string, string>();
    for (const key of this.#changed) {
      for (const state of this.#logic.encodeState(key)) expected.set(`${state.topic} ${key}`, textOfRecord(state));
    }
    this.#changed = new Set();
    const found = new Map(
      records
        .filter(({ key }) => key !== progressKey)
        .map((record) => [`${record.topic} ${record.key ?? ''}`, textOfRecord(record)]),
    );
    for (const [key, text] of expected)
      if (found.get(key) !== text)
        this.#violated('state', `${found.has(key) ? 'another' : 'no'} state of ${key} was committed`, key);
    for (const key of found.keys())
      if (!expected.has(key)) this.#violated('state', `a state of ${key} was committed, which has not changed`, key);
  }

  /** Seals the group, too. */
  #compareProgress(found: Progress): void {
    const { now } = this.transitions;
    if (found.now !== now)
      this.#violated('clock', `${String(found.now)} was committed as the log's clock, and it shows ${String(now)}`);
    const record = this.#logic.encodeProgress(new Map([[topics.commands, this.#position]]));
    const expected = this.#progressIn([record]);
    if (expected === undefined || textOfProgress(expected) === textOfProgress(found)) return;
    this.#violated('progress', `${textOfProgress(found)} was committed, and not ${textOfProgress(expected)}`);
  }

  /** Effects first, then state: what the commands before the progress have asked for stands in the log. */
  #checkSent(unsentTopics: ReadonlySet<string>): void {
    for (const effect of this.#effects) {
      if (!this.#mustBeSent(effect, unsentTopics) || this.#isSent(effect)) continue;
      const { topic, key } = effect;
      this.#violated('unsent', `state was committed before an effect for ${topic} (${key ?? ''}) was sent`, key ?? '');
    }
    this.#effects = [];
  }

  #mustBeSent({ topic, value }: OutputRecord, unsentTopics: ReadonlySet<string>): boolean {
    // What nobody can handle is looked for at the end.
    if (topic.endsWith('.dlq')) return false;
    // Where the topic was missing the task is held, and the progress says so.
    if (isTaskTopic(topic)) return this.#parts.taskTopics.has(topic) && !unsentTopics.has(topic);
    if (topic !== topics.replies || value === null) return true;
    // Whoever waits longer may have been forgotten by a former owner, and asks again.
    return isDirect(this.#parts.codec.decodeReply(value) as Reply);
  }

  #isSent(effect: OutputRecord): boolean {
    const { topic, partition = 0 } = effect;
    if (!isTaskTopic(topic)) return this.#isThere(topic, partition, effect);
    return [0, 1].some((each) => this.#isThere(topic, each, effect));
  }

  #isThere(topic: string, partition: number, record: OutputRecord): boolean {
    const log = this.#logOf(topic, partition);
    let seen = this.#seen.get(log);
    if (seen === undefined) this.#seen.set(log, (seen = { count: 0, texts: new Set() }));
    for (; seen.count < log.all.length; seen.count++) {
      const entry = log.all[seen.count];
      if (entry !== undefined) seen.texts.add(textOfRecord(entry));
    }
    return seen.texts.has(textOfRecord(record));
  }

  #violated(rule: string, why: string, about?: string): void {
    this.#parts.violated(rule, `partition ${String(this.partition)}: ${why}`, about);
  }
}

const isTaskTopic = (topic: string): boolean => queueOfTopic(topic) !== undefined;

type Progress = Extract<StateRecord, { readonly type: 'Progress' }>;

/** What of a progress follows from the commands alone. */
const textOfProgress = ({ commands, now, rules, forwarded }: Progress): string =>
  JSON.stringify({ commands, now, rules, forwarded });

/** The answer to a command itself, as opposed to what its sender waits for longer. */
const isDirect = ({ body }: Reply): boolean => body.type === 'Accepted' || body.type === 'Refused';

export const answerKey = ({ address, requestId, offset }: Reply): string => `${address} ${requestId} ${String(offset)}`;
