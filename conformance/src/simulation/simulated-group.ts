import type { World } from './world.ts';

/** What the coordinator answers to a member that joins. */
export interface GroupAssignment {
  readonly member: string;
  readonly generation: number;
  readonly partitions: readonly number[];
}

interface Member {
  readonly id: string;
  sessionUntil: number;
  partitions: readonly number[];
  /** Answers its request to join; `undefined`: it has not asked since the group began to form anew. */
  joining: ((assignment: GroupAssignment) => void) | undefined;
}

export const sessionTimeoutMs = 3_000;
/** Whoever has not joined again by then is no member any more. */
const rebalanceMsMax = 2_000;
const lookMs = 250;

/** The coordinator of one consumer group: who is a member, who has which partitions, and the committed offsets. */
export class SimulatedGroup {
  readonly #world: World;
  readonly #partitions: number;
  readonly #members = new Map<string, Member>();
  readonly #offsets = new Map<string, number>();
  #generation = 0;
  #memberCount = 0;
  /** While the group forms anew: when it stops waiting for members. */
  #formsAt: number | undefined;

  constructor(world: World, partitions: number) {
    this.#world = world;
    this.#partitions = partitions;
    this.#look();
  }

  /** @param member the id that it had; `undefined`, or one that is not known any more: it comes as a new one. */
  join(member: string | undefined, answer: (assignment: GroupAssignment) => void): void {
    const known = member === undefined ? undefined : this.#members.get(member);
    const joined = known ?? this.#added();
    joined.joining = answer;
    joined.sessionUntil = this.#world.now + sessionTimeoutMs;
    this.rebalance();
    this.#formIfAll();
  }

  /** @returns what the member must do. */
  heartbeat(member: string, generation: number): 'go-on' | 'join-again' | 'unknown' {
    const known = this.#members.get(member);
    if (known === undefined) return 'unknown';
    known.sessionUntil = this.#world.now + sessionTimeoutMs;
    return this.#formsAt !== undefined || generation !== this.#generation ? 'join-again' : 'go-on';
  }

  leave(member: string): void {
    if (this.#members.delete(member)) this.rebalance();
  }

  /** @throws when the member is not one of this generation. */
  commit(member: string, generation: number, offsets: ReadonlyMap<string, number>): void {
    if (!this.#members.has(member) || generation !== this.#generation) throw new Error('The member is not known');
    for (const [place, offset] of offsets) this.#offsets.set(place, offset);
  }

  committed(place: string): number | undefined {
    return this.#offsets.get(place);
  }

  /** The group forms anew: every member learns it with its next heartbeat, and joins again. */
  rebalance(): void {
    this.#formsAt ??= this.#world.now + rebalanceMsMax;
  }

  #added(): Member {
    const id = `member-${String(++this.#memberCount)}`;
    const member: Member = { id, sessionUntil: 0, partitions: [], joining: undefined };
    this.#members.set(id, member);
    return member;
  }

  #look(): void {
    const { now } = this.#world;
    for (const [id, { sessionUntil, joining }] of this.#members) {
      if (joining !== undefined || sessionUntil > now) continue;
      this.#world.count('session-expired');
      this.leave(id);
    }
    if (this.#formsAt !== undefined && now >= this.#formsAt) {
      for (const [id, { joining }] of this.#members) if (joining === undefined) this.#members.delete(id);
      this.#form();
    }
    this.#world.later(undefined, lookMs, () => {
      this.#look();
    });
  }

  #formIfAll(): void {
    if (this.#formsAt === undefined) return;
    for (const { joining } of this.#members.values()) if (joining === undefined) return;
    this.#form();
  }

  #form(): void {
    if (this.#members.size === 0) return;
    this.#formsAt = undefined;
    this.#generation++;
    this.#assign();
    for (const member of this.#members.values()) {
      const { id, partitions, joining } = member;
      member.sessionUntil = this.#world.now + sessionTimeoutMs;
      member.joining = undefined;
      joining?.({ member: id, generation: this.#generation, partitions });
    }
  }

  /** Most stay where they were; some move, more than any assigner would have it. */
  #assign(): void {
    const members = [...this.#members.values()];
    const next = new Map(members.map((member) => [member, new Array<number>()]));
    for (let partition = 0; partition < this.#partitions; partition++) {
      const holder = members.find(({ partitions }) => partitions.includes(partition));
      const stays = holder !== undefined && (!this.#world.hasFaults || this.#world.roll(3) > 0);
      next.get(stays ? holder : this.#world.pick(members))?.push(partition);
    }
    for (const [member, partitions] of next) member.partitions = partitions;
  }
}
