import { BatchDecoder, type Poison } from './batch-decoder.ts';
import { OperationalError } from '../errors.ts';
import { GroupCommitter } from './group-committer.ts';
import { isDenied } from '../cluster/denied-rights.ts';
import type { FetchedBatch, LogRange } from '../consumers/group-consumer.ts';
import { asError, failureKind } from '../kafkajs/kafka-error.ts';
import type { PartitionHost } from './partition-host.ts';
import type { PartitionLogic, Positions } from './partition-logic.ts';
import { offsetInLog } from './log-range.ts';
import { PositionGuard } from './position-guard.ts';
import type { ProcessorInput } from './processor-options.ts';
import { RecordHandler } from './record-handler.ts';
import { RecordQueue } from './record-queue.ts';
import { Restore } from './restore.ts';
import { backoffMs, sleep, turnOfEventLoop } from '../waiting.ts';
import type { SealedGroup } from './sealed-group.ts';
import type { StateWriter } from '../outbox/state-writer.ts';
import { TopicFlow } from './topic-flow.ts';
import { beginSettle } from '../tracing/spans.ts';

/**
 * ```
 * fencing -> restoring -> running -> closed
 *    any  -> stopped (by an error that only a human can judge) -> closed
 * ```
 */
export type PartitionPhase = 'fencing' | 'restoring' | 'running' | 'stopped' | 'closed';

/** Records that are read and handled before the event loop gets its turn: effects go out meanwhile. */
const sliceRecords = 256;

/** So few records are handled at once; of more, the next fetch is sent off first, to overlap with the work. */
const inlineRecordsMax = 32;

/** How long a partition is stopped by a right that is missing. */
const deniedRetryMs = 10_000;

/** How often a handler that waits for room looks again. */
const waitForRoomMs = 5;

/**
 * One partition while this instance owns it: pause, fence, restore, seek, resume; then one record at a time.
 *
 * Everything in it is dropped together when the partition is lost or a commit fails. Whoever owns it next, this
 * instance or another, begins again from what was committed.
 */
export class OwnedPartition<T> {
  readonly partition: number;
  /** The generation of the group since which this instance owns it, across repetitions. */
  readonly since: number;
  readonly #host: PartitionHost<T>;
  readonly #logic: PartitionLogic<T>;
  readonly #decoder: BatchDecoder<T>;
  readonly #handler: RecordHandler<T>;
  readonly #committer: GroupCommitter;
  readonly #flow: TopicFlow;
  readonly #guards = new Map<string, PositionGuard>();
  /** Where the inputs ended when the partition was taken. */
  readonly #formerEnds = new Map<string, number>();
  readonly #queue = new RecordQueue();
  #restore: Restore | undefined;
  #writer: StateWriter | undefined;
  #phase: PartitionPhase = 'fencing';
  #error: Error | undefined;
  #pumping = false;
  /** When it last got on with its work, by the steady clock; and since when a look has found work that it does not get on with. */
  #movedAt = performance.now();
  #idleAt: number | undefined;
  /** By topic: where it went on and where its log ended, when it was first seen there. */
  readonly #looks = new Map<string, { readonly position: number; readonly end: number }>();

