/** One life of an id: a run of a standalone activity, or a run of a workflow id. */
interface Life {
  readonly runId: string;
  /** Puts the lives of one id in their order: a later one has a greater order. */
  order: number;
  former: Life | undefined;
  later: Life | undefined;
}

const keepsPlace = ({ former, later }: Life, order: number): boolean =>
  (former === undefined || former.order < order) && (later === undefined || later.order > order);

/** From so many lives on, those of an id are found by a map of their own. */
const listedMax = 8;

/**
 * The lives of each id, the latest first.
 *
 * They may be added in any order and removed one by one, for the lives of one id are kept for their own times. Nearly
 * every id has one life, so a list of links costs least; an id that is used every second has a hundred thousand, and the
 * oldest of them goes first.
 */
export class LifeIndex {
  readonly #latest = new Map<string, Life>();
  /** Of the ids with many lives: by run id. */
  readonly #many = new Map<string, Map<string, Life>>();

  latestRunId(key: string): string | undefined {
    return this.#latest.get(key)?.runId;
  }

  /** The lives of an id, the latest first. */
  *runIds(key: string): Generator<string> {
    for (let life = this.#latest.get(key); life !== undefined; life = life.former) yield life.runId;
  }

  /** Adds a life or, if it is known, gives it its new order, and the place that goes with it. */
  put(key: string, runId: string, order: number): void {
    const known = this.#find(key, runId);
    if (known !== undefined) {
      if (keepsPlace(known, order)) {
        known.order = order;
        return;
      }
      this.remove(key, runId);
    }
    let later: Life | undefined;
    let former = this.#latest.get(key);
    while (former !== undefined && former.order > order) {
      later = former;
      former = former.former;
    }
    const life = { runId, order, former, later };
    if (former !== undefined) former.later = life;
    this.#setFormer(key, later, life);
    this.#list(key, life);
  }

  remove(key: string, runId: string): void {
    const life = this.#find(key, runId);
    if (life === undefined) return;
    const { former, later } = life;
    if (former !== undefined) former.later = later;
    this.#setFormer(key, later, former);
    life.former = life.later = undefined;
    const lives = this.#many.get(key);
    lives?.delete(runId);
    if (lives?.size === 0) this.#many.delete(key);
  }

  #find(key: string, runId: string): Life | undefined {
    const lives = this.#many.get(key);
    if (lives !== undefined) return lives.get(runId);
    let life = this.#latest.get(key);
    while (life !== undefined && life.runId !== runId) life = life.former;
    return life;
  }

  /** @param later what `life` comes before; absent: it is the latest. */
  #setFormer(key: string, later: Life | undefined, life: Life | undefined): void {
    if (later !== undefined) later.former = life;
    else if (life !== undefined) this.#latest.set(key, life);
    else this.#latest.delete(key);
  }

  #list(key: string, added: Life): void {
    const listed = this.#many.get(key);
    if (listed !== undefined) {
      listed.set(added.runId, added);
      return;
    }
    let count = 0;
    for (let life = this.#latest.get(key); life !== undefined; life = life.former) count++;
    if (count <= listedMax) return;
    const lives = new Map<string, Life>();
    for (let life = this.#latest.get(key); life !== undefined; life = life.former) lives.set(life.runId, life);
    this.#many.set(key, lives);
  }
}
