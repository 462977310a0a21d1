import { isDenied } from '../cluster/denied-rights.ts';
import type { FetchedBatch, LogRange } from '../consumers/group-consumer.ts';
import { InvariantError, isForHumans, OperationalError } from '../errors.ts';
import { asError, failureKind } from '../kafkajs/kafka-error.ts';
import type { OutputRecord } from '../record.ts';
import { GroupCommits } from './group-commits.ts';
import { BrokerQuestions, inWords } from './broker-questions.ts';
import {
  followers,
  type Ask,
  type Fence,
  type LocateState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionPhase,
} from './partition-events.ts';
import type { PartitionLogic, Positions } from './partition-logic.ts';
import { hasState, machineLimits, type MachineOptions, type ProcessorTuning } from './processor-options.ts';
import { RecordHandler } from './record-handler.ts';
import type { Poison } from './partition-reader.ts';
import { RestoreProgress } from './restore-progress.ts';
import { countBefore, FetchedRecords, TopicSources, type DecodedRecords, type TopicSource } from './topic-source.ts';

/**
 * One partition while this instance owns it, as a deterministic state machine: `step(event)` returns what is to be done. It does
 * no I/O, sets no timer and awaits nothing; a driver performs the effects and tells what comes of them. The same events at the
 * same times give the same effects.
 *
 * ```
 *            confirmed by the group      fenced; ends known        ends reached; inputs located
 *  (owned) ─────────────────────> fencing ───────────> restoring ───────────────────> running
 *                                    │                     │                             │
 *                                    ├─────────────────────┴──────────────┬──────────────┤
 *                  what a person must judge:                  lost to another owner, or
 *                  stopped ──(a right was missing: after 10 s)──> given up: closed
 *
 *  while running, beside handling:
 *    idle ──due, or a group is full: seal──> settling ──effects acknowledged──> writing ──written──> idle, or the next
 *                                               └──────── failed or unknown: given up ────┘         sealed group
 * ```
 *
 * Promises: nothing is handled before the partition is fenced and restored, nor while the lease is doubtful; records of a topic
 * are handled in order and once; effects leave in the order of the records; a group is written only after all effects up to its
 * end are acknowledged; groups are written in order, one at a time; after a failed or unknown commit everything is dropped, and
 * whoever owns the partition next begins again from what was committed. What these rest on is asserted, and stops the partition.
 */
