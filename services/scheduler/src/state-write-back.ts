import { stateTopics, type PartitionState, type StatePosition, type StateTopic } from '@ratchet/domain';
import type { LogRange } from '@ratchet/kafka';

/** Committed rows are written once there are so many, or after this: what changes often is written seldom. */
const rowsMin = 5_000;
const intervalMs = 1_000;
/** So many may wait. Beyond, each group waits until some of them are written: slices that take about 40 ms. */
const rowsMax = 50_000;
const hurriedSlices = 40;

/** A tombstone that the store has not seen may be gone from the state topic after a day (`delete.retention.ms`). */
const trustedMsMax = 12 * 60 * 60 * 1000;

/**
 * Puts what is committed into the store of a partition's state, a slice at a time: a batch never keeps the event loop
 * for long. What is not there when the process dies is read from the state topic again.
 */
export class StateWriteBack {
  readonly #state: PartitionState;
  #writing: Generator<void, void> | undefined;
  #writtenAt = performance.now();
  #error: Error | undefined;

  constructor(state: PartitionState) {
    this.#state = state;
  }

  /** A group is committed. @throws what the store has thrown since the last time. */
  committed(): void {
    this.#check();
    const count = this.#state.unwrittenCount;
    const isDue = count >= rowsMin || performance.now() - this.#writtenAt >= intervalMs;
    if (isDue && this.#writing === undefined) {
      this.#writing = this.#state.write();
      setImmediate(() => {
        this.#writeSlice();
      });
    }
    if (count > rowsMax) this.#hurry();
  }

  /** @throws what the store throws. */
  writeAll(): void {
    this.#check();
    for (let writing = this.#writing ?? this.#state.write(); writing.next().done !== true;);
    this.#end();
    if (this.#state.unwrittenCount > 0) this.writeAll();
  }

  /** What can still be written is; a store that cannot take it has said so, and is behind. */
  close(): void {
    try {
      this.writeAll();
    } catch {
      this.#writing?.return();
    }
    this.#end();
  }

  #hurry(): void {
    for (let slices = 0; slices < hurriedSlices; slices++) if (this.#writing?.next().done !== false) return this.#end();
  }

  #writeSlice(): void {
    if (this.#writing === undefined) return;
    try {
      if (this.#writing.next().done === true) return this.#end();
      setImmediate(() => {
        this.#writeSlice();
      });
    } catch (error) {
      this.#error = error instanceof Error ? error : new Error(String(error), { cause: error });
      this.#end();
    }
  }

  #end(): void {
    this.#writing = undefined;
    this.#writtenAt = performance.now();
  }

  #check(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}

/** Where the logs of the state topics begin and end. */
export type StateLogs = Readonly<Record<StateTopic, LogRange>>;

/** @returns why a store of this position cannot be gone on with in these logs, if it cannot. */
export function doubtOf(position: StatePosition | undefined, logs: StateLogs, now: number): string | undefined {
  if (position === undefined) return undefined;
  const { offsets, progress, writtenAt = now } = position;
  if (progress === undefined) return 'was left in the middle of a restore';
  for (const topic of stateTopics) {
    const [offset, { start, end }] = [offsets[topic], logs[topic]];
    // The last record that it knows is looked at again; of `outcomes` there need be none.
    const isBehind = topic === 'executions' ? offset <= start : offset < start;
    const where = offset > end ? 'ahead of' : isBehind ? 'behind' : undefined;
    const has = `the log of ${topic} has ${String(start)} to ${String(end)}`;
    if (where !== undefined) return `is ${where} its log: it is as of offset ${String(offset)}, and ${has}`;
  }
  // Behind the last record stands the mark of its transaction, and no more where nothing has changed.
  const hours = Math.round((now - writtenAt) / 3_600_000);
  const hasNews = stateTopics.some((topic) => logs[topic].end - offsets[topic] > 1);
  if (hasNews && Math.abs(now - writtenAt) > trustedMsMax)
    return `is ${String(hours)} hours old: what was removed since may not be in the log any more`;
  return undefined;
}
