import {
  typeOf,
  type ConsumerGroupClass,
  type Heard,
  type HonestGroupClass,
  type HonestMember,
} from './consumer-group.ts';

/** kafkajs's own name of the event. */
const rebalancingEvent = 'consumer.rebalancing';

/**
 * For so long from when the group forms anew no fetch waits for records to come: what is assigned by then is fetched from
 * with the next one.
 */
const hurryMs = 2_000;
const hurriedWaitMs = 5;

/** How long a fetch of a group waits at the broker for records to come, as it was configured. */
const waits = new WeakMap<object, number>();

interface HurryingGroup extends HonestMember {
  hurry(): void;
}

function hurryingGroup(Honest: HonestGroupClass): new (options: object) => HurryingGroup {
  return class extends Honest {
    #until = -Infinity;

    get maxWaitTime(): number {
      const ms = waits.get(this) ?? 0;
      return performance.now() < this.#until ? Math.min(ms, hurriedWaitMs) : ms;
    }

    /** kafkajs's constructor sets it, before this class has any field. */
    set maxWaitTime(ms: number) {
      waits.set(this, ms);
    }

    hurry(): void {
      this.#until = performance.now() + hurryMs;
    }
  };
}

/**
 * A membership that goes on fetching under its former assignment while its group forms anew (`Membership.steady`): nobody
 * else can own any of it before the new assignment is there, or the session is over.
 *
 * Trap: kafkajs fetches nothing from when it hears that the group forms anew until it has its new assignment, for which the
 * slowest member is waited for; and it hears of it between two fetches only.
 *
 * What becomes of a join beside the fetching is met by the next heartbeat: it is thrown there, as kafkajs's runner expects it.
 */
export function steadyGroup(Honest: HonestGroupClass): ConsumerGroupClass {
  return class SteadyGroup extends hurryingGroup(Honest) {
    #joining: Promise<void> | undefined;
    #failure: Error | undefined;
    #hasLeft = false;
    #timer: NodeJS.Timeout | undefined;

    override async heartbeat(options: { readonly interval: number }): Promise<void> {
      const failure = this.#failure;
      this.#failure = undefined;
      if (failure !== undefined) throw failure;
      if (this.#joining !== undefined) return;
      try {
        await super.heartbeat(options);
      } catch (error) {
        if (this.membership?.steady === undefined || typeOf(error) !== 'REBALANCE_IN_PROGRESS') throw error;
        this.#rejoin();
      }
    }

    /** One at a time: a fetch that finds its metadata old asks for it, too. */
    override joinAndSync(): Promise<void> {
      return (this.#joining ??= super.joinAndSync().finally(() => (this.#joining = undefined)));
    }

    override heard(heard: Heard): void {
      if (heard.isAnswerToSync) this.#beSteady();
      super.heard(heard);
    }

    /** What a fetch has brought of a partition that is not assigned any more is of no interest. */
    override resolveOffset(at: Parameters<InstanceType<HonestGroupClass>['resolveOffset']>[0]): void {
      if (this.offsetManager?.memberAssignment[at.topic]?.includes(at.partition) === true) super.resolveOffset(at);
    }

    override async leave(): Promise<void> {
      this.#hasLeft = true;
      clearInterval(this.#timer);
      // Whoever leaves while its join is under way would be a member again by the answer to that.
      await this.#joining?.catch(() => undefined);
      await super.leave();
    }

    #rejoin(): void {
      if (this.#joining !== undefined || this.#hasLeft) return;
      const { groupId, memberId } = this;
      this.hurry();
      this.instrumentationEmitter.emit(rebalancingEvent, { groupId, memberId });
      this.joinAndSync().catch((error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error), { cause: error });
      });
    }

    /** From the first generation on. */
    #beSteady(): void {
      const { membership } = this;
      const { steady } = membership ?? {};
      if (membership === undefined || steady === undefined) return;
      this.hurry();
      membership.rejoin = () => {
        this.#rejoin();
      };
      this.#timer ??= setInterval(() => {
        // Whoever fetches meets the failure, too.
        if (steady.isOver()) clearInterval(this.#timer);
        else this.heartbeat({ interval: steady.heartbeatMs }).catch(() => undefined);
      }, steady.heartbeatMs).unref();
    }
  };
}
