import TinyQueue from 'tinyqueue';

/** One place in the queue. A subject has at most one that counts; the others are passed over. */
export interface Timer<T> {
  readonly at: number;
  readonly subject: T;
}

const staleCountMin = 1_000;

/** What `compare` of the queue is called with, for tests that count. */
export type CompareTimers = (one: Timer<unknown>, other: Timer<unknown>) => number;

const byInstant: CompareTimers = (one, other) => one.at - other.at;

/**
 * Subjects in the order of the instant at which each wants to be looked at; a heap, so that nothing is ever scanned.
 *
 * A subject that is moved or removed leaves its old place behind, to be passed over when its time comes. When more
 * than half of all places are such, the heap is built again from the others, which costs each of them a constant.
 */
export class TimerQueue<T extends object> {
  readonly #compare: CompareTimers;
  readonly #timers = new Map<T, Timer<T>>();
  #queue: TinyQueue<Timer<T>>;

  constructor(compare: CompareTimers = byInstant) {
    this.#compare = compare;
    this.#queue = new TinyQueue<Timer<T>>([], compare);
  }

  /** Subjects that wait. */
  get size(): number {
    return this.#timers.size;
  }

  /** Places in the heap, passed-over ones included. */
  get placeCount(): number {
    return this.#queue.length;
  }

  /** Replaces the subject's earlier place, if it has one. */
  set(subject: T, at: number): void {
    const timer = { at, subject };
    this.#timers.set(subject, timer);
    this.#queue.push(timer);
    this.#compact();
  }

  delete(subject: T): void {
    this.#timers.delete(subject);
    this.#compact();
  }

  at(subject: T): number | undefined {
    return this.#timers.get(subject)?.at;
  }

  /** When the next subject wants to be looked at. */
  nextAt(): number | undefined {
    return this.#peek()?.at;
  }

  /** Takes out the next subject whose time has come. */
  takeDue(now: number): T | undefined {
    const timer = this.#peek();
    if (timer === undefined || timer.at > now) return undefined;
    this.#queue.pop();
    this.#timers.delete(timer.subject);
    return timer.subject;
  }

  clear(): void {
    this.#timers.clear();
    this.#queue = new TinyQueue<Timer<T>>([], this.#compare);
  }

  #peek(): Timer<T> | undefined {
    let timer = this.#queue.peek();
    while (timer !== undefined && this.#timers.get(timer.subject) !== timer) {
      this.#queue.pop();
      timer = this.#queue.peek();
    }
    return timer;
  }

  #compact(): void {
    const staleCount = this.#queue.length - this.#timers.size;
    if (staleCount < staleCountMin || staleCount < this.#timers.size) return;
    this.#queue = new TinyQueue([...this.#timers.values()], this.#compare);
  }
}
