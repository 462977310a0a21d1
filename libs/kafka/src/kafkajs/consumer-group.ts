/** The part of kafkajs's `ConsumerGroup` that is used here. */
interface ConsumerGroup {
  readonly groupId: string;
  readonly generationId: number | null;
  readonly memberId: string | null;
  readonly coordinator: { heartbeat(member: object): Promise<unknown> } | null;
  readonly instrumentationEmitter: { emit(event: string, payload: object): void };
  heartbeat(options: { readonly interval: number }): Promise<void>;
}

export type ConsumerGroupClass = new (options: object) => ConsumerGroup;

type Step = (this: ConsumerGroup & { heard(heard: Heard): void }) => Promise<void>;

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

/** kafkajs's own name of the event. */
const heartbeatEvent = 'consumer.heartbeat';

/**
 * kafkajs's membership of a group, which never takes itself for a member without an id, and tells when it was heard.
 *
 * Trap: when joining anew fails, kafkajs goes back to fetching without a member id, and without one it sends no
 * heartbeat: it fetches from partitions that belong to others, and neither an error nor a crash tells anybody. Here such
 * a heartbeat fails as the coordinator's own answer does, so that it joins again.
 *
 * A `HEARTBEAT` event comes with every answer of the coordinator, that to `SyncGroup` included; see `Heard`.
 */
export function honestGroup(own: ConsumerGroupClass, ProtocolError: ProtocolErrorClass): ConsumerGroupClass {
  const syncSymbol = Object.getOwnPropertySymbols(own.prototype).find(
    ({ description }) => description === 'private:ConsumerGroup:sync',
  );
  if (syncSymbol === undefined) throw new Error('Expected to find the step SYNC of kafkajs, but it has none');
  const steps = own.prototype as unknown as Record<symbol, Step>;
  const ownSync = steps[syncSymbol];

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

    async #ask(intervalMs: number): Promise<void> {
      const { groupId, generationId: groupGenerationId, memberId, coordinator } = this;
      if (memberId === null || coordinator === null) throw new ProtocolError(unknownMember);
      const askedAt = performance.now();
      if (askedAt < this.askedAt + intervalMs) return;
      await coordinator.heartbeat({ groupId, memberId, groupGenerationId });
      this.heard({ askedAt, isAnswerToSync: false });
    }
  }

  const sync: Step = async function () {
    const askedAt = performance.now();
    await ownSync?.call(this);
    this.heard({ askedAt, isAnswerToSync: true });
  };
  Object.defineProperty(HonestGroup.prototype, syncSymbol, { value: sync });
  return HonestGroup;
}

const unknownMember = {
  type: 'UNKNOWN_MEMBER_ID',
  code: 25,
  retriable: false,
  message: 'This member has no id: it could not join its group',
};
