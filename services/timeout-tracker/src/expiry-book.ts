import { TimerQueue } from './timer-queue.ts';

const secondMs = 1_000;

interface Second {
  readonly endsAt: number;
  count: number;
}

/**
 * When the retention of what is closed ends, by the second: closed activities are many, and one command removes a
 * thousand of them. A second stays due until the last of its closed ones is gone.
 */
export class ExpiryBook {
  readonly #secondOf = new Map<string, Second>();
  readonly #seconds = new Map<number, Second>();
  readonly #queue = new TimerQueue<Second>();

  /** Closed ones that are kept. */
  get size(): number {
    return this.#secondOf.size;
  }

  set(key: string, expiresAt: number): void {
    this.delete(key);
    const endsAt = Math.ceil(expiresAt / secondMs) * secondMs;
    let second = this.#seconds.get(endsAt);
    if (second === undefined) {
      second = { endsAt, count: 0 };
      this.#seconds.set(endsAt, second);
      this.#queue.set(second, endsAt);
    }
    second.count++;
    this.#secondOf.set(key, second);
  }

  /** @returns whether it was there. */
  delete(key: string): boolean {
    const second = this.#secondOf.get(key);
    if (second === undefined) return false;
    this.#secondOf.delete(key);
    second.count--;
    if (second.count === 0) {
      this.#seconds.delete(second.endsAt);
      this.#queue.delete(second);
    }
    return true;
  }

  /** When the first of them may go; `undefined` when there is none. */
  nextAt(): number | undefined {
    return this.#queue.nextAt();
  }

  clear(): void {
    this.#secondOf.clear();
    this.#seconds.clear();
    this.#queue.clear();
  }
}
