/** Dice that fall the same way for the same seed (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, `end`. */
  int(end: number): number {
    return this.#next() % end;
  }

  /** From `min` up to, not including, `max`. */
  between(min: number, max: number): number {
    return min + (this.#next() / 2 ** 32) * (max - min);
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

  /** So many different ones, in any order; all of a shorter list. */
  pickSome<T>(count: number, list: readonly T[]): readonly T[] {
    const left = [...list];
    const picked: T[] = [];
    while (picked.length < count && left.length > 0) picked.push(...left.splice(this.int(left.length), 1));
    return picked;
  }

  /** One name, each as often as its share says. */
  pickByShare<N extends string>(shares: readonly (readonly [name: N, share: number])[]): N {
    let rest = this.between(
      0,
      shares.reduce((sum, [, share]) => sum + share, 0),
    );
    const picked = shares.find(([, share]) => (rest -= share) < 0);
    return (picked ?? this.pick(shares))[0];
  }

  bytes(lengthMax: number): Uint8Array {
    return Uint8Array.from({ length: this.int(lengthMax + 1) }, () => this.int(256));
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }
}