  constructor(host: PartitionHost<T>, partition: number, since: number) {
    this.#host = host;
    this.partition = partition;
    this.since = since;
    const { options, tuning } = host;
    this.#logic = options.createLogic({
      partition,
      send: (records, sent) => {
        if (this.#isClosed()) return;
        options.outbox.addAll(
          records.map((record) => this.#handler.inTraceOfKey(record)),
          sent,
        );
      },
    });
    this.#decoder = new BatchDecoder<T>({
      decode: (record) => this.#logic.decode(record),
      isClosed: () => this.#isClosed(),
      onHalted: (error) => {
        this.#halted(error);
      },
    });
    this.#handler = new RecordHandler(options, tuning, this.#logic);
    this.#committer = this.#createCommitter();
    this.#flow = new TopicFlow(host, partition);
  }

  get phase(): PartitionPhase {
    return this.#phase;
  }

  /** Why it is stopped, or what it waits for. */
  get error(): Error | undefined {
    return this.#error;
  }

  /**
   * For how long it has had work and got nowhere, as of the last look, in milliseconds: 0 while nothing waits, and while it is
   * known what it waits for (`error`).
   */
  get stuckMs(): number {
    if (this.#isOver() || this.#error !== undefined || this.#idleAt === undefined) return 0;
    return this.#idleAt > this.#movedAt ? performance.now() - this.#movedAt : 0;
  }

  /** Looks whether there is work: records in hand, or in a log that nobody brings. */
  async look(): Promise<void> {
    const hasWork = this.#queue.head !== undefined || this.#committer.waitingCount > 0 || this.#phase !== 'running';
    const isBehind = hasWork || (await this.#isBehind().catch(() => false));
    this.#idleAt = isBehind ? performance.now() : undefined;
  }

  /** Fences, and begins to restore. Never throws: what fails is tried again, or stops the partition. */
  async acquire(ownershipConfirmed: Promise<void>): Promise<void> {
    this.#direct(true);
    await ownershipConfirmed;
    const writer = await this.#persistently('fence', () => this.#host.fence(this.partition));
    this.#writer = writer;
    // Lost while it was being fenced: what was fenced is not ours to use.
    if (this.#isClosed()) writer?.discard();
    else await this.#beginRestore().catch((thrown: unknown) => this.#stop(asError(thrown)));
  }

  /** A batch of one of its topics. Only takes note, but for a few records, which are handled on the spot. */
  take(batch: FetchedBatch): void {
    const { topic } = batch;
    const guard = this.#guards.get(topic);
    if (guard === undefined || this.#isOver() || this.#flow.isHeld(topic)) return;
    const { expected } = guard;
    const verdict = guard.judge(batch);
    if (verdict.kind === 'suspect') void this.#investigate(topic, expected);
    if (verdict.kind !== 'take') return;
    // Compaction leaves such holes, and retention too: only the log's start tells which it was.
    if (batch.records.length === 0 && batch.fetchedOffset > expected) void this.#checkRange(topic, expected);
    const { records } = verdict;
    this.#movedAt = performance.now();
    this.#queue.push(records === batch.records ? batch : { ...batch, records });
    this.#direct();
    if (records.length <= inlineRecordsMax) this.wake();
    else setImmediate(() => this.wake());
  }

  /** The group has formed anew and the partition has stayed here: the consumer has forgotten where it was. */
  rejoined(): void {
    for (const [topic, guard] of this.#guards) this.#host.seek(topic, this.partition, guard.expected);
    this.#direct(true);
    this.wake();
  }

  /** Something that handling waits for may have come: records, a lease, room in the outbox. */
  wake(): void {
    if (this.#pumping || this.#queue.head === undefined || !this.#mayHandle()) return;
    this.#pumping = true;
    void this.#pump()
      .catch((thrown: unknown) => {
        this.#failed(asError(thrown));
      })
      .then(() => {
        this.#pumping = false;
        this.wake();
      });
  }

  /** Handles nothing more, and commits what was handled. */
  async finish(): Promise<void> {
    if (this.#phase !== 'running') return;
    this.#queue.clear();
    await this.#committer.drain();
  }

  /** Lost, or given up. */
  close(): void {
    if (this.#isClosed()) return;
    this.#phase = 'closed';
    this.#queue.clear();
    this.#committer.close();
    this.#writer?.discard();
    this.#logic.close();
  }

  /** Whether a log has grown since the first look that has found it where it goes on now. */
  async #isBehind(): Promise<boolean> {
    let isBehind = false;
    for (const [topic, position] of this.#handler.positions) {
      if (!this.#isItsTurn(topic)) continue;
      const { end } = await this.#host.logRange(topic, this.partition);
      const former = this.#looks.get(topic);
      if (former?.position !== position) this.#looks.set(topic, { position, end });
      else isBehind ||= end > former.end;
    }
    return isBehind;
  }

  // --- restore ---

  async #beginRestore(): Promise<void> {
    const { stateTopic, inputs } = this.#host.options;
    const sources = inputs.filter(({ start }) => start === 'beginning').map(({ topic }) => topic);
    if (stateTopic !== undefined) sources.unshift(stateTopic);
    const ends = new Map<string, number>();
    for (const topic of sources) {
      const range = await this.#persistently('restore', () => this.#host.logRange(topic, this.partition));
      if (range === undefined || this.#isOver()) return;
      const start = await this.#persistently('restore', () => this.#restoreStart(topic, range));
      if (start === undefined || this.#isOver()) return;
      this.#startAt(topic, start);
      if (start < range.end) ends.set(topic, range.end);
    }
    this.#phase = 'restoring';
    this.#restore = this.#createRestore(ends);
    if (this.#restore.isDone) await this.#finishRestore(this.#restore);
    else this.#direct();
  }

  async #restoreStart(topic: string, range: LogRange): Promise<number> {
    const isState = topic === this.#host.options.stateTopic;
    return isState ? ((await this.#logic.restoreFrom?.(range)) ?? range.start) : range.start;
  }

  #createRestore(ends: ReadonlyMap<string, number>): Restore {
    return new Restore({
      ends,
      restore: (record) => {
        if (record.topic === this.#host.options.stateTopic) this.#handler.restored(record);
        return this.#logic.restore(record);
      },
      onPoison: (record, error) => {
        this.#handler.deadLetter(record, error);
      },
      onHalted: (error) => {
        this.#halted(error);
      },
      isClosed: () => this.#isClosed(),
    });
  }

  /** @returns how many records of the batch it took. */
  async #restoreFrom(batch: FetchedBatch, restore: Restore): Promise<number> {
    const { topic } = batch;
    const end = restore.endOf(topic);
    const taken = end === undefined ? 0 : await restore.take(batch);
    this.#movedAt = performance.now();
    if (this.#isOver()) return batch.records.length;
    if (restore.isDone) {
      await this.#finishRestore(restore);
      return taken;
    }
    if (end !== undefined && restore.endOf(topic) === undefined) {
      // What lies behind the end comes again when the other topics are restored too.
      this.#queue.dropWaiting(topic);
      this.#startAt(topic, end);
      this.#direct();
    }
    return batch.records.length;
  }

  async #finishRestore(restore: Restore): Promise<void> {
    const { inputs, metrics } = this.#host.options;
    const positions = await this.#logic.restored();
    if (this.#isOver()) return;
    for (const input of inputs) {
      if (input.start === 'beginning') continue;
      const offset = await this.#persistently('go on', () => this.#startOf(input, positions));
      if (offset === undefined || this.#isOver()) return;
      this.#startAt(input.topic, offset);
    }
    this.#restore = undefined;
    this.#phase = 'running';
    this.#error = undefined;
    metrics?.restored?.(this.partition, restore.progress);
    this.#host.log('info', this.partition, `is restored from ${String(restore.progress.records)} records`);
    this.#direct();
  }

  async #startOf(input: ProcessorInput, positions: Positions): Promise<number> {
    const { topic, start: from, onGap } = input;
    const log = await this.#host.logRange(topic, this.partition);
    this.#formerEnds.set(topic, log.end);
    const named = from === 'group' ? await this.#host.groupOffset(topic, this.partition) : positions.get(topic);
    // Without any progress nothing was handled yet: what the log has lost by then is a gap like any other.
    const offset = named ?? (from === 'group' ? log.start : 0);
    this.#logic.goesOn?.(topic, log.end);
    this.#handler.repeatsUntil(topic, log.end);
    return this.#offsetInLog(topic, offset, log, onGap === 'skip');
  }

  #startAt(topic: string, offset: number): void {
    this.#guards.set(topic, new PositionGuard(offset));
    if (topic !== this.#host.options.stateTopic) this.#handler.moveTo(topic, offset);
    this.#host.seek(topic, this.partition, offset);
  }

  // --- records ---

  async #pump(): Promise<void> {
    for (let batch = this.#queue.head; batch !== undefined && this.#mayHandle(); batch = this.#queue.head) {
      const from = this.#restore === undefined ? 0 : await this.#restoreFrom(batch, this.#restore);
      if (from < batch.records.length) await this.#handleAll(batch, from);
      if (this.#isOver()) return;
      this.#queue.shift();
      if (this.#handler.positions.has(batch.topic)) this.#handler.moveTo(batch.topic, batch.nextOffset);
      this.#direct();
    }
  }

  /** Two groups waiting, or an outbox that does not get rid of its records: input waits. So does a doubtful owner. */
  #mayHandle(): boolean {
    if (this.#phase === 'restoring') return true;
    return this.#phase === 'running' && this.#committer.waitingCount < 2 && this.#host.mayHandle();
  }

  async #handleAll(batch: FetchedBatch, from: number): Promise<void> {
    const { records, topic } = batch;
    for (let start = from; start < records.length; start += sliceRecords) {
      if (start > from) await turnOfEventLoop();
      const slice = records.slice(start, start + sliceRecords);
      const decoded = this.#decoder.decode(slice);
      const values = decoded instanceof Promise ? await decoded : decoded;
      for (const [index, record] of slice.entries()) {
        // A doubtful owner, one that stops, or a full outbox must not handle it: the answers to one record fill megabytes.
        while (!this.#mayHandle() && !this.#isOver()) await sleep(waitForRoomMs);
        if (this.#isOver()) return;
        this.#handler.handle(record, values[index] as T | Poison);
        if (this.#handler.isGroupFull) this.#committer.push(this.#handler.seal());
      }
      this.#movedAt = performance.now();
      this.#pokeCommitter();
    }
    this.#host.options.metrics?.handled?.(topic, this.partition, {
      records: records.length - from,
      lag: Math.max(0, batch.highWatermark - batch.nextOffset),
    });
  }

  // --- groups ---

  #createCommitter(): GroupCommitter {
    const { options, tuning } = this.#host;
    return new GroupCommitter({
      seal: () => (this.#handler.hasUncommitted ? this.#handler.seal() : undefined),
      effectsSettled: () => options.outbox.settled(),
      write: (group) => this.#write(group),
      onCommitted: ({ records, states, bytes, sealedAt }, end) => {
        this.#movedAt = performance.now();
        const durationMs = this.#movedAt - sealedAt;
        options.metrics?.committed?.(this.partition, { records, states: states.length, bytes, durationMs });
        this.#logic.committed?.(end);
      },
      onIdle: () => {
        this.#pokeCommitter();
        this.wake();
      },
      onFailed: (error) => {
        this.#commitFailed(error);
      },
      delayMs: tuning.commitDelayMs,
      intervalMs: tuning.commitIntervalMs,
    });
  }

  #pokeCommitter(): void {
    const { hasUncommitted, hasChangedState } = this.#handler;
    if (hasUncommitted) this.#committer.poke(hasChangedState || this.#writer === undefined);
  }

  async #write({ states, positions, processed }: SealedGroup): Promise<number> {
    const { connection, service: group } = this.#host.options;
    const spans = processed.map((record) => beginSettle(connection, record, { group }));
    try {
      const end = (await this.#writer?.write(states)) ?? 0;
      if (!this.#isClosed()) await this.#host.committed(this.partition, this.#logic.resumeAt?.(positions) ?? positions);
      for (const span of spans) span?.end();
      return end;
    } catch (error) {
      for (const span of spans) span?.end(error);
      throw error;
    }
  }

  /** What may pass is begun anew, by whoever owns the partition then. */
  #failed(error: Error): void {
    if (error instanceof OperationalError && error.retryable) this.#host.giveUp(this, error, false);
    else this.#stop(error);
  }

  #commitFailed(error: Error): void {
    this.#host.options.metrics?.commitFailed?.(this.partition, error);
    const kind = failureKind(error);
    // A group that no broker takes, or that cannot be encoded, would be decided and refused again for ever.
    if (kind === 'refused' || isForHumans(error)) this.#stop(error);
    else this.#host.giveUp(this, error, kind === 'fenced');
  }

  // --- flow ---

  /** Every topic is paused unless it is its turn and there is room. `anew`: the consumer has forgotten what it was told. */
  #direct(anew = false): void {
    const hasRoom = this.#queue.bytes <= this.#host.tuning.queueBytesMax;
    this.#flow.direct((topic) => {
      if (!hasRoom || this.#isOver()) return false;
      if (this.#restore !== undefined) return this.#restore.endOf(topic) !== undefined;
      return this.#phase === 'running' && topic !== this.#host.options.stateTopic && this.#isItsTurn(topic);
    }, anew);
  }

  /** What stands behind another input waits until that has come to where it ended before. */
  #isItsTurn(topic: string): boolean {
    const { behind } = this.#host.options.inputs.find((input) => input.topic === topic) ?? {};
    if (behind === undefined) return true;
    return (this.#handler.positions.get(behind) ?? 0) >= (this.#formerEnds.get(behind) ?? 0);
  }

  /** Asks the broker what is true before anything is concluded, and goes on where the records are. */
  async #investigate(topic: string, expected: number): Promise<void> {
    this.#flow.hold(topic);
    this.#direct();
    const offset = await this.#checkRange(topic, expected);
    if (offset === undefined || this.#isOver()) return;
    this.#guards.get(topic)?.moveTo(offset);
    this.#host.seek(topic, this.partition, offset);
    this.#flow.release(topic);
    this.#direct();
  }

  #checkRange(topic: string, offset: number): Promise<number | undefined> {
    const skips = this.#host.options.inputs.some((input) => input.topic === topic && input.onGap === 'skip');
    return this.#persistently(`look at the log of ${this.#realName(topic)}`, async () => {
      const log = await this.#host.logRange(topic, this.partition);
      return this.#offsetInLog(topic, offset, log, skips);
    });
  }

  #offsetInLog(topic: string, offset: number, log: LogRange, skip: boolean): number {
    return offsetInLog({ topic: this.#realName(topic), partition: this.partition, offset }, log, skip);
  }

  #realName(topic: string): string {
    return this.#host.options.connection.realName(topic);
  }

  /** Repeats until it succeeds; `undefined` when the partition is over before. */
  async #persistently<R>(what: string, act: () => Promise<R>): Promise<R | undefined> {
    for (let attempt = 0; !this.#isOver(); attempt++) {
      try {
        return await act();
      } catch (thrown) {
        const error = asError(thrown);
        if (isForHumans(error)) this.#stop(error);
        else this.#halted(error, `cannot ${what} yet`);
        await sleep(backoffMs(attempt));
      }
    }
    return undefined;
  }

  #halted(error: Error | undefined, what = 'waits to read a record'): void {
    this.#error = error;
    if (error !== undefined) this.#host.log('warn', this.partition, `${what}: ${error.message}`, { error });
  }

  #stop(error: Error): void {
    if (this.#isClosed()) return;
    this.#phase = 'stopped';
    this.#error = error;
    this.#committer.close();
    this.#queue.clear();
    this.#direct();
    if (isDenied(error)) this.#tryAgain(error);
    else this.#host.log('error', this.partition, `has stopped: ${error.message}`, { error });
  }

  /** Whoever grants the right need not start anything again: the partition begins anew until it may do all it must. */
  #tryAgain(error: OperationalError): void {
    this.#host.options.connection.deniedRights.note(error, 'the partition has stopped, and tries again');
    setTimeout(() => {
      if (this.#phase === 'stopped') this.#host.giveUp(this, error, false);
    }, deniedRetryMs).unref();
  }

  #isClosed(): boolean {
    return this.#phase === 'closed';
  }

  /** Closed, or stopped: nothing more will be handled. */
  #isOver(): boolean {
    return this.#phase === 'closed' || this.#phase === 'stopped';
  }
}

const isForHumans = (error: Error): boolean =>
  error.name === 'InvariantError' || (error instanceof OperationalError && !error.retryable);
