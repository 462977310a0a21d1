import {
  noTracing,
  type InputRecord,
  type OutputRecord,
  type PartitionContext,
  type PartitionLogic,
  type Positions,
} from '@ratchet/kafka';
import {
  PartitionMachine,
  PartitionReader,
  type FetchedBatch,
  type Locate,
  type LocateState,
  type PartitionEffect,
  type PartitionEvent,
  type PartitionPhase,
  type SealedGroup,
} from '@ratchet/kafka/testing';
import { placeOf, placesOf, type InstanceParts, type ServiceInstance } from './service-instance.ts';
import type { PartitionLog } from './simulated-log.ts';

export interface OwnedParts extends InstanceParts {
  readonly instance: ServiceInstance;
  readonly partition: number;
  readonly confirmations: number;
  readonly leaseUntil: number;
  readonly ownedCount: number;
  readonly createLogic: (context: PartitionContext) => PartitionLogic<unknown>;
  readonly onGivenUp: () => void;
}

/** Between two looks whether the former transaction has been ended. */
const concurrentMs = 25;

/** Performs on the simulated log what the machine of one owned partition says: the counterpart of `PartitionDriver`. */
export class OwnedPartition {
  readonly partition: number;
  readonly logic: PartitionLogic<unknown>;
  readonly machine: PartitionMachine<unknown>;
  readonly #parts: OwnedParts;
  readonly #reader: PartitionReader<unknown>;
  readonly #positions = new Map<string, number>();
  readonly #flows = new Set<string>();
  readonly #fetches = new Set<string>();
  readonly #unsubscribe: (() => void)[] = [];
  readonly #events: PartitionEvent<unknown>[] = [];
  #isStepping = false;
  #cancelAlarm: () => void = () => undefined;
  #epoch = -1;
  #isGone = false;
  #finished: () => void = () => undefined;

