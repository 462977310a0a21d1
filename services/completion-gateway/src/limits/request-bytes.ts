import type { Principal } from '../front-door/caller.ts';
import type { Quota } from './quota.ts';

/** A smaller request is bounded by the number of those that may be under way, and pushed aside by no larger ones. */
const smallBytesMax = 16 * 1024;

/** The bytes of one request, from their arrival until it is answered. */
export class RequestBytes {
  readonly #quota: Quota;
  readonly #principal: Principal;
  #count = 0;
  #taken = 0;

  constructor(quota: Quota, principal: Principal) {
    this.#quota = quota;
    this.#principal = principal;
  }

  /** @throws FrontDoorError RESOURCE_EXHAUSTED when too many are under way. */
  add(count: number): void {
    this.#count += count;
    if (this.#count <= smallBytesMax) return;
    const more = this.#count - this.#taken;
    this.#quota.take(this.#principal, more);
    this.#taken += more;
  }

  /** The request is answered, or refused. */
  free(): void {
    this.#quota.give(this.#principal, this.#taken);
    this.#taken = 0;
    this.#count = 0;
  }
}
