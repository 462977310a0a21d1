/**
 * Offsets under way, in the order they were read, that are done in any order.
 *
 * What may be committed is only what is done without a gap: an offset says "everything before me is done".
 */
export class OffsetWindow {
  readonly #offsets: number[] = [];
  readonly #done = new Set<number>();
  #head = 0;
  #committable: number;

  /** @param start the first offset that will be added, or less. */
  constructor(start: number) {
    this.#committable = start;
  }

  get underWay(): number {
    return this.#offsets.length - this.#head;
  }

  /** Everything before this offset is done. */
  get committable(): number {
    return this.#committable;
  }

  add(offset: number): void {
    this.#offsets.push(offset);
  }

  /** Marking an offset twice changes nothing. */
  done(offset: number): void {
    if (offset < this.#committable) return;
    this.#done.add(offset);
    for (let next = this.#offsets[this.#head]; next !== undefined; next = this.#offsets[this.#head]) {
      if (!this.#done.delete(next)) break;
      this.#head++;
      this.#committable = next + 1;
    }
    if (this.#head > 1024 && this.#head * 2 > this.#offsets.length) {
      this.#offsets.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Nothing is under way or waiting before `offset`. */
  skipTo(offset: number): void {
    if (this.underWay === 0 && offset > this.#committable) this.#committable = offset;
  }
}
