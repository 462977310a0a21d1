import { runKey, type RunId } from './identity.ts';
import type { StateRecord } from './message.ts';
import { payloadsBytes } from './size.ts';
import type { StateRows } from './state-rows.ts';
import { ordered } from './state-store.ts';
import type { Offset } from './units.ts';
import type { Signal } from './workflow-run.ts';

/** A signal as a row has it until it is encoded. */
export type WaitingSignal = Extract<StateRecord, { readonly type: 'SignalSnapshot' }>;

export interface WaitingSignalsParts {
  readonly rows: StateRows;
  readonly digest: (text: string) => string;
  readonly decode: (bytes: Uint8Array) => WaitingSignal;
}

/** The signals of a partition's runs that wait, in the order of the log, and how many bytes they have. */
export class WaitingSignals {
  readonly #parts: WaitingSignalsParts;

  constructor(parts: WaitingSignalsParts) {
    this.#parts = parts;
  }

  /** @param after the offset behind which they begin. */
  *of(run: RunId, after: Offset): Generator<Signal> {
    const { rows } = this.#parts;
    const prefix = `${this.#nameOf(run)}/`;
    for (const [, row] of rows.range('signals', prefix, { from: prefix + ordered(after + 1) }))
      yield this.#waiting(row).signal;
  }

  count(run: RunId): number {
    return this.#parts.rows.tally(`signals/${this.#nameOf(run)}`);
  }

  /** Of their arguments. */
  bytes(run: RunId): number {
    return this.#parts.rows.tally(`signalBytes/${this.#nameOf(run)}`);
  }

  /** Adds one, in any order, or replaces that of its offset. @param row the bytes of its record, if there are any yet. */
  put(waiting: WaitingSignal, row: WaitingSignal | Uint8Array = waiting): void {
    const { run, signal } = waiting;
    this.remove(run, [signal.offset]);
    this.#parts.rows.put('signals', this.rowOf(run, signal.offset), row);
    this.#count(run, signal, 1);
  }

  /** Those that do not wait are passed over. */
  remove(run: RunId, offsets: Iterable<Offset>): void {
    for (const offset of offsets) {
      const key = this.rowOf(run, offset);
      const row = this.#parts.rows.get('signals', key);
      if (row === undefined) continue;
      this.#count(run, this.#waiting(row).signal, -1);
      this.#parts.rows.put('signals', key, undefined);
    }
  }

  /** By the run's key. */
  removeAt(ofRun: string, offset: Offset): void {
    const row = this.#parts.rows.get('signals', `${this.#parts.digest(ofRun)}/${ordered(offset)}`);
    if (row !== undefined) this.remove(this.#waiting(row).run, [offset]);
  }

  /** The key of its row. */
  rowOf(run: RunId, offset: Offset): string {
    return `${this.#nameOf(run)}/${ordered(offset)}`;
  }

  #count(run: RunId, { args }: Signal, change: 1 | -1): void {
    const { rows } = this.#parts;
    const name = this.#nameOf(run);
    rows.count(`signals/${name}`, change);
    rows.count(`signalBytes/${name}`, change * payloadsBytes(args));
  }

  #waiting(row: unknown): WaitingSignal {
    return row instanceof Uint8Array ? this.#parts.decode(row) : (row as WaitingSignal);
  }

  #nameOf(run: RunId): string {
    return this.#parts.digest(runKey(run));
  }
}
