import type { StateRows } from './state-rows.ts';
import { ordered } from './state-store.ts';

/** One life of an id: an activity's schedule offset, or the name of a workflow run. */
export type LifeName = number | string;

interface Latest {
  readonly name: LifeName;
  /** A later life has a greater order; that of an activity is its name. */
  readonly order: number;
  /** Each life has a row of its own: there was more than this one. */
  readonly isListed: boolean;
}

/**
 * The lives of each id, the latest first.
 *
 * They may be added in any order and removed one by one, for the lives of one id are kept for their own times. Nearly
 * every id has one life, which takes one small row; from the second on each has a row of its own, too.
 */
export class LifeIndex {
  readonly #rows: StateRows;
  /** The last id that had no life: who schedules asks for it, and then puts one. */
  #missing: string | undefined;

  constructor(rows: StateRows) {
    this.#rows = rows;
  }

  latest(id: string): LifeName | undefined {
    return this.#latest(id)?.name;
  }

  /** All of them, the latest first. */
  *all(id: string): Generator<LifeName> {
    const latest = this.#latest(id);
    if (latest === undefined) return;
    if (!latest.isListed) yield latest.name;
    else for (const [, name] of this.#rows.range('lives', `${id}/`, { reversed: true })) yield name as LifeName;
  }

  /** Adds a life. @param formerOrder what it had, if it was there before with another one. */
  put(id: string, name: LifeName, order: number, formerOrder = order): void {
    const known = this.#latest(id);
    if (known === undefined) return this.#setLatest(id, { name, order, isListed: false });
    const isListed = known.isListed || known.name !== name;
    if (known.isListed && formerOrder !== order) this.#list(id, formerOrder, undefined);
    if (isListed) {
      if (!known.isListed) this.#list(id, known.order, known.name);
      this.#list(id, order, name);
    }
    const isLatest = known.name === name || order > known.order;
    this.#setLatest(id, { ...(isLatest ? { name, order } : known), isListed });
  }

  remove(id: string, name: LifeName, order: number): void {
    const known = this.#latest(id);
    if (known === undefined) return;
    if (known.isListed) this.#list(id, order, undefined);
    if (known.name === name) this.#setLatest(id, known.isListed ? this.#lastListed(id) : undefined);
  }

  #lastListed(id: string): Latest | undefined {
    for (const [key, name] of this.#rows.range('lives', `${id}/`, { reversed: true, countMax: 8 })) {
      return { name: name as LifeName, order: orderOf(key), isListed: true };
    }
    return undefined;
  }

  #list(id: string, order: number, name: LifeName | undefined): void {
    this.#rows.put('lives', `${id}/${ordered(order)}${String(order)}`, name);
  }

  #latest(id: string): Latest | undefined {
    if (id === this.#missing) return undefined;
    const row = this.#rows.get('latest', id) as number | string | undefined;
    if (row === undefined) {
      this.#missing = id;
      return undefined;
    }
    if (typeof row === 'number') return { name: row, order: row, isListed: false };
    const slash = row.indexOf('/');
    const order = Number(slash < 0 ? row.slice(1) : row.slice(1, slash));
    return { name: slash < 0 ? order : row.slice(slash + 1), order, isListed: row.startsWith('+') };
  }

  #setLatest(id: string, latest: Latest | undefined): void {
    this.#missing = undefined;
    if (latest === undefined) return this.#rows.put('latest', id, undefined);
    const { name, order, isListed } = latest;
    if (typeof name === 'number' && !isListed) return this.#rows.put('latest', id, name);
    this.#rows.put(
      'latest',
      id,
      `${isListed ? '+' : '-'}${String(order)}${typeof name === 'string' ? `/${name}` : ''}`,
    );
  }
}

/** Behind the place that it gives the row. */
const orderOf = (key: string): number => Number(key.slice(key.lastIndexOf('/') + 9));