export class PartitionMachine<T> {
  readonly #options: MachineOptions<T>;
  readonly #takesNoteOf: { readonly [K in PartitionEvent<T>['kind']]: (event: Of<T, K>) => void } = {
    heard: this.#heard.bind(this),
    rejoined: this.#rejoined.bind(this),
    fenced: this.#fenced.bind(this),
    located: this.#located.bind(this),
    'state-located': this.#stateLocated.bind(this),
    failed: this.#failed.bind(this),
    fetched: this.#take.bind(this),
    restored: this.#restored.bind(this),
    poisoned: ({ record, error }) => {
      this.#handler.deadLetter(record, error);
    },
    halted: ({ error }) => {
      this.#halted(error, 'waits to read a record');
    },
    begun: this.#begun.bind(this),
    decoded: this.#decoded.bind(this),
    settled: this.#settled.bind(this),
    written: this.#written.bind(this),
    unwritten: this.#unwritten.bind(this),
    broken: ({ error }) => {
      throw error;
    },
    finish: this.#finish.bind(this),
    lost: this.#close.bind(this),
    wake: () => undefined,
  };
  readonly #logic: PartitionLogic<T>;
  readonly #tuning: ProcessorTuning;
  readonly #handler: RecordHandler<T>;
  readonly #sources: TopicSources;
  #phase: PartitionPhase = 'fencing';
  #error: Error | undefined;
  #now: number;
  #roomBytes = Infinity;
  #movedAt: number;
  #leaseUntil: number;
  #confirmations: number;
  #isFinishing = false;
  #effects: PartitionEffect[] = [];

  readonly #questions = new BrokerQuestions();
  readonly #restore = new RestoreProgress();
  /** The logic was told that the restore is over. */
  #hasBegun = false;
  /** Where the inputs go on, once the logic has said so. */
  #progress: Positions | undefined;

  readonly #fetched = new FetchedRecords<T | Poison>();
  #isReading = false;
  /** The event loop gets its turn first. */
  #takesTurn = false;
  #roomLookAt = Infinity;

  readonly #commits: GroupCommits;
  #deniedUntil = Infinity;

  constructor(options: MachineOptions<T>) {
    const { inputs, stateTopics = [], logic, tuning, leaseUntil, confirmations, now } = options;
    this.#options = options;
    this.#logic = logic;
    this.#tuning = tuning;
    this.#handler = new RecordHandler(options, tuning, logic);
    this.#commits = new GroupCommits({ ...tuning, partition: options.partition, ownedCount: options.ownedCount });
    this.#leaseUntil = leaseUntil;
    this.#confirmations = confirmations;
    this.#now = now;
    this.#movedAt = now;
    this.#sources = new TopicSources(inputs, stateTopics);
    this.#direct(true);
    this.#fenceWhenConfirmed();
  }

  get phase(): PartitionPhase {
    return this.#phase;
  }

  /** Why it is stopped, or what it waits for. */
  get error(): Error | undefined {
    return this.#error;
  }

  /**
   * Of whom looks whether it gets on: when it last did; whether records are in hand, groups wait, or it is not ready for any; and
   * the topics that it waits for more of, with the offset before which everything was handled.
   */
  get work(): { readonly movedAt: number; readonly isInHand: boolean; readonly awaited: Positions } {
    const { positions } = this.#handler;
    const isInHand = this.#fetched.head !== undefined || this.#commits.waitingCount > 0 || this.#phase !== 'running';
    const awaited = new Map([...positions].filter(([topic]) => this.#sources.isItsTurn(topic, positions)));
    return { movedAt: this.#movedAt, isInHand, awaited };
  }

  /** When it wants a `wake`, if nothing else comes before. */
  get wakesAt(): number {
    if (this.#phase === 'closed') return Infinity;
    if (this.#takesTurn) return this.#now;
    const commitAt = this.#isOver() ? Infinity : this.#commits.dueAt;
    return Math.min(this.#roomLookAt, this.#deniedUntil, commitAt, this.#questions.retryAt);
  }

  /** As a record was handed over without the one that caused it: in the trace of the state that has its key. */
  inTraceOfKey(record: OutputRecord): OutputRecord {
    return this.#handler.inTraceOfKey(record);
  }

  /**
   * Takes note of an event; of the first one whichever, the first effects come too.
   *
   * @param now of a steady clock, in milliseconds.
   * @param roomBytes how many bytes of effects may still be sent before handling waits.
   * @returns what is to be done, in this order. What the machine or the logic throws stops the partition, or gives it up where it
   * may pass.
   */
  step(event: PartitionEvent<T>, now: number, roomBytes: number): readonly PartitionEffect[] {
    if (this.#phase === 'closed') return [];
    this.#now = now;
    this.#roomBytes = roomBytes;
    this.#takesTurn = false;
    this.#roomLookAt = Infinity;
    try {
      if (this.#phase !== 'stopped' || event.kind === 'lost') this.#takesNoteOf[event.kind](event as never);
      this.#goOn();
    } catch (thrown) {
      this.#fail(asError(thrown));
    }
    return this.#takeEffects();
  }

  /** Whatever has become possible. */
  #goOn(): void {
    if (this.#phase === 'stopped' && this.#now >= this.#deniedUntil)
      this.#giveUp(this.#error ?? this.#wrong('has stopped without a reason'), false);
    if (this.#isOver()) return;
    for (const ask of this.#questions.dueAt(this.#now)) this.#emit(ask);
    this.#goOnRestoring();
    this.#read();
    this.#goOnCommitting();
    this.#direct(false);
  }

  // --- ownership ---

  #heard({ leaseUntil, confirmations }: Of<T, 'heard'>): void {
    this.#leaseUntil = Math.max(this.#leaseUntil, leaseUntil);
    this.#confirmations = Math.max(0, this.#confirmations - confirmations);
    this.#fenceWhenConfirmed();
  }

  #fenceWhenConfirmed(): void {
    if (this.#phase === 'fencing' && this.#confirmations === 0 && this.#questions.size === 0) this.#ask(fence);
  }

  #fenced(): void {
    this.#answered(fence);
    this.#assert(this.#phase === 'fencing' && this.#confirmations === 0, 'is fenced though nobody asked for it');
    this.#enter('restoring');
    this.#restore.begin(this.#now);
    if (hasState(this.#options)) this.#ask(locateState);
    for (const { topic, input } of this.#sources.all)
      if (input?.start === 'beginning') this.#ask({ kind: 'locate', topic, for: 'restore', offset: 0 });
  }

  #rejoined({ ownedCount }: Of<T, 'rejoined'>): void {
    this.#commits.shareAmong(ownedCount);
    for (const { topic, expected } of this.#sources.all)
      if (expected !== undefined) this.#emit({ kind: 'seek', topic, offset: expected });
    this.#direct(true);
  }

  #finish(): void {
    this.#isFinishing = true;
    if (this.#phase === 'running') this.#fetched.clear();
    else this.#emit({ kind: 'finished' });
  }

  #giveUp(error: Error, isFenced: boolean): void {
    this.#close();
    this.#emit({ kind: 'give-up', error, isFenced });
  }

  #close(): void {
    this.#enter('closed');
    this.#fetched.clear();
    this.#logic.close();
  }

  /** What may pass is begun anew, by whoever owns the partition then. */
  #fail(error: Error): void {
    if (this.#isOver()) return;
    if (error instanceof OperationalError && error.retryable) this.#giveUp(error, false);
    else this.#stop(error);
  }

  #stop(error: Error): void {
    this.#enter('stopped');
    this.#error = error;
    this.#fetched.clear();
    this.#questions.clear();
    this.#direct(false);
    if (this.#isFinishing) this.#emit({ kind: 'finished' });
    if (!isDenied(error)) {
      this.#emit({ kind: 'say', level: 'error', message: `has stopped: ${error.message}`, error });
      return;
    }
    // Whoever grants the right need not start anything again: the partition begins anew until it may do all it must.
    this.#deniedUntil = this.#now + machineLimits.deniedRetryMs;
    this.#emit({ kind: 'denied', error });
  }

  // --- questions to the brokers ---

  #ask(ask: Ask): void {
    if (this.#questions.ask(ask)) this.#emit(ask);
  }

  #answered(ask: Ask): void {
    const answered = this.#questions.answered(ask);
    if (answered === undefined) throw this.#wrong(`was answered what it did not ask: ${ask.kind}`);
    if (answered.failures > 0) this.#error = undefined;
  }

  #failed({ asked, error }: Of<T, 'failed'>): void {
    if (isForHumans(error)) throw error;
    this.#questions.failed(asked, this.#now);
    const { connection, stateTopics } = this.#options;
    this.#halted(error, `cannot ${inWords(asked, connection, stateTopics)} yet`);
  }

  #stateLocated({ ranges, from }: Of<T, 'state-located'>): void {
    this.#answered(locateState);
    for (const [topic, range] of ranges) this.#restoreWithin(this.#sources.of(topic), range, from.get(topic));
  }

  #located({ asked, range, from }: Of<T, 'located'>): void {
    this.#answered(asked);
    const source = this.#sources.of(asked.topic);
    if (asked.for === 'go-on') this.#goOnWith(source, range, from);
    else if (asked.for === 'restore') this.#restoreWithin(source, range, from);
    else {
      const offset = source.inLog(asked.offset, range, this.#options);
      if (asked.for === 'check') return;
      source.expected = offset;
      source.isAnew ||= offset < asked.offset;
      source.isHeld = false;
      this.#emit({ kind: 'seek', topic: source.topic, offset });
    }
  }

  // --- restore ---

  #restoreWithin(source: TopicSource, { start, end }: LogRange, from = start): void {
    this.#startAt(source, from);
    if (from >= end) return;
    source.restoreEnd = end;
    this.#restore.add({ start: from, end });
  }

  #startAt(source: TopicSource, offset: number): void {
    source.expected = offset;
    source.restoredTo = offset;
    if (source.input !== undefined) this.#handler.moveTo(source.topic, offset);
    this.#emit({ kind: 'seek', topic: source.topic, offset });
  }

  /** The end of a log counts as reached when the position has reached it: a tail of aborted or control records brings no record. */
  #isRestored(): boolean {
    return this.#questions.size === 0 && this.#sources.areRestored;
  }

  #goOnRestoring(): void {
    if (this.#phase !== 'restoring' || this.#questions.size > 0) return;
    if (!this.#hasBegun && this.#isRestored()) {
      this.#hasBegun = true;
      this.#emit({ kind: 'begin' });
    } else if (this.#progress !== undefined) this.#run();
  }

  /** The head of the queue was handed to the logic, as far as it belongs to the restore. */
  #restored(): void {
    const { head: batch } = this.#fetched;
    this.#isReading = false;
    this.#movedAt = this.#now;
    if (batch === undefined || this.#phase !== 'restoring') throw this.#wrong('has restored what it has not fetched');
    const source = this.#sources.of(batch.topic);
    const end = source.restoreEnd ?? 0;
    const count = countBefore(batch, end);
    this.#effects.push(...this.#restore.moved(source, Math.min(batch.nextOffset, end), count, this.#now));
    if (batch.nextOffset < end) {
      this.#fetched.shift();
      return;
    }
    source.restoreEnd = undefined;
    if (source.input !== undefined && this.#isRestored()) {
      // What the same fetch has brought from behind the end is handled once all is located.
      this.#handler.moveTo(batch.topic, end);
      this.#fetched.cutHead(count);
    } else {
      // What lies behind the end comes again when the other topics are restored too.
      this.#fetched.drop(batch.topic);
      this.#startAt(source, end);
    }
  }

  #begun({ positions }: Of<T, 'begun'>): void {
    this.#assert(this.#phase === 'restoring' && this.#hasBegun, 'has begun before it was restored');
    this.#progress = positions;
    for (const { topic, input } of this.#sources.all)
      if (input !== undefined && input.start !== 'beginning')
        this.#ask({ kind: 'locate', topic, for: 'go-on', offset: positions.get(topic) ?? 0 });
  }

  #goOnWith(source: TopicSource, range: LogRange, groupOffset: number | undefined): void {
    const { topic, input } = source;
    const isOfGroup = input?.start === 'group';
    // Without any progress nothing was handled yet: what the log has lost by then is a gap like any other.
    const offset = (isOfGroup ? groupOffset : this.#progress?.get(topic)) ?? (isOfGroup ? range.start : 0);
    source.formerEnd = range.end;
    this.#logic.goesOn?.(topic, range.end);
    this.#handler.repeatsUntil(topic, range.end);
    this.#startAt(source, source.inLog(offset, range, this.#options));
  }

  #run(): void {
    this.#enter('running');
    this.#error = undefined;
    this.#effects.push(...this.#restore.end(this.#now));
  }

  // --- records ---

  #take({ batch }: Of<T, 'fetched'>): void {
    const source = this.#sources.of(batch.topic);
    if (!this.#isTaken(source)) return;
    const expected = source.expected ?? 0;
    const verdict = source.judge(batch);
    if (verdict.kind === 'suspect') {
      // Asks the broker what is true before anything is concluded, and goes on where the records are.
      source.isHeld = true;
      this.#ask({ kind: 'locate', topic: batch.topic, for: 'investigate', offset: expected });
    }
    if (verdict.kind !== 'take') return;
    // Compaction leaves such holes, and retention too: only the log's start tells which it was.
    if (batch.records.length === 0 && batch.fetchedOffset > expected)
      this.#ask({ kind: 'locate', topic: batch.topic, for: 'check', offset: expected });
    this.#movedAt = this.#now;
    this.#fetched.push(verdict.records === batch.records ? batch : { ...batch, records: verdict.records });
    this.#takesTurn = verdict.records.length > machineLimits.inlineRecordsMax;
  }

  /** What was on its way when its topic was paused is not: it is found missing, and fetched again. */
  #isTaken(source: TopicSource): boolean {
    if (source.isHeld) return false;
    if (this.#phase === 'restoring') return this.#sources.isRestoring(source);
    // A state topic is this owner's own once it is restored.
    return this.#phase === 'running' && source.input !== undefined;
  }

  #read(): void {
    while (!this.#isReading && !this.#takesTurn) {
      const { head: batch, values, handledCount } = this.#fetched;
      if (batch === undefined) return;
      if (this.#phase === 'restoring') {
        this.#readRestoring(batch);
        return;
      }
      if (this.#phase !== 'running' || !this.#mayHandle()) return;
      if (values !== undefined) this.#handleSlice(batch, values);
      else if (handledCount < batch.records.length) this.#decode(batch, handledCount);
      else this.#handledAll(batch);
    }
  }

  #readRestoring(batch: FetchedBatch): void {
    if (this.#hasBegun) return;
    const { restoreEnd } = this.#sources.of(batch.topic);
    if (restoreEnd === undefined) throw this.#wrong(`has fetched ${batch.topic} behind the end of its restore`);
    this.#isReading = true;
    this.#emit({ kind: 'restore', batch, count: countBefore(batch, restoreEnd) });
  }

  #decode({ records }: FetchedBatch, from: number): void {
    const isWhole = from === 0 && records.length <= machineLimits.sliceRecords;
    this.#isReading = true;
    this.#emit({ kind: 'decode', records: isWhole ? records : records.slice(from, from + machineLimits.sliceRecords) });
  }

  #decoded({ values }: Of<T, 'decoded'>): void {
    this.#isReading = false;
    // The partition finishes, and has let go of what it was going to handle.
    if (this.#fetched.head === undefined) return;
    this.#fetched.values = { of: values, from: this.#fetched.handledCount };
  }

  /**
   * A doubtful owner, one that stops, or a full outbox must not handle a record: the answers to one fill megabytes. Two groups
   * that wait hold up input, too.
   */
  #mayHandle(): boolean {
    if (this.#isFinishing || this.#now >= this.#leaseUntil || this.#commits.waitingCount >= machineLimits.groupsMax)
      return false;
    if (this.#handler.effectBytes <= this.#roomBytes) return true;
    this.#roomLookAt = this.#now + machineLimits.roomLookMs;
    return false;
  }

  /** As many of them as there is room for. */
  #handleSlice({ records, topic }: FetchedBatch, { of: values, from }: DecodedRecords<T | Poison>): void {
    const fetched = this.#fetched;
    const end = from + values.length;
    const position = this.#handler.positions.get(topic) ?? 0;
    this.#assertOrder('handle', topic, records[fetched.handledCount]?.offset ?? position, position);
    for (; fetched.handledCount < end; fetched.handledCount++) {
      if (!this.#mayHandle()) return;
      const record = records[fetched.handledCount];
      if (record !== undefined) this.#handler.handle(record, values[fetched.handledCount - from] as T | Poison);
      if (this.#handler.isGroupFull) this.#commits.push(this.#handler.seal(this.#now));
    }
    fetched.values = undefined;
    this.#movedAt = this.#now;
    this.#takesTurn = end < records.length;
  }

  #handledAll(batch: FetchedBatch): void {
    const { topic, records, nextOffset, highWatermark } = batch;
    this.#handler.moveTo(topic, nextOffset);
    if (records.length > 0) {
      const lag = Math.max(0, highWatermark - nextOffset);
      this.#emit({ kind: 'was-handled', topic, records: records.length, lag });
    }
    this.#fetched.shift();
  }

  // --- groups ---

  #goOnCommitting(): void {
    if (this.#phase !== 'running' || this.#commits.phase !== 'idle') return;
    const { hasUncommitted } = this.#handler;
    if (this.#commits.waitingCount === 0 && hasUncommitted) {
      if (this.#isFinishing || this.#commits.isDue(this.#now, this.#handler.mayWaitMs))
        this.#commits.push(this.#handler.seal(this.#now));
    }
    if (this.#commits.begin(this.#now)) {
      this.#sendEffects();
      this.#emit({ kind: 'settle' });
    } else if (this.#isFinishing && !hasUncommitted) this.#emit({ kind: 'finished' });
  }

  #settled(): void {
    const group = this.#commits.settled();
    if (group === undefined) throw this.#wrong('has effects settled that belong to no group');
    for (const [topic, offset] of this.#commits.committed)
      this.#assertOrder('commit', topic, group.positions.get(topic) ?? 0, offset);
    this.#emit({ kind: 'write', group, positions: this.#logic.resumeAt?.(group.positions) ?? group.positions });
  }

  #written({ ends }: Of<T, 'written'>): void {
    const group = this.#commits.written();
    if (group === undefined) throw this.#wrong('has a group written that it did not commit');
    this.#movedAt = this.#now;
    this.#emit({ kind: 'was-committed', group, durationMs: this.#now - group.sealedAt });
    this.#logic.committed?.(ends);
  }

  #unwritten({ error }: Of<T, 'unwritten'>): void {
    this.#emit({ kind: 'was-not-committed', error });
    const kind = failureKind(error);
    // A group that no broker takes, or that cannot be encoded, would be decided and refused again for ever.
    if (kind === 'refused' || isForHumans(error)) this.#stop(error);
    else this.#giveUp(error, kind === 'fenced');
  }

  // --- flow ---

  /** Every topic is paused unless it is its turn and there is room. `anew`: the consumer has forgotten what it was told. */
  #direct(anew: boolean): void {
    const hasRoom = this.#fetched.bytes <= this.#tuning.queueBytesMax && !this.#isOver();
    for (const source of this.#sources.all) {
      const flows = hasRoom && this.#mayFlow(source);
      if (!anew && source.flows === flows) continue;
      source.flows = flows;
      this.#emit({ kind: flows ? 'resume' : 'pause', topic: source.topic });
    }
  }

  #mayFlow(source: TopicSource): boolean {
    const isItsTurn = this.#phase === 'restoring' || this.#sources.isItsTurn(source.topic, this.#handler.positions);
    return isItsTurn && this.#isTaken(source);
  }

  // --- the rest ---

  #halted(error: Error | undefined, what: string): void {
    this.#error = error;
    if (error !== undefined) this.#emit({ kind: 'say', level: 'warn', message: `${what}: ${error.message}`, error });
  }

  #enter(phase: PartitionPhase): void {
    const isFollower = followers[this.#phase].includes(phase);
    const isReady = phase !== 'running' || this.#isRestored();
    if (!isFollower || !isReady) throw this.#wrong(`is to be ${phase} while it is ${this.#phase}`);
    this.#phase = phase;
  }

  #assert(holds: boolean, otherwise: string): void {
    if (!holds) throw this.#wrong(otherwise);
  }

  #assertOrder(what: string, topic: string, offset: number, former: number): void {
    if (offset >= former || this.#sources.of(topic).isAnew) return;
    throw this.#wrong(`is to ${what} offset ${String(offset)} of ${topic} behind ${String(former)}`);
  }

  #wrong(what: string): InvariantError {
    const { service, partition } = this.#options;
    const groups = `${String(this.#commits.waitingCount)} groups, ${this.#commits.phase}`;
    const at = Array.from(this.#handler.positions, ([topic, offset]) => `${topic}@${String(offset)}`).join(', ');
    return new InvariantError(
      `Expected partition ${String(partition)} of ${service} to keep its order, but it ${what} ` +
        `(${this.#phase}; ${groups}; handled up to ${at})`,
    );
  }

  /** Effects of records come before whatever is decided after them. */
  #sendEffects(): void {
    const records = this.#handler.takeEffects();
    if (records.length > 0) this.#effects.push({ kind: 'send', records });
  }

  #emit(effect: PartitionEffect): void {
    this.#effects.push(effect);
  }

  #takeEffects(): readonly PartitionEffect[] {
    this.#sendEffects();
    const effects = this.#effects;
    if (effects.length > 0) this.#effects = [];
    return effects;
  }

  /** Closed, or stopped: nothing more will be handled. */
  #isOver(): boolean {
    return this.#phase === 'closed' || this.#phase === 'stopped';
  }
}

type Of<T, K extends PartitionEvent<T>['kind']> = Extract<PartitionEvent<T>, { readonly kind: K }>;

const fence: Fence = { kind: 'fence' };
const locateState: LocateState = { kind: 'locate-state' };
