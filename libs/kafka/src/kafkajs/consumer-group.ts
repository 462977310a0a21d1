/** The part of kafkajs's `ConsumerGroup` that is used here. */
interface ConsumerGroup {
  readonly groupId: string;
  readonly generationId: number | null;
  readonly memberId: string | null;
  readonly offsetManager: { readonly memberAssignment: Readonly<Record<string, readonly number[]>> } | null;
  readonly cluster: { findGroupCoordinator(group: { readonly groupId: string }): Promise<Coordinator> };
  readonly coordinator: Coordinator | null;
  readonly instrumentationEmitter: { emit(event: string, payload: object): void };
  heartbeat(options: { readonly interval: number }): Promise<void>;
  joinAndSync(): Promise<void>;
  resolveOffset(at: { readonly topic: string; readonly partition: number; readonly offset: string }): void;
  leave(): Promise<void>;
}

interface Coordinator {
  heartbeat(member: object): Promise<unknown>;
  syncGroup(request: object): Promise<{ readonly memberAssignment: Buffer }>;
  leaveGroup(member: { readonly groupId: string; readonly memberId: string }): Promise<unknown>;
}

export type ConsumerGroupClass = new (options: object) => ConsumerGroup;

export type HonestGroupClass = new (options: object) => HonestMember;

type Step = (this: HonestMember) => Promise<void>;

export interface HonestMember extends ConsumerGroup {
  readonly membership: Membership | undefined;
  heard(heard: Heard): void;
  comeAnew(): Promise<void>;
}

/** kafkajs throws this when a coordinator does not know the member; its runner then joins anew. */
export type ProtocolErrorClass = new (answer: object) => Error;

/** What a `HEARTBEAT` event carries beside what kafkajs says. */
export interface Heard {
  /**
   * When the coordinator was asked, on the clock of `performance.now()`. The coordinator counts the session from then or
   * later; a process that was stopped before it read the answer must not count from its awakening.
   */
  readonly askedAt: number;
  /** Whether it was the answer to `SyncGroup`, which brings the assignment: `GROUP_JOIN` is next. */
  readonly isAnswerToSync: boolean;
}

/** What whoever makes members anew knows of one. */
export interface Membership {
  /** Under which it is known to its coordinator, or may be; the same set for whoever takes its place. */
  readonly memberIds: Set<string>;
  /** Told when the coordinator is found of which it will be a new member. */
  readonly onCoordinatorFound: () => void;
  /** Of a member that goes on fetching while its group forms anew; absent: it fetches nothing meanwhile, as kafkajs has it. */
  readonly steady?: Steadiness;
  /** The assignment as it came; kafkajs keeps the partitions of it alone. */
  assignment?: Buffer;
  /** Has the group form anew, with what this member says of itself now. Absent until it has joined. */
  rejoin?: () => void;
}

export interface Steadiness {
  /** How often the coordinator is asked, whatever a fetch waits for. */
  readonly heartbeatMs: number;
  /** Another has taken its place. */
  readonly isOver: () => boolean;
}

/** By kafkajs's cluster. */
export const membershipIn = new WeakMap<object, Membership>();

/** kafkajs's own name of the event. */
const heartbeatEvent = 'consumer.heartbeat';

/**
 * kafkajs's membership of a group, which never takes itself for a member without an id, and tells when it was heard.
 *
 * Trap: when joining anew fails, kafkajs goes back to fetching without a member id, and without one it sends no
 * heartbeat: it fetches from partitions that belong to others, and neither an error nor a crash tells anybody. Here such
 * a heartbeat fails as the coordinator's own answer does, so that it joins again.
 *
 * Whoever was a member before, under another id, leaves before this one joins: the coordinator would wait a session for
 * whom a broker's restart or a cut has kept from saying goodbye, and nobody would own anything so long. See `Membership`.
 *
 * A `HEARTBEAT` event comes with every answer of the coordinator, that to `SyncGroup` included; see `Heard`.
 */
