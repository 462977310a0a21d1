/**
 * First in, first out, at the same cost however long it has become.
 *
 * Trap: `shift()` of an array that is too long for V8's young generation moves all that is left, each time.
 */
export class FifoQueue<T> {
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#first];
    if (this.length > 0) this.#first++;
    // What is behind is let go of now and then, so that each item is moved at most once on average.
    if (this.#first >= 1024 && this.#first * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }
}
