export interface CallbackTurnsOptions {
  /** So many callbacks of a namespace are under way at once. */
  readonly underWayMax?: number;
  /** When none of them has ended for so long, its receivers are slow: no further one waits for them. */
  readonly slowMs?: number;
}

interface Namespace {
  underWay: number;
  lastEndAt: number;
  readonly waiting: ((turn: (() => void) | undefined) => void)[];
  timer: NodeJS.Timeout | undefined;
}

/**
 * Shares what this gateway tells at once among the namespaces: slow receivers of one take no more than its share, and what
 * does not get its turn because of them comes again later, so that nobody else waits behind it.
 */
export class CallbackTurns {
  readonly #underWayMax: number;
  readonly #slowMs: number;
  readonly #namespaces = new Map<string, Namespace>();

  constructor({ underWayMax = 25, slowMs = 1_000 }: CallbackTurnsOptions = {}) {
    this.#underWayMax = underWayMax;
    this.#slowMs = slowMs;
  }

  /** @returns what ends the turn; nothing when the receivers of this namespace are too slow now. */
  take(name: string): Promise<(() => void) | undefined> {
    const now = performance.now();
    const namespace = this.#namespaces.get(name) ?? { underWay: 0, lastEndAt: now, waiting: [], timer: undefined };
    this.#namespaces.set(name, namespace);
    if (namespace.underWay < this.#underWayMax) return Promise.resolve(this.#begin(name, namespace));
    if (now - namespace.lastEndAt >= this.#slowMs) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      namespace.waiting.push(resolve);
      this.#watch(namespace);
    });
  }

  #begin(name: string, namespace: Namespace): () => void {
    if (++namespace.underWay === this.#underWayMax) namespace.lastEndAt = performance.now();
    return () => {
      namespace.underWay--;
      namespace.lastEndAt = performance.now();
      namespace.waiting.shift()?.(this.#begin(name, namespace));
      if (namespace.underWay === 0) this.#namespaces.delete(name);
    };
  }

  /** Sends those away who wait while nothing ends. */
  #watch(namespace: Namespace): void {
    namespace.timer ??= setTimeout(
      () => {
        namespace.timer = undefined;
        const isSlow = performance.now() - namespace.lastEndAt >= this.#slowMs;
        if (isSlow) for (const resolve of namespace.waiting.splice(0)) resolve(undefined);
        else if (namespace.waiting.length > 0) this.#watch(namespace);
      },
      Math.max(namespace.lastEndAt + this.#slowMs - performance.now(), 1),
    ).unref();
  }
}
