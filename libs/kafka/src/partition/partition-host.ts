import type { LogLevel } from '../log.ts';
import type { LogRange } from '../consumers/group-consumer.ts';
import type { OwnedPartition } from './owned-partition.ts';
import type { Positions } from './partition-logic.ts';
import type { PartitionProcessorOptions, ProcessorTuning } from './processor-options.ts';
import type { StateWriter } from '../outbox/state-writer.ts';

/** What an owned partition asks of the processor it belongs to. */
export interface PartitionHost<T> {
  readonly options: PartitionProcessorOptions<T>;
  readonly tuning: ProcessorTuning;
  /** All topics that are read, the state topic too. */
  readonly topics: readonly string[];
  seek(topic: string, partition: number, offset: number): void;
  pause(topic: string, partition: number): void;
  resume(topic: string, partition: number): void;
  logRange(topic: string, partition: number): Promise<LogRange>;
  /** The offset that the group has committed. */
  groupOffset(topic: string, partition: number): Promise<number | undefined>;
  /** `undefined` where no state is written. */
  fence(partition: number): Promise<StateWriter | undefined>;
  /** Everything up to here is done: state is written, effects are acknowledged. Resolves when the group knows. */
  committed(partition: number, positions: Positions): Promise<void>;
  /** Whether ownership is certain enough, and the outbox empty enough. `wake` is called when that changes. */
  mayHandle(): boolean;
  log(level: LogLevel, partition: number, message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A commit failed: drop everything, and begin again if the partition is still this instance's. */
  giveUp(partition: OwnedPartition<T>, error: Error, fenced: boolean): void;
}
