/** A place in a queue, by which what stands there can leave it. */
export interface Link<T> {
  readonly value: T;
  former: Link<T> | undefined;
  next: Link<T> | undefined;
}

/**
 * A queue that one may leave from anywhere.
 *
 * Trap: a `Set` or `Map` is none. V8 leaves a hole for each entry that was deleted, and walks over the holes to the first
 * that is left: to empty one of a hundred thousand from its front takes seconds.
 */
export class LinkedQueue<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  push(value: T): Link<T> {
    const link: Link<T> = { value, former: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    return link;
  }

  remove(link: Link<T>): void {
    const { former, next } = link;
    if (former === undefined) this.#first = next;
    else former.next = next;
    if (next === undefined) this.#last = former;
    else next.former = former;
    // An old link must not keep those that came after it.
    link.former = link.next = undefined;
  }

  clear(): void {
    this.#first = this.#last = undefined;
  }
}
