import type { EpochMillis, ReplyAddress } from '@ratchet/domain';

/** Someone who wants to hear of an outcome, and the request that asked for it. */
export interface Waiter {
  readonly replyTo: ReplyAddress;
  readonly requestId: string;
}

interface AskedWaiter {
  readonly waiter: Waiter;
  readonly askedAt: EpochMillis;
}

/** A waiter asks again every few seconds; one that has been silent for this long is gone. */
const silenceMsMax = 60_000;

/**
 * Who waits for which outcome. In memory only: after a crash the askers ask again.
 *
 * Bounded by the askers that live: whoever has not asked for a minute is dropped when someone else asks.
 */
export class OutcomeWaiters {
  readonly #byExecution = new Map<string, Map<string, AskedWaiter>>();

  add(executionKey: string, waiter: Waiter, now: EpochMillis): void {
    const waiters = this.#byExecution.get(executionKey) ?? new Map<string, AskedWaiter>();
    this.#byExecution.set(executionKey, waiters);
    for (const [asker, { askedAt }] of waiters) if (askedAt + silenceMsMax < now) waiters.delete(asker);
    // Request ids are the senders' own choice: two of them may have chosen the same.
    waiters.set(`${waiter.replyTo.address}/${waiter.requestId}`, { waiter, askedAt: now });
  }

  /** All who wait for it. They are forgotten: an outcome is told once, and again only to who asks again. */
  take(executionKey: string): readonly Waiter[] {
    const waiters = this.#byExecution.get(executionKey);
    if (waiters === undefined) return [];
    this.#byExecution.delete(executionKey);
    return Array.from(waiters.values(), ({ waiter }) => waiter);
  }
}
