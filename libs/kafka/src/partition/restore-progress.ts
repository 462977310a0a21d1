import type { LogRange } from '../consumers/group-consumer.ts';
import type { PartitionEffect } from './partition-events.ts';
import type { TopicSource } from './topic-source.ts';

/** How often a restore that takes long says how far it is. */
const lineMs = 10_000;

/** How far the restore of a partition is, counted in offsets of the logs that are read for it. */
export class RestoreProgress {
  #recordCount = 0;
  #done = 0;
  #total = 0;
  #begunAt = 0;
  #saidAt = 0;

  begin(now: number): void {
    this.#begunAt = this.#saidAt = now;
  }

  /** A log is to be read. */
  add({ start, end }: LogRange): void {
    this.#total += end - start;
  }

  /**
   * A source goes on at `offset`, for so many more records of it are restored.
   *
   * @returns who is to be told of it.
   */
  moved(source: TopicSource, offset: number, recordCount: number, now: number): readonly PartitionEffect[] {
    this.#recordCount += recordCount;
    this.#done += Math.max(0, offset - source.restoredTo);
    source.restoredTo = offset;
    const told: PartitionEffect = { kind: 'restores', done: this.#done, total: this.#total };
    if (now - this.#saidAt < lineMs) return [told];
    this.#saidAt = now;
    return [told, this.#line(now)];
  }

  /** @returns who is to be told that it is over. */
  end(now: number): readonly PartitionEffect[] {
    const records = this.#recordCount;
    const message = `is restored from ${String(records)} records`;
    return [
      { kind: 'was-restored', records, durationMs: now - this.#begunAt },
      { kind: 'say', level: 'info', message },
    ];
  }

  #line(now: number): PartitionEffect {
    const rate = Math.round((this.#recordCount * 1000) / (now - this.#begunAt));
    const percent = Math.floor((100 * this.#done) / this.#total);
    const message =
      `is being restored: ${String(percent)} %, ${String(this.#recordCount)} records, ${String(rate)} a second, ` +
      `${String(this.#total - this.#done)} offsets left`;
    return { kind: 'say', level: 'info', message };
  }
}
