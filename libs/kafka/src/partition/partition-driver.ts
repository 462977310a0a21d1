import type { OperationalError } from '../errors.ts';
import type { FetchedBatch, GroupConsumer, LogRange } from '../consumers/group-consumer.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { LogLevel } from '../log.ts';
import { StateWriter } from '../outbox/state-writer.ts';
import type { InputRecord } from '../record.ts';
import { beginSettle } from '../tracing/spans.ts';
import type { Locate, PartitionEffect, PartitionEvent, PartitionPhase } from './partition-events.ts';
import { PartitionMachine } from './partition-machine.ts';
import type { GroupOffsets } from './group-offsets.ts';
import type { PartitionContext, PartitionLogic, Positions } from './partition-logic.ts';
import type { StandbyLogic } from './standby-copies.ts';
import type { PartitionProcessorOptions, ProcessorTuning } from './processor-options.ts';
import { PartitionReader } from './partition-reader.ts';
import type { SealedGroup } from './record-handler.ts';

export interface DriverOptions<T> {
  readonly options: PartitionProcessorOptions<T>;
  readonly tuning: ProcessorTuning;
  readonly consumer: GroupConsumer;
  readonly offsets: GroupOffsets;
  readonly partition: number;
  /** The generation of the group since which this instance owns it, across repetitions. */
  readonly since: number;
  /** Absent: the partition has no copy here. */
  readonly standby?: StandbyLogic<T> | undefined;
  /** See `MachineOptions`. */
  readonly confirmations: number;
  readonly leaseUntil: number;
  readonly ownedCount: number;
}

/** Why a partition is to be begun anew. */
export interface GivenUp {
  readonly error: Error;
  /** Another instance has fenced it. */
  readonly isFenced: boolean;
}

/**
 * Performs on Kafka what the machine of one owned partition says, and tells the machine what comes of it. Decides nothing.
 */
export class PartitionDriver<T> {
  readonly partition: number;
  readonly since: number;
  /** Resolves once the partition is given up, never when it is lost. */
  readonly givenUp: Promise<GivenUp>;
  readonly #parts: DriverOptions<T>;
  readonly #logic: PartitionLogic<T>;
  readonly #machine: PartitionMachine<T>;
  readonly #reader: PartitionReader<T>;
  #writer: StateWriter | undefined;
  readonly #ended = new AbortController();
  readonly #events: PartitionEvent<T>[] = [];
  #isStepping = false;
  #turn: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Infinity;
  #giveUp: (why: GivenUp) => void = () => undefined;
  #finished: () => void = () => undefined;
  /** Since when a look has found work that it does not get on with. */
  #idleAt: number | undefined;
  /** By topic: where it went on and where its log ended, when it was first seen there. */
  readonly #looks = new Map<string, { readonly position: number; readonly end: number }>();