  constructor(parts: OwnedParts) {
    const { partition, service, world, tuning, confirmations, leaseUntil, ownedCount, createLogic, instance } = parts;
    this.#parts = parts;
    this.partition = partition;
    this.logic = createLogic({
      partition,
      send: (records, sent) => {
        if (this.#isOver()) return;
        const traced = records.map((record) => this.machine.inTraceOfKey(record));
        instance.outbox.addAll(traced, sent);
      },
    });
    this.machine = new PartitionMachine<unknown>({
      service: service.name,
      inputs: service.inputs,
      stateTopics: this.#stateTopics,
      connection: { log: () => undefined, realName: (name) => name, tracing: noTracing },
      partition,
      tuning,
      logic: this.logic,
      confirmations,
      leaseUntil,
      ownedCount,
      now: world.now,
    });
    this.#reader = new PartitionReader<unknown>(this.logic, {
      halted: (error) => this.#tell({ kind: 'halted', error }),
      poisoned: (record, error) => this.#tell({ kind: 'poisoned', record, error }),
      isOver: () => this.#isOver(),
    });
    for (const topic of this.#topics) {
      this.#unsubscribe.push(this.#logOf(topic).subscribe(() => this.#wantFetch(topic)));
    }
  }

  get phase(): PartitionPhase {
    return this.machine.phase;
  }

  start(): void {
    this.#tell({ kind: 'wake' });
  }

  heard(leaseUntil: number, confirmations: number): void {
    this.#tell({ kind: 'heard', leaseUntil, confirmations });
  }

  /** The consumer has forgotten what it was told. */
  rejoined(ownedCount: number): void {
    this.#positions.clear();
    this.#flows.clear();
    for (const topic of this.#topics) this.#flows.add(topic);
    this.#tell({ kind: 'rejoined', ownedCount });
  }

  finish(finished: () => void): void {
    if (this.phase !== 'running') {
      this.#tell({ kind: 'finish' });
      finished();
      return;
    }
    this.#finished = finished;
    this.#tell({ kind: 'finish' });
  }

  lose(): void {
    this.#tell({ kind: 'lost' });
    this.vanish();
  }

  /** Its process is gone: nobody is told anything. */
  vanish(): void {
    this.#isGone = true;
    this.#cancelAlarm();
    for (const each of this.#unsubscribe) each();
  }

  /** May come about in any step, which the compiler cannot know. */
  #isLeft(): boolean {
    return this.#isGone;
  }

  #isOver(): boolean {
    return this.#isGone || this.phase === 'closed' || this.phase === 'stopped';
  }

  // --- events and effects ---

  #tell(event: PartitionEvent<unknown>): void {
    if (this.#isGone) return;
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    const { world, tuning, instance } = this.#parts;
    try {
      for (let next = this.#events.shift(); next !== undefined && !this.#isLeft(); next = this.#events.shift()) {
        const room = tuning.outboxBytesMax - instance.outbox.pendingBytes;
        for (const effect of this.machine.step(next, world.now, room)) this.#performSafely(effect);
      }
    } finally {
      this.#isStepping = false;
    }
    const { error, phase } = this.machine;
    if (phase === 'stopped' && error !== undefined) this.#parts.onTrouble(instance, this.partition, error);
    this.#arm();
  }

  #performSafely(effect: PartitionEffect): void {
    if (this.#isGone) return;
    try {
      this.#perform(effect);
    } catch (error) {
      this.#events.push({ kind: 'broken', error: error as Error });
    }
  }

  #arm(): void {
    this.#cancelAlarm();
    const at = this.machine.wakesAt;
    if (at === Infinity || this.#isGone) return;
    const { world, instance } = this.#parts;
    this.#cancelAlarm = world.later(instance.process, Math.max(0, at - world.now), () => {
      this.#tell({ kind: 'wake' });
    });
  }

  /** What is to be told, a little later, to whoever is still there. */
  #tellIn(delayMs: number, event: PartitionEvent<unknown>): void {
    const { world, instance } = this.#parts;
    world.later(instance.process, delayMs, () => {
      this.#tell(event);
    });
  }

  #await<R>(promise: Promise<R>, told: (result: R) => PartitionEvent<unknown>, failed = broken): void {
    promise.then(
      (result) => this.#tellIn(0, told(result)),
      (error: unknown) => this.#tellIn(0, failed(error as Error)),
    );
  }

  #perform(effect: PartitionEffect): void {
    const { instance } = this.#parts;
    switch (effect.kind) {
      case 'pause':
        this.#flows.delete(effect.topic);
        return;
      case 'resume':
        this.#flows.add(effect.topic);
        this.#wantFetch(effect.topic);
        return;
      case 'seek':
        this.#positions.set(effect.topic, effect.offset);
        this.#wantFetch(effect.topic);
        return;
      case 'send':
        instance.send(effect.records);
        return;
      case 'decode':
        this.#decode(effect.records);
        return;
      case 'settle':
        instance.outbox.whenSettled(() => this.#tell({ kind: 'settled' }));
        return;
      case 'write':
        this.#write(effect.group, effect.positions);
        return;
      case 'fence':
        this.#fence();
        return;
      case 'locate':
        this.#locate(effect);
        return;
      case 'locate-state':
        this.#locateState(effect);
        return;
      case 'restore':
        this.#await(this.#reader.restore(effect.batch.records, effect.count), () => ({ kind: 'restored' }));
        return;
      case 'begin':
        this.#await((async () => this.logic.restored())(), (positions) => ({ kind: 'begun', positions }));
        return;
      case 'finished':
        this.#finished();
        return;
      case 'give-up':
        this.#sayGivenUp(effect.error);
        this.vanish();
        this.#finished();
        this.#parts.world.later(instance.process, 0, this.#parts.onGivenUp);
        return;
      default:
    }
  }

  #sayGivenUp(error: Error): void {
    const { world, instance } = this.#parts;
    world.say(`${instance.process.name} gives partition ${String(this.partition)} up: ${error.message}`);
  }

  #decode(records: readonly InputRecord[]): void {
    const values = this.#reader.decode(records);
    if (values instanceof Promise) this.#await(values, (settled) => ({ kind: 'decoded', values: settled }));
    else this.#events.push({ kind: 'decoded', values });
  }

  // --- questions to the brokers ---

  #fence(): void {
    const { log, instance, world } = this.#parts;
    if (this.#stateTopics.length === 0) {
      this.#tellIn(0, { kind: 'fenced' });
      return;
    }
    log.call(
      instance.process,
      undefined,
      () => log.fence(this.#transactionalId),
      (epoch) => {
        if (this.#isGone) return;
        if (epoch === undefined) world.later(instance.process, concurrentMs, () => this.#fence());
        else {
          this.#epoch = epoch;
          world.say(`${instance.process.name} has fenced partition ${String(this.partition)} (epoch ${String(epoch)})`);
          this.#tell({ kind: 'fenced' });
        }
      },
      (error) => this.#tell({ kind: 'failed', asked: { kind: 'fence' }, error }),
    );
  }

  #locate(asked: Locate): void {
    const { log, instance, service, group } = this.#parts;
    const { topic } = asked;
    const at = this.#logOf(topic);
    log.call(
      instance.process,
      at,
      () => ({ range: log.rangeOf(at), committed: group.committed(placeOf(topic, this.partition)) }),
      ({ range, committed }) => {
        if (this.#isGone) return;
        const isOfGroup = service.inputs.some((input) => input.topic === topic && input.start === 'group');
        if (asked.for === 'go-on' && isOfGroup) this.#tell({ kind: 'located', asked, range, from: committed });
        else this.#tell({ kind: 'located', asked, range });
      },
      (error) => this.#tell({ kind: 'failed', asked, error }),
    );
  }

  #locateState(asked: LocateState): void {
    const { log, instance } = this.#parts;
    const failed = (error: Error): PartitionEvent<unknown> => ({ kind: 'failed', asked, error });
    log.call(
      instance.process,
      undefined,
      () => new Map(this.#stateTopics.map((topic) => [topic, log.rangeOf(this.#logOf(topic))])),
      (ranges) => {
        if (this.#isGone) return;
        this.#await(
          (async () => (await this.logic.restoreFrom?.(ranges)) ?? new Map<string, number>())(),
          (from) => ({ kind: 'state-located', ranges, from }),
          failed,
        );
      },
      (error) => this.#tell(failed(error)),
    );
  }

  // --- state ---

  get #transactionalId(): string {
    return `${this.#parts.service.name}-${String(this.partition)}`;
  }

  #write(group: SealedGroup, positions: Positions): void {
    const { instance } = this.#parts;
    const places = placesOf(this.partition, positions);
    const written = (ends: Positions): void => this.#tell({ kind: 'written', ends });
    if (this.#stateTopics.length === 0) {
      instance.commitOffsets(places, () => written(new Map()));
      return;
    }
    const { states } = group;
    const cut = this.#parts.world.roll(states.length + 1);
    const parts = [states.slice(0, cut), states.slice(cut)].flatMap((part) => [
      ...Map.groupBy(part, ({ topic }) => topic).values(),
    ]);
    this.#writeParts(parts, new Map(), written);
  }

  /** Each part goes to a topic of its own, as a request of its own. */
  #writeParts(parts: readonly (readonly OutputRecord[])[], ends: Positions, written: (ends: Positions) => void): void {
    const { log, instance, world } = this.#parts;
    const epoch = this.#epoch;
    const [part, ...others] = parts;
    if (part === undefined) {
      this.#commit(() => written(ends));
      return;
    }
    const topic = part[0]?.topic ?? '';
    const at = this.#logOf(topic);
    log.call(
      instance.process,
      at,
      () => log.write(this.#transactionalId, epoch, at, part),
      (reached) => {
        if (this.#isGone) return;
        if (reached === undefined)
          world.later(instance.process, concurrentMs, () => this.#writeParts(parts, ends, written));
        else this.#writeParts(others, new Map([...ends, [topic, reached]]), written);
      },
      (error) => this.#tell({ kind: 'unwritten', error }),
    );
  }

  #commit(written: () => void): void {
    const { log, instance, world } = this.#parts;
    let isCommitted = false;
    log.call(
      instance.process,
      undefined,
      () => {
        log.commit(this.#transactionalId, this.#epoch);
        isCommitted = true;
      },
      written,
      (error) => {
        if (!('type' in error)) world.count(isCommitted ? 'commit-unknown' : 'commit-lost');
        this.#tell({ kind: 'unwritten', error });
      },
    );
  }

  // --- fetching ---

  get #topics(): readonly string[] {
    return [...this.#parts.service.inputs.map(({ topic }) => topic), ...this.#stateTopics];
  }

  get #stateTopics(): readonly string[] {
    return this.#parts.service.stateTopics ?? [];
  }

  #logOf(topic: string): PartitionLog {
    return this.#parts.log.of(topic, this.partition);
  }

  #wantFetch(topic: string): void {
    const { world, instance } = this.#parts;
    if (this.#isGone || !this.#flows.has(topic) || this.#fetches.has(topic)) return;
    this.#fetches.add(topic);
    world.later(instance.process, world.between(1, 15), () => {
      this.#fetch(topic);
    });
  }

  #fetch(topic: string): void {
    const { world, log, instance } = this.#parts;
    this.#fetches.delete(topic);
    if (this.#isGone || !this.#flows.has(topic)) return;
    const at = this.#logOf(topic);
    if (log.brokers[at.leader]?.isUp !== true) {
      world.later(instance.process, 100, () => this.#wantFetch(topic));
      return;
    }
    const position = this.#positions.get(topic) ?? 0;
    const batch = log.fetch(at, position, world.pick([1, 5, 20, 200]));
    if (batch === undefined) return;
    this.#fetches.add(topic);
    world.later(instance.process, world.between(1, 6), () => {
      this.#fetches.delete(topic);
      this.#arrived(batch, position);
    });
  }

  /** What comes for a position that is not asked for any more is mostly dropped by the client library. */
  #arrived(batch: FetchedBatch, askedAt: number): void {
    const { topic } = batch;
    const isAsked = (this.#positions.get(topic) ?? 0) === askedAt && this.#flows.has(topic);
    if (isAsked || this.#parts.world.roll(3) === 0) {
      if (isAsked) this.#positions.set(topic, batch.nextOffset);
      this.#tell({ kind: 'fetched', batch });
    }
    this.#wantFetch(topic);
  }
}

const broken = (error: Error): PartitionEvent<unknown> => ({ kind: 'broken', error });
