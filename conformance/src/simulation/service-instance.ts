import type { OutputRecord, PartitionContext, PartitionLogic, Positions, ProcessorTuning } from '@ratchet/kafka';
import type { ProcessorInput } from '@ratchet/kafka';
import { OwnedPartition } from './owned-partition.ts';
import { sessionTimeoutMs, type GroupAssignment, type SimulatedGroup } from './simulated-group.ts';
import type { SimulatedLog } from './simulated-log.ts';
import { SimulatedOutbox } from './simulated-outbox.ts';
import { SimulatedDisk } from './simulated-store.ts';
import { SimulatedProcess, type World } from './world.ts';

/** What a service is, as its runner puts it together. */
export interface SimulatedService {
  /** The group, and the beginning of its transactional ids. */
  readonly name: string;
  readonly inputs: readonly ProcessorInput[];
  readonly stateTopics?: readonly string[];
  /** Made anew whenever a process of it starts. */
  begin(instance: ServiceInstance): (context: PartitionContext) => PartitionLogic<unknown>;
}

export interface InstanceParts {
  readonly world: World;
  readonly log: SimulatedLog;
  readonly group: SimulatedGroup;
  readonly service: SimulatedService;
  readonly tuning: ProcessorTuning;
  readonly partitionsOf: (topic: string) => number;
  /** Told of what the machine of a partition says. */
  readonly onTrouble: (instance: ServiceInstance, partition: number, error: Error) => void;
}

const heartbeatMs = 300;
/** The first answer of the group may have been given before it was asked for. */
const confirmationsOfDoubt = 2;

/**
 * One instance of a service: a member of its group that drives the machines of the partitions that it has. It keeps to the
 * rules of `PartitionProcessor`, whose counterpart it is.
 */
export class ServiceInstance {
  readonly process: SimulatedProcess;
  readonly disk: SimulatedDisk;
  readonly parts: InstanceParts;
  outbox: SimulatedOutbox;
  readonly owned = new Map<number, OwnedPartition>();
  #createLogic: (context: PartitionContext) => PartitionLogic<unknown>;
  #member: string | undefined;
  #generation = -1;
  #ownedCount = 0;
  #leaseUntil = -Infinity;
  #isFinishing = false;

  constructor(name: string, parts: InstanceParts) {
    this.parts = parts;
    this.process = new SimulatedProcess(name);
    this.disk = new SimulatedDisk(parts.world, this.process);
    this.outbox = this.#newOutbox();
    this.#createLogic = parts.service.begin(this);
    this.#join();
  }

  /** Ends at once, between any two of its effects; what it has sent already may still arrive. */
  crash(): void {
    this.process.die();
    this.disk.crash();
    for (const owned of this.owned.values()) owned.vanish();
    this.owned.clear();
  }

  /** A new process in its place, on the same disk. */
  start(): void {
    this.process.revive();
    this.#member = undefined;
    this.#generation = -1;
    this.#leaseUntil = -Infinity;
    this.#isFinishing = false;
    this.outbox = this.#newOutbox();
    this.parts.world.later(this.process, 0, () => {
      this.#createLogic = this.parts.service.begin(this);
      this.#join();
    });
  }

