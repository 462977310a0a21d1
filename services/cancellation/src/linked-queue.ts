/** A place in a queue, by which what stands there can leave it. */
export interface QueueNode<T> {
  readonly value: T;
  former: QueueNode<T> | undefined;
  next: QueueNode<T> | undefined;
}

/**
 * A queue that one may leave from anywhere.
 *
 * Trap: a `Set` or `Map` is none. V8 leaves a hole for each entry that was deleted, and walks over the holes to the first
 * that is left: to empty one of a hundred thousand from its front takes seconds.
 */
export class LinkedQueue<T> {
  #first: QueueNode<T> | undefined;
  #last: QueueNode<T> | undefined;

  get first(): T | undefined {
    return this.#first?.value;
  }

  push(value: T): QueueNode<T> {
    const node: QueueNode<T> = { value, former: this.#last, next: undefined };
    if (this.#last === undefined) this.#first = node;
    else this.#last.next = node;
    this.#last = node;
    return node;
  }

  remove(node: QueueNode<T>): void {
    const { former, next } = node;
    if (former === undefined) this.#first = next;
    else former.next = next;
    if (next === undefined) this.#last = former;
    else next.former = former;
    // A node that has left must not keep those that came after it.
    node.former = node.next = undefined;
  }

  clear(): void {
    this.#first = this.#last = undefined;
  }
}
