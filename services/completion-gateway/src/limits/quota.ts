import { recorded, type Principal } from '../front-door/caller.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';

/** A bound, and the variable that sets it. */
export interface Bound {
  readonly variable: `RATCHET_${string}`;
  readonly max: number;
}

/** Told of each refusal by a limit, with the variable that sets it. */
export type OnReached = (variable: string) => void;

export interface QuotaParts {
  /** In messages: "polls". */
  readonly what: string;
  readonly ofAll: Bound;
  readonly ofOne: Bound;
  readonly onReached: OnReached;
}

/** How much of something is in use at once: by all together, and by one principal, so that nobody takes everything. */
export class Quota {
  readonly #parts: QuotaParts;
  readonly #byPrincipal = new Map<string, number>();
  #used = 0;

  constructor(parts: QuotaParts) {
    this.#parts = parts;
  }

  get used(): number {
    return this.#used;
  }

  /**
   * Takes some of it, until `give`. Where nobody is asked who they are, only the bound of all together holds.
   *
   * @throws FrontDoorError RESOURCE_EXHAUSTED that names the setting; nothing is taken then.
   */
  take(principal: Principal, count = 1): void {
    const { ofAll, ofOne, what, onReached } = this.#parts;
    const name = recorded(principal);
    const own = (this.#byPrincipal.get(name) ?? 0) + count;
    if (own > ofOne.max && name !== '') throw limitReached(`${what} of ${principal.name}`, ofOne, onReached);
    if (this.#used + count > ofAll.max) throw limitReached(what, ofAll, onReached);
    this.#byPrincipal.set(name, own);
    this.#used += count;
  }

  /** Gives back what was taken. */
  give(principal: Principal, count = 1): void {
    const name = recorded(principal);
    const own = (this.#byPrincipal.get(name) ?? 0) - count;
    if (own > 0) this.#byPrincipal.set(name, own);
    else this.#byPrincipal.delete(name);
    this.#used -= count;
  }

  /** Takes one for as long as `work` lasts. @throws FrontDoorError (rejects) as `take`. */
  async during<T>(principal: Principal, work: () => Promise<T>): Promise<T> {
    this.take(principal);
    try {
      return await work();
    } finally {
      this.give(principal);
    }
  }
}

/** The refusal by a limit. It names the setting, and is counted. */
export function limitReached(what: string, { variable, max }: Bound, onReached: OnReached): FrontDoorError {
  onReached(variable);
  return new FrontDoorError('RESOURCE_EXHAUSTED', `Too many ${what} at once: at most ${String(max)} (${variable}).`);
}
