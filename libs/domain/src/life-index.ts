/** One life of an id: a run of a standalone activity, or a run of a workflow id. */
interface Life {
  readonly runId: string;
  /** Puts the lives of one id in their order: a later one has a greater order. */
  order: number;
  former: Life | undefined;
}

/**
 * The lives of each id, the latest first.
 *
 * They may be added in any order and removed one by one, for the lives of one id are kept for their own times. Nearly
 * every id has one life, so a list of links costs least.
 */
export class LifeIndex {
  readonly #latest = new Map<string, Life>();

  latestRunId(key: string): string | undefined {
    return this.#latest.get(key)?.runId;
  }

  /** The lives of an id, the latest first. */
  *runIds(key: string): Generator<string> {
    for (let life = this.#latest.get(key); life !== undefined; life = life.former) yield life.runId;
  }

  /** Adds a life or, if it is known, gives it its new order: one that never changes its place among the others. */
  put(key: string, runId: string, order: number): void {
    let later: Life | undefined;
    let life = this.#latest.get(key);
    while (life !== undefined && life.order > order && life.runId !== runId) {
      later = life;
      life = life.former;
    }
    if (life?.runId === runId) life.order = order;
    else this.#link(key, later, { runId, order, former: life });
  }

  remove(key: string, runId: string): void {
    let later: Life | undefined;
    let life = this.#latest.get(key);
    while (life !== undefined && life.runId !== runId) {
      later = life;
      life = life.former;
    }
    if (life !== undefined) this.#link(key, later, life.former);
  }

  #link(key: string, later: Life | undefined, life: Life | undefined): void {
    if (later !== undefined) later.former = life;
    else if (life !== undefined) this.#latest.set(key, life);
    else this.#latest.delete(key);
  }
}
