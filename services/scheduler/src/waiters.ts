import type { EpochMillis, ReplyAddress } from '@ratchet/domain';

/** A waiter asks again every few seconds; one that has been silent for this long is gone. */
export const silenceMsMax = 60_000;

/** Waiters of one activity or run: each is sent the whole answer. */
export const subjectWaitersMax = 1_000;

/** Waiters of one partition. */
export const waitersMax = 100_000;

/** Someone who wants to hear of an outcome, and the request that asked for it. */
export interface OutcomeWaiter {
  readonly replyTo: ReplyAddress;
  readonly requestId: string;
}

interface Waiting<W> {
  readonly subject: string;
  readonly waiter: W;
  readonly askedAt: EpochMillis;
  older: Waiting<W> | undefined;
  newer: Waiting<W> | undefined;
}

/**
 * Who waits for what, each subject being the key of an activity or a run. In memory only: after a crash the askers ask
 * again.
 *
 * Of one address only the latest question waits: a process that has several askers for one subject asks once for all of
 * them. All waiters stand in one queue, the longest silent first, so that adding, taking and forgetting one costs the
 * same however many wait. A waiter is forgotten after a minute of silence, and the longest silent one when there are too
 * many; a waiter that still lives asks again and is answered then.
 */
export class Waiters<W extends { readonly replyTo: ReplyAddress }> {
  readonly #bySubject = new Map<string, Map<string, Waiting<W>>>();
  #oldest: Waiting<W> | undefined;
  #newest: Waiting<W> | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param now the log's clock, which never goes back. */
  add(subject: string, waiter: W, now: EpochMillis): void {
    while (this.#oldest !== undefined && this.#oldest.askedAt + silenceMsMax < now) this.#remove(this.#oldest);
    const ofSubject = this.#bySubject.get(subject);
    const former = ofSubject?.get(waiter.replyTo.address);
    if (former !== undefined) this.#remove(former);
    else if (ofSubject !== undefined && ofSubject.size >= subjectWaitersMax) this.#removeFirst(ofSubject);
    else if (this.#count >= waitersMax && this.#oldest !== undefined) this.#remove(this.#oldest);
    this.#append({ subject, waiter, askedAt: now, older: undefined, newer: undefined });
  }

  /** Those of one subject for whom `take` gives something. They are forgotten. */
  take<T>(subject: string, take: (waiter: W) => T | undefined): readonly T[] {
    const ofSubject = this.#bySubject.get(subject);
    if (ofSubject === undefined) return [];
    const taken: T[] = [];
    for (const waiting of ofSubject.values()) {
      const value = take(waiting.waiter);
      if (value === undefined) continue;
      taken.push(value);
      this.#remove(waiting);
    }
    return taken;
  }

  #append(waiting: Waiting<W>): void {
    const { subject, waiter } = waiting;
    const { address } = waiter.replyTo;
    const ofSubject = this.#bySubject.get(subject);
    if (ofSubject === undefined) this.#bySubject.set(subject, new Map([[address, waiting]]));
    else ofSubject.set(address, waiting);
    waiting.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = waiting;
    else this.#newest.newer = waiting;
    this.#newest = waiting;
    this.#count++;
  }

  #removeFirst(ofSubject: ReadonlyMap<string, Waiting<W>>): void {
    const [first] = ofSubject.values();
    if (first !== undefined) this.#remove(first);
  }

  #remove(waiting: Waiting<W>): void {
    const { subject, waiter, older, newer } = waiting;
    const ofSubject = this.#bySubject.get(subject);
    ofSubject?.delete(waiter.replyTo.address);
    if (ofSubject?.size === 0) this.#bySubject.delete(subject);
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    // An old object that nobody needs would keep all that came after it until a major garbage collection.
    waiting.older = undefined;
    waiting.newer = undefined;
    this.#count--;
  }
}
