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

type Step = (this: HonestMember) => Promise<void>;

interface HonestMember extends ConsumerGroup {
  readonly membership: Membership | undefined;
  heard(heard: Heard): void;
  comeAnew(): Promise<void>;
  beSteady(): void;
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

/** kafkajs's own names of the events. */
const heartbeatEvent = 'consumer.heartbeat';
const rebalancingEvent = 'consumer.rebalancing';

/**
 * For so long from when the group forms anew no fetch waits for records to come: what is assigned by then is fetched from
 * with the next one.
 */
const hurryMs = 2_000;
const hurriedWaitMs = 5;

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
 *
 * kafkajs fetches nothing from when it hears that the group forms anew until it has its new assignment, for which the
 * slowest member is waited for. A steady member (`Membership.steady`) joins beside its fetching, under its former
 * assignment: nobody else can own any of it before the new one is there, or the session is over.
 */
export function honestGroup(own: ConsumerGroupClass, ProtocolError: ProtocolErrorClass): ConsumerGroupClass {
  const steps = own.prototype as unknown as Record<symbol, Step>;
  const [joinSymbol, ownJoin] = stepOf(steps, 'join');
  const [syncSymbol, ownSync] = stepOf(steps, 'sync');

  class HonestGroup extends own {
    askedAt = -Infinity;
    #asking: Promise<void> | undefined;

    #joining: Promise<void> | undefined;
    /** Why it could not join again beside its fetching. */
    #failure: Error | undefined;
    #hasLeft = false;
    #hurriesUntil = -Infinity;
    #timer: NodeJS.Timeout | undefined;

    get maxWaitTime(): number {
      const ms = waits.get(this) ?? 0;
      return performance.now() < this.#hurriesUntil ? Math.min(ms, hurriedWaitMs) : ms;
    }

    /** kafkajs's constructor sets it, before this class has any field. */
    set maxWaitTime(ms: number) {
      waits.set(this, ms);
    }

    override heartbeat({ interval }: { readonly interval: number }): Promise<void> {
      return (this.#asking ??= this.#ask(interval).finally(() => (this.#asking = undefined)));
    }

    /** One at a time: a fetch that finds its metadata old asks for it, too. */
    override joinAndSync(): Promise<void> {
      return (this.#joining ??= super.joinAndSync().finally(() => (this.#joining = undefined)));
    }

    /** What a fetch has brought of a partition that is not assigned any more is of no interest. */
    override resolveOffset(at: { readonly topic: string; readonly partition: number; readonly offset: string }): void {
      if (this.offsetManager?.memberAssignment[at.topic]?.includes(at.partition) === true) super.resolveOffset(at);
    }

    heard(heard: Heard): void {
      this.askedAt = heard.askedAt;
      const { groupId, memberId, generationId: groupGenerationId } = this;
      this.instrumentationEmitter.emit(heartbeatEvent, { groupId, memberId, groupGenerationId, ...heard });
    }

    override async leave(): Promise<void> {
      this.#hasLeft = true;
      clearInterval(this.#timer);
      // What the coordinator answers last counts: to a member that has left, and joins after it, it would be one again.
      await this.#joining?.catch(() => undefined);
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
      const { groupId, generationId: groupGenerationId, memberId, coordinator, membership } = this;
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure;
      if (this.#joining !== undefined) return;
      if (memberId === null || coordinator === null) throw new ProtocolError(unknownMember);
      const askedAt = performance.now();
      if (askedAt < this.askedAt + intervalMs) return;
      try {
        await coordinator.heartbeat({ groupId, memberId, groupGenerationId });
      } catch (error) {
        if (membership?.steady === undefined || typeOf(error) !== 'REBALANCE_IN_PROGRESS') throw error;
        this.#rejoin();
        return;
      }
      this.heard({ askedAt, isAnswerToSync: false });
    }

    /** Beside the fetching, which goes on and meets what comes of it with the next heartbeat. */
    #rejoin(): void {
      if (this.#joining !== undefined || this.#hasLeft) return;
      const { groupId, memberId } = this;
      this.#hurry();
      this.instrumentationEmitter.emit(rebalancingEvent, { groupId, memberId });
      this.joinAndSync().catch((error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error), { cause: error });
      });
    }

    #hurry(): void {
      if (this.membership?.steady !== undefined) this.#hurriesUntil = performance.now() + hurryMs;
    }

    /** From the first generation on. */
    beSteady(): void {
      const { membership } = this;
      const { steady } = membership ?? {};
      if (membership === undefined || steady === undefined) return;
      this.#hurry();
      membership.rejoin = () => {
        this.#rejoin();
      };
      this.#timer ??= setInterval(() => {
        // Whoever fetches meets the failure, too.
        if (steady.isOver()) clearInterval(this.#timer);
        else this.heartbeat({ interval: steady.heartbeatMs }).catch(() => undefined);
      }, steady.heartbeatMs).unref();
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
    this.beSteady();
    this.heard({ askedAt, isAnswerToSync: true });
  };
  Object.defineProperty(HonestGroup.prototype, joinSymbol, { value: join });
  Object.defineProperty(HonestGroup.prototype, syncSymbol, { value: sync });
  return HonestGroup;
}

/** How long a fetch of a group waits at the broker for records to come, as it was configured. */
const waits = new WeakMap<object, number>();

const typeOf = (error: unknown): unknown => (error as { readonly type?: unknown }).type;

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