  constructor(parts: DriverOptions<T>) {
    const { options, tuning, partition, since, confirmations, leaseUntil, ownedCount } = parts;
    const { outbox, createLogic } = options;
    this.#parts = parts;
    this.partition = partition;
    this.since = since;
    this.givenUp = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
    const send: PartitionContext['send'] = (records, sent) => {
      if (this.#isOver()) return;
      outbox.addAll(
        records.map((record) => this.#machine.inTraceOfKey(record)),
        sent,
      );
    };
    parts.standby?.adopt({ partition, send });
    this.#logic = parts.standby?.logic ?? createLogic({ partition, send });
    this.#machine = new PartitionMachine({
      ...options,
      partition,
      tuning,
      logic: this.#logic,
      confirmations,
      leaseUntil,
      ownedCount,
      now: performance.now(),
    });
    this.#reader = new PartitionReader<T>(this.#logic, {
      halted: (error) => {
        this.#tell({ kind: 'halted', error });
      },
      poisoned: (record, error) => {
        this.#tell({ kind: 'poisoned', record, error });
      },
      isOver: () => this.#isOver(),
    });
  }

  get phase(): PartitionPhase {
    return this.#machine.phase;
  }

  /** Why it is stopped, or what it waits for. */
  get error(): Error | undefined {
    return this.#machine.error;
  }

  /**
   * For how long it has had work and got nowhere, as of the last look, in milliseconds: 0 while nothing waits, and while it is
   * known what it waits for (`error`).
   */
  get stuckMs(): number {
    if (this.#isOver() || this.error !== undefined || this.#idleAt === undefined) return 0;
    const { movedAt } = this.#machine.work;
    return this.#idleAt > movedAt ? performance.now() - movedAt : 0;
  }

  start(): void {
    this.#tell({ kind: 'wake' });
  }

  /** A batch of one of its topics. */
  take(batch: FetchedBatch): void {
    this.#tell({ kind: 'fetched', batch });
  }

  /** The group has answered. */
  heard(leaseUntil: number, confirmations: number): void {
    this.#tell({ kind: 'heard', leaseUntil, confirmations });
  }

  /** The group has formed anew and the partition has stayed here. */
  rejoined(ownedCount: number): void {
    this.#tell({ kind: 'rejoined', ownedCount });
  }

  /** Handles nothing more, and commits what was handled. Resolves, too, when that fails. */
  async finish(): Promise<void> {
    if (this.phase !== 'running') {
      this.#tell({ kind: 'finish' });
      return;
    }
    const finished = new Promise<void>((resolve) => {
      this.#finished = resolve;
    });
    this.#tell({ kind: 'finish' });
    await Promise.race([finished, this.givenUp]);
  }

  /** The partition is someone else's. */
  lose(): void {
    this.#tell({ kind: 'lost' });
    this.#cutOff();
  }

  /** Looks whether there is work: records in hand, or in a log that nobody brings. */
  async look(): Promise<void> {
    const isBehind = this.#machine.work.isInHand || (await this.#isBehind().catch(() => false));
    this.#idleAt = isBehind ? performance.now() : undefined;
  }

  /** Whether a log has grown since the first look that has found it where it goes on now. */
  async #isBehind(): Promise<boolean> {
    let isBehind = false;
    for (const [topic, position] of this.#machine.work.awaited) {
      const { end } = await this.#parts.consumer.logRange(topic, this.partition);
      const former = this.#looks.get(topic);
      if (former?.position !== position) this.#looks.set(topic, { position, end });
      else isBehind ||= end > former.end;
    }
    return isBehind;
  }

  /** What an effect brings about at once is told after all effects of its step. */
  #tell(event: PartitionEvent<T>): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    const { outbox } = this.#parts.options;
    const { outboxBytesMax } = this.#parts.tuning;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift())
        this.#performAll(this.#machine.step(next, performance.now(), outboxBytesMax - outbox.pendingBytes));
    } finally {
      this.#isStepping = false;
    }
    this.#arm();
  }

  #arm(): void {
    const at = this.#machine.wakesAt;
    if (at === Infinity) return;
    const now = performance.now();
    if (at <= now) {
      this.#turn ??= setImmediate(() => {
        this.#turn = undefined;
        this.#tell({ kind: 'wake' });
      });
    } else if (at < this.#timerAt) {
      clearTimeout(this.#timer);
      this.#timerAt = at;
      // Node's timers may be early by less than a millisecond.
      this.#timer = setTimeout(
        () => {
          this.#timerAt = Infinity;
          this.#tell({ kind: 'wake' });
        },
        Math.ceil(at - now),
      ).unref();
    }
  }

  #performAll(effects: readonly PartitionEffect[]): void {
    for (const effect of effects) {
      try {
        this.#perform(effect);
      } catch (thrown) {
        this.#tellLater({ kind: 'broken', error: asError(thrown) });
      }
    }
  }

  #tellLater(event: PartitionEvent<T>): void {
    if (this.#isStepping) this.#events.push(event);
    else this.#tell(event);
  }

  #perform(effect: PartitionEffect): void {
    const { consumer, options } = this.#parts;
    const { outbox } = options;
    const { partition } = this;
    switch (effect.kind) {
      case 'pause':
        consumer.pause(effect.topic, partition);
        return;
      case 'resume':
        consumer.resume(effect.topic, partition);
        return;
      case 'seek':
        consumer.seek(effect.topic, partition, effect.offset);
        return;
      case 'send':
        for (const record of effect.records) outbox.add(record);
        return;
      case 'decode':
        this.#decode(effect.records);
        return;
      case 'settle':
        this.#await(outbox.settled(), () => ({ kind: 'settled' }), unwritten);
        return;
      case 'write':
        this.#await(this.#write(effect.group, effect.positions), (ends) => ({ kind: 'written', ends }), unwritten);
        return;
      case 'fence':
        this.#await(
          this.#fence(),
          () => ({ kind: 'fenced' }),
          (error) => ({ kind: 'failed', asked: effect, error }),
        );
        return;
      case 'locate':
        this.#await(
          this.#locate(effect),
          (found) => ({ kind: 'located', asked: effect, ...found }),
          (error) => ({ kind: 'failed', asked: effect, error }),
        );
        return;
      case 'locate-state':
        this.#await(
          this.#locateState(),
          (found) => ({ kind: 'state-located', ...found }),
          (error) => ({ kind: 'failed', asked: effect, error }),
        );
        return;
      case 'restore':
        this.#await(this.#reader.restore(effect.batch.records, effect.count), () => ({ kind: 'restored' }), broken);
        return;
      case 'begin':
        this.#await((async () => this.#logic.restored())(), (positions) => ({ kind: 'begun', positions }), broken);
        return;
      default:
        this.#tellOthers(effect);
    }
  }

  /** What is not asked of Kafka. */
  #tellOthers(effect: Exclude<PartitionEffect, { readonly kind: KafkaEffectKind }>): void {
    const { connection, metrics } = this.#parts.options;
    const { partition } = this;
    switch (effect.kind) {
      case 'finished':
        this.#finished();
        return;
      case 'give-up':
        this.#cutOff();
        this.#giveUp(effect);
        return;
      case 'denied':
        connection.deniedRights.note(effect.error, 'the partition has stopped, and tries again');
        return;
      case 'say':
        this.#say(effect.level, effect.message, effect.error);
        return;
      case 'was-handled':
        metrics?.handled?.(effect.topic, partition, effect);
        return;
      case 'restores':
        metrics?.restoring?.(partition, effect.done / effect.total);
        return;
      case 'was-restored':
        metrics?.restored?.(partition, effect);
        return;
      case 'was-committed': {
        const { records, states, bytes } = effect.group;
        metrics?.committed?.(partition, { records, states: states.length, bytes, durationMs: effect.durationMs });
        return;
      }
      case 'was-not-committed':
        metrics?.commitFailed?.(partition, effect.error);
    }
  }

  #await<R>(
    promise: Promise<R>,
    happened: (result: R) => PartitionEvent<T>,
    failed: (error: Error) => PartitionEvent<T>,
  ): void {
    promise.then(
      (result) => {
        this.#tell(happened(result));
      },
      (thrown: unknown) => {
        this.#tell(failed(asError(thrown)));
      },
    );
  }

  #decode(records: readonly InputRecord[]): void {
    const values = this.#reader.decode(records);
    if (values instanceof Promise) this.#await(values, (settled) => ({ kind: 'decoded', values: settled }), broken);
    else this.#tellLater({ kind: 'decoded', values });
  }

  async #fence(): Promise<void> {
    const { options, tuning } = this.#parts;
    const { connection, service, stateTopics = [] } = options;
    if (stateTopics.length === 0) return;
    const writing = {
      connection,
      transactionalId: `${service}-${String(this.partition)}`,
      topics: stateTopics,
      partition: this.partition,
      transactionTimeoutMs: tuning.transactionTimeoutMs,
    };
    this.#writer = await StateWriter.fence(writing, this.#ended.signal);
  }

  async #locateState(): Promise<{ ranges: ReadonlyMap<string, LogRange>; from: Positions }> {
    const { consumer, options } = this.#parts;
    const { stateTopics = [] } = options;
    const ranges = await consumer.logRanges(stateTopics, this.partition);
    return { ranges, from: (await this.#logic.restoreFrom?.(ranges)) ?? new Map() };
  }

  async #locate({ topic, for: purpose }: Locate): Promise<{ range: LogRange; from?: number | undefined }> {
    const { consumer, options, offsets } = this.#parts;
    const range = await consumer.logRange(topic, this.partition);
    const isOfGroup = options.inputs.some((input) => input.topic === topic && input.start === 'group');
    if (purpose === 'go-on' && isOfGroup) return { range, from: await offsets.committed(topic, this.partition) };
    return { range };
  }

  async #write({ states, processed }: SealedGroup, positions: Positions): Promise<Positions> {
    const { options, offsets } = this.#parts;
    const { connection, service: group } = options;
    const spans = processed.map((record) => beginSettle(connection, record, { group }));
    try {
      const ends = (await this.#writer?.write(states)) ?? new Map<string, number>();
      if (!this.#isOver()) await offsets.handled(this.partition, positions);
      for (const span of spans) span?.end();
      return ends;
    } catch (error) {
      for (const span of spans) span?.end(error);
      throw error;
    }
  }

  #say(level: LogLevel, message: string, error?: Error | OperationalError): void {
    const { connection, service } = this.#parts.options;
    const { partition } = this;
    const fields = error === undefined ? { partition } : { partition, error };
    connection.log(level, `${service} partition ${String(partition)} ${message}`, fields);
  }

  /** Whatever is under way at the brokers fails, and nothing can be written any more. */
  #cutOff(): void {
    this.#ended.abort();
    clearTimeout(this.#timer);
    clearImmediate(this.#turn);
    this.#finished();
  }

  #isOver(): boolean {
    return this.phase === 'closed' || this.phase === 'stopped';
  }
}

type KafkaEffectKind =
  | 'pause'
  | 'resume'
  | 'seek'
  | 'send'
  | 'decode'
  | 'settle'
  | 'write'
  | 'fence'
  | 'locate'
  | 'locate-state'
  | 'restore'
  | 'begin';

const unwritten = (error: Error): { readonly kind: 'unwritten'; readonly error: Error } => ({
  kind: 'unwritten',
  error,
});

const broken = (error: Error): { readonly kind: 'broken'; readonly error: Error } => ({ kind: 'broken', error });