  /** Handles nothing more, commits what it has handled, leaves its group and ends. */
  stop(ended: () => void): void {
    const { world, group } = this.parts;
    this.#isFinishing = true;
    let open = this.owned.size;
    const leave = (): void => {
      if (!this.process.isAlive) return;
      if (this.#member !== undefined) group.leave(this.#member);
      for (const owned of this.owned.values()) owned.lose();
      this.crash();
      ended();
    };
    if (open === 0) world.later(this.process, 0, leave);
    const oneFinished = (): void => {
      if (--open === 0) world.later(this.process, 0, leave);
    };
    for (const owned of [...this.owned.values()]) owned.finish(oneFinished);
    world.later(this.process, sessionTimeoutMs, leave);
  }

  get isHeard(): boolean {
    return this.parts.world.now < this.#leaseUntil;
  }

  /** Tells the group up to where its inputs are done; one that is no member of it any more is not heard. */
  commitOffsets(offsets: ReadonlyMap<string, number>, told: () => void): void {
    const { log, group } = this.parts;
    const { process } = this;
    const [member, generation] = [this.#member ?? '', this.#generation];
    log.call(process, undefined, () => group.commit(member, generation, offsets), told, told);
  }

  send(records: readonly OutputRecord[]): void {
    for (const record of records) this.outbox.add(record);
  }

  #newOutbox(): SimulatedOutbox {
    const { world, log, partitionsOf } = this.parts;
    return new SimulatedOutbox({ world, log, process: this.process, partitionsOf });
  }

  // --- membership ---

  #join(): void {
    if (this.#isFinishing) return;
    const { world, group, log } = this.parts;
    const { process } = this;
    const { life } = process;
    const askedAt = world.now;
    const answer = (assignment: GroupAssignment): void => {
      world.later(process, world.between(1, 8), () => {
        if (process.life === life) this.#joined(assignment, askedAt);
      });
    };
    log.call(
      process,
      undefined,
      () => {
        if (process.life === life) group.join(this.#member, answer);
      },
      () => undefined,
      () => world.later(process, 100, () => this.#join()),
    );
  }

  #joined({ member, generation, partitions }: GroupAssignment, askedAt: number): void {
    if (this.#isFinishing || (member === this.#member && generation <= this.#generation)) return;
    const kept = member === this.#member ? new Set(partitions) : new Set<number>();
    this.#member = member;
    this.#generation = generation;
    this.#ownedCount = partitions.length;
    for (const [partition, owned] of this.owned) {
      if (kept.has(partition)) continue;
      owned.lose();
      this.owned.delete(partition);
    }
    this.#renewLease(askedAt);
    const { isHeard } = this;
    for (const partition of partitions) {
      const owned = this.owned.get(partition);
      if (owned === undefined) this.#own(partition, isHeard ? 0 : confirmationsOfDoubt);
      else owned.rejoined(this.#ownedCount);
    }
    this.#heard(askedAt, isHeard ? Infinity : 0);
    this.#beat(member, generation);
  }

  #own(partition: number, confirmations: number): void {
    if (this.#isFinishing) return;
    const { parts } = this;
    const owned = new OwnedPartition({
      ...parts,
      instance: this,
      partition,
      confirmations,
      leaseUntil: this.#leaseUntil,
      ownedCount: this.#ownedCount,
      createLogic: this.#createLogic,
      onGivenUp: () => {
        if (this.owned.get(partition) !== owned) return;
        this.owned.delete(partition);
        this.#own(partition, confirmationsOfDoubt);
      },
    });
    this.owned.set(partition, owned);
    owned.start();
  }

  #beat(member: string, generation: number): void {
    const { world, log, group } = this.parts;
    const { process } = this;
    const isCurrent = (): boolean => this.#member === member && this.#generation === generation && !this.#isFinishing;
    world.later(process, heartbeatMs, () => {
      if (!isCurrent()) return;
      const askedAt = world.now;
      log.call(
        process,
        undefined,
        () => group.heartbeat(member, generation),
        (answer) => {
          if (!isCurrent()) return;
          if (answer === 'go-on') {
            this.#heard(askedAt, 1);
            this.#beat(member, generation);
          } else {
            // It goes on under the former assignment until the group has formed anew.
            this.#join();
          }
        },
        () => this.#beat(member, generation),
      );
    });
  }

  #heard(askedAt: number, confirmations: number): void {
    this.#renewLease(askedAt);
    for (const owned of this.owned.values()) owned.heard(this.#leaseUntil, confirmations);
  }

  #renewLease(askedAt: number): void {
    this.#leaseUntil = askedAt + sessionTimeoutMs;
  }
}

/** How a place in the offsets of a group is named. */
export const placeOf = (topic: string, partition: number): string => `${topic}/${String(partition)}`;

export const placesOf = (partition: number, positions: Positions): ReadonlyMap<string, number> =>
  new Map(Array.from(positions, ([topic, offset]) => [placeOf(topic, partition), offset]));
