import { payloadsBytes } from './size.ts';
import type { Offset } from './units.ts';
import type { Signal } from './workflow-run.ts';

/** The signals of a run that wait, in the order of the log. */
export class SignalQueue {
  readonly #signals: Signal[] = [];
  #bytes = 0;

  get signals(): readonly Signal[] {
    return this.#signals;
  }

  /** Of their arguments. */
  get bytes(): number {
    return this.#bytes;
  }

  at(offset: Offset): Signal | undefined {
    const signal = this.#signals[this.#indexOf(offset)];
    return signal?.offset === offset ? signal : undefined;
  }

  /** Adds one, in any order, or replaces that of its offset. */
  put(signal: Signal): void {
    const known = this.at(signal.offset);
    this.#signals.splice(this.#indexOf(signal.offset), known === undefined ? 0 : 1, signal);
    this.#bytes += payloadsBytes(signal.args) - (known === undefined ? 0 : payloadsBytes(known.args));
  }

  /** @param offsets in the order of the log; those that do not wait are passed over. */
  remove(offsets: readonly Offset[]): void {
    const gone = new Set(offsets);
    const start = this.#indexOf(offsets[0] ?? Infinity);
    const end = this.#indexOf((offsets.at(-1) ?? -1) + 1);
    const between = this.#signals.slice(start, Math.max(start, end));
    for (const { offset, args } of between) if (gone.has(offset)) this.#bytes -= payloadsBytes(args);
    this.#signals.splice(start, between.length, ...between.filter(({ offset }) => !gone.has(offset)));
  }

  /** Where the first one stands that does not come before an offset. */
  #indexOf(offset: Offset): number {
    let [low, high] = [0, this.#signals.length];
    // Nearly always the next one is the last.
    if ((this.#signals[high - 1]?.offset ?? -1) < offset) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#signals[middle]?.offset ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
