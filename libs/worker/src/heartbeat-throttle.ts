const partOfTimeout = 0.8;
const intervalMsDefault = 30_000;
const intervalMsMax = 60_000;

/** How long to wait between two heartbeats that are sent. Semantics section 1.4. @param heartbeatTimeoutMs 0 is none. */
export const heartbeatIntervalMs = (heartbeatTimeoutMs: number): number =>
  Math.min(heartbeatTimeoutMs > 0 ? heartbeatTimeoutMs * partOfTimeout : intervalMsDefault, intervalMsMax);

/**
 * Lets the first value through at once and then the latest one at every interval. Semantics section 1.4.
 *
 * What is left when the activity ends is `take`n and sent with its failure; after a success it is dropped.
 */
export class HeartbeatThrottle<T> {
  readonly #intervalMs: number;
  readonly #send: (value: T) => void;
  #timer: NodeJS.Timeout | undefined;
  #latest: { readonly value: T } | undefined;

  constructor(intervalMs: number, send: (value: T) => void) {
    this.#intervalMs = intervalMs;
    this.#send = send;
  }

  add(value: T): void {
    if (this.#timer === undefined) this.#pass(value);
    else this.#latest = { value };
  }

  /** Ends it. @returns the latest value that was not sent. */
  take(): { readonly value: T } | undefined {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  #pass(value: T): void {
    this.#send(value);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const latest = this.#latest;
      this.#latest = undefined;
      if (latest !== undefined) this.#pass(latest.value);
    }, this.#intervalMs);
  }
}
