/** Dice that fall the same way for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, `end`. */
  int(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
  }

  /** One time in so many. */
  oneIn(count: number): boolean {
    return this.int(count) === 0;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[this.int(list.length)];
    if (picked === undefined) throw new Error('Expected to pick one of a list, but it is empty');
    return picked;
  }

  bytes(lengthMax: number): Uint8Array {
    return Uint8Array.from({ length: this.int(lengthMax + 1) }, () => this.int(256));
  }
}