export function honestGroup(own: ConsumerGroupClass, ProtocolError: ProtocolErrorClass): HonestGroupClass {
  const steps = own.prototype as unknown as Record<symbol, Step>;
  const [joinSymbol, ownJoin] = stepOf(steps, 'join');
  const [syncSymbol, ownSync] = stepOf(steps, 'sync');

  class HonestGroup extends own {
    askedAt = -Infinity;
    #asking: Promise<void> | undefined;

    override heartbeat({ interval }: { readonly interval: number }): Promise<void> {
      return (this.#asking ??= this.#ask(interval).finally(() => (this.#asking = undefined)));
    }

    heard(heard: Heard): void {
      this.askedAt = heard.askedAt;
      const { groupId, memberId, generationId: groupGenerationId } = this;
      this.instrumentationEmitter.emit(heartbeatEvent, { groupId, memberId, groupGenerationId, ...heard });
    }

    override async leave(): Promise<void> {
      const { memberId } = this;
      await super.leave();
      if (memberId !== null) this.membership?.memberIds.delete(memberId);
    }

    get membership(): Membership | undefined {
      return membershipIn.get(this.cluster);
    }

    /** Fails as a join does while the coordinator is not to be had: it is tried again with it. */
    async comeAnew(): Promise<void> {
      const { groupId, membership } = this;
      if (membership === undefined) return;
      const coordinator = await this.cluster.findGroupCoordinator({ groupId });
      membership.onCoordinatorFound();
      for (const memberId of membership.memberIds) {
        await coordinator.leaveGroup({ groupId, memberId }).catch((error: unknown) => {
          if (typeOf(error) !== unknownMember.type) throw error;
        });
        membership.memberIds.delete(memberId);
      }
    }

    async #ask(intervalMs: number): Promise<void> {
      const { groupId, generationId: groupGenerationId, memberId, coordinator } = this;
      if (memberId === null || coordinator === null) throw new ProtocolError(unknownMember);
      const askedAt = performance.now();
      if (askedAt < this.askedAt + intervalMs) return;
      await coordinator.heartbeat({ groupId, memberId, groupGenerationId });
      this.heard({ askedAt, isAnswerToSync: false });
    }
  }

  const join: Step = async function () {
    if (this.memberId === null || this.memberId === '') await this.comeAnew();
    await ownJoin.call(this);
    if (this.memberId !== null) this.membership?.memberIds.add(this.memberId);
  };
  const sync: Step = async function () {
    const askedAt = performance.now();
    await keepingAssignment(this, () => ownSync.call(this));
    this.heard({ askedAt, isAnswerToSync: true });
  };
  Object.defineProperty(HonestGroup.prototype, joinSymbol, { value: join });
  Object.defineProperty(HonestGroup.prototype, syncSymbol, { value: sync });
  return HonestGroup;
}

/** kafkajs's name of a broker's error. */
export const typeOf = (error: unknown): unknown => (error as { readonly type?: unknown }).type;

/** Trap: kafkajs reads the partitions out of an assignment, and drops what else the leader has said. */
async function keepingAssignment({ coordinator, membership }: HonestMember, sync: () => Promise<void>): Promise<void> {
  if (coordinator === null || membership === undefined) return sync();
  coordinator.syncGroup = async (request) => {
    const answer = await (Object.getPrototypeOf(coordinator) as Coordinator).syncGroup.call(coordinator, request);
    membership.assignment = answer.memberAssignment;
    return answer;
  };
  try {
    await sync();
  } finally {
    Reflect.deleteProperty(coordinator, 'syncGroup');
  }
}

function stepOf(steps: Record<symbol, Step>, name: string): readonly [symbol, Step] {
  const symbol = Object.getOwnPropertySymbols(steps).find(
    ({ description }) => description === `private:ConsumerGroup:${name}`,
  );
  const step = symbol && steps[symbol];
  if (symbol === undefined || step === undefined)
    throw new Error(`Expected to find the step '${name}' of kafkajs's ConsumerGroup, but it has none`);
  return [symbol, step];
}

const unknownMember = {
  type: 'UNKNOWN_MEMBER_ID',
  code: 25,
  retriable: false,
  message: 'This member has no id: it could not join its group',
};
