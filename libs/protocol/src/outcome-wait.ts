import { executionKey, type ActivityQuery, type ExecutionId, type Reply, type ReplyAddress } from '@ratchet/domain';
import { TransientMap, type OutputRecord, type TraceContext } from '@ratchet/kafka';
import { reasonOf } from './ended-by.ts';
import type { Exchange, ExchangePlan } from './exchange.ts';
import { repetitions } from './repetition.ts';

/** What is waited for: the outcome of an activity, or of one life of its id. */
export interface AwaitedOutcome {
  /** An empty run id means the latest run. */
  readonly target: ExecutionId;
  /** The offset of the Schedule that began the life that is meant. Absent: whichever there is. */
  readonly scheduleOffset?: number | undefined;
  /** Whoever asks first, asks in its trace. */
  readonly trace?: TraceContext | undefined;
}

/** What the channel lends. */
export interface OutcomeTools {
  readonly begin: (plan: ExchangePlan) => Exchange;
  /** A reply address of this process that is used for nothing else. */
  readonly ownAddress: () => ReplyAddress;
  readonly questionRecord: (query: Question, trace: TraceContext | undefined) => OutputRecord;
}

type Question = Omit<ActivityQuery, 'seenOffset'>;

/** Waiting for an outcome outlives a restart of the scheduler; a silence of two minutes is none. */
export const outcomePauses = { repetition: repetitions.outcome, silenceMsMax: 120_000 } as const;

export const isOutcome = ({ type }: Reply['body']): boolean => type === 'OutcomeReached' || type === 'Refused';

/** A question about one life of an id, or about whichever there is. */
export const ofLife = (query: Question, scheduleOffset: number | undefined): Question =>
  scheduleOffset === undefined ? query : { ...query, scheduleOffset };

/** Who waits here for which outcome. */
export class OutcomeWaits {
  readonly #tools: OutcomeTools;
  readonly #byTarget = new TransientMap<string, OutcomeWait>();

  constructor(tools: OutcomeTools) {
    this.#tools = tools;
  }

  /**
   * Waits with whoever waits for the same already.
   *
   * @param comesTo where the outcome comes unasked.
   * @throws Error (rejects) with the signal's reason when that comes first; else as the exchange.
   */
  join(awaited: AwaitedOutcome, comesTo: ReplyAddress | undefined, signal: AbortSignal | undefined): Promise<Reply> {
    const { target, scheduleOffset } = awaited;
    const key = `${executionKey(target)} ${String(scheduleOffset)}`;
    const former = this.#byTarget.get(key);
    if (former !== undefined) return former.join(signal);
    let unaskedAt = comesTo;
    const wait = new OutcomeWait({
      open: (nextId) => {
        const exchange = this.#ask(awaited, nextId, unaskedAt);
        unaskedAt = undefined;
        return exchange;
      },
      isOneLife: scheduleOffset !== undefined || (target.workflowId === '' && target.runId !== ''),
      onOver: () => void this.#byTarget.delete(key),
    });
    this.#byTarget.set(key, wait);
    return wait.join(signal);
  }

  #ask(
    { target, scheduleOffset, trace }: AwaitedOutcome,
    nextId: () => string,
    comesTo: ReplyAddress | undefined,
  ): Exchange {
    const replyTo = comesTo ?? this.#tools.ownAddress();
    const question = (): OutputRecord =>
      this.#tools.questionRecord(
        ofLife({ type: 'AwaitOutcome', target, requestId: nextId(), replyTo }, scheduleOffset),
        trace,
      );
    return this.#tools.begin({
      id: replyTo.address,
      isUnasked: comesTo !== undefined,
      counted: { namespace: target.namespace, operation: 'AwaitOutcome', isLong: true },
      what: `the outcome of activity '${target.activityId}'`,
      record: question(),
      repeatRecord: question,
      ...outcomePauses,
      isAnswer: isOutcome,
    });
  }
}

interface OutcomeWaitParts {
  /** Asks the log. Each question takes its request id from `nextId`. */
  readonly open: (nextId: () => string) => Exchange;
  /** Whether the target names one life of one run, which ends once: that it has ended holds for whoever comes. */
  readonly isOneLife: boolean;
  /** Nobody waits any more. */
  readonly onOver: () => void;
}

interface Waiter {
  /** How many questions had been asked when it came. */
  askedBefore: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
  /** Its signal is of no interest any more. */
  unwatch?: () => void;
}

/**
 * Those in this process who wait for the same outcome: the log is asked once for all of them.
 *
 * An answer holds for whoever came before its question was asked. For one who came later it may tell of a run that was
 * the latest no more, or that something is not there which is there by now: that one asks anew.
 */
class OutcomeWait {
  readonly #parts: OutcomeWaitParts;
  readonly #waiters = new Set<Waiter>();
  #exchange: Exchange | undefined;
  #askedCount = 0;

  constructor(parts: OutcomeWaitParts) {
    this.#parts = parts;
  }

  join(signal: AbortSignal | undefined): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { askedBefore: this.#askedCount, resolve, reject };
      this.#waiters.add(waiter);
      if (signal !== undefined) this.#watch(waiter, signal);
      if (this.#exchange === undefined) this.#open();
      else this.#exchange.refresh(performance.now());
    });
  }

  #watch(waiter: Waiter, signal: AbortSignal): void {
    const leave = (): void => {
      this.#waiters.delete(waiter);
      waiter.reject(reasonOf(signal));
      if (this.#waiters.size === 0) this.#end()?.fail(reasonOf(signal));
    };
    signal.addEventListener('abort', leave, { once: true });
    waiter.unwatch = (): void => {
      signal.removeEventListener('abort', leave);
    };
  }

  #open(): void {
    this.#askedCount = 0;
    const exchange = this.#parts.open(() => String(this.#askedCount++));
    this.#exchange = exchange;
    exchange.answer.then(
      (reply) => {
        this.#tell(reply);
      },
      (error: unknown) => {
        // Nobody waited any more.
        if (this.#exchange !== exchange) return;
        this.#end();
        for (const waiter of this.#waiters) this.#settle(waiter).reject(error as Error);
      },
    );
  }

  #tell(reply: Reply): void {
    const holdsForAll = this.#parts.isOneLife && reply.body.type === 'OutcomeReached';
    const question = Number(reply.requestId);
    for (const waiter of this.#waiters) {
      if (waiter.askedBefore > question && !holdsForAll) waiter.askedBefore = 0;
      else this.#settle(waiter).resolve(reply);
    }
    if (this.#waiters.size === 0) this.#end();
    else this.#open();
  }

  #settle(waiter: Waiter): Waiter {
    this.#waiters.delete(waiter);
    waiter.unwatch?.();
    return waiter;
  }

  /** Who comes now begins anew. @returns the exchange that there was. */
  #end(): Exchange | undefined {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#parts.onOver();
    return exchange;
  }
}
