import type { FetchedBatch } from '../consumers/group-consumer.ts';
import { memoryBytesOf } from '../record.ts';

/** Fetched batches that wait to be handled, in the order they came. */
export class RecordQueue {
  #batches: FetchedBatch[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  get head(): FetchedBatch | undefined {
    return this.#batches[0];
  }

  push(batch: FetchedBatch): void {
    this.#batches.push(batch);
    this.#bytes += bytesOf(batch);
  }

  /** Removes the head, once it was handled. */
  shift(): void {
    const batch = this.#batches.shift();
    if (batch !== undefined) this.#bytes -= bytesOf(batch);
  }

  /** Removes what waits of a topic, but not the head, which is in hand. */
  dropWaiting(topic: string): void {
    this.#keep((batch, index) => index === 0 || batch.topic !== topic);
  }

  clear(): void {
    this.#keep(() => false);
  }

  #keep(isKept: (batch: FetchedBatch, index: number) => boolean): void {
    this.#batches = this.#batches.filter(isKept);
    this.#bytes = this.#batches.reduce((sum, batch) => sum + bytesOf(batch), 0);
  }
}

function bytesOf({ records }: FetchedBatch): number {
  let bytes = 0;
  for (const record of records) bytes += memoryBytesOf(record);
  return bytes;
}
