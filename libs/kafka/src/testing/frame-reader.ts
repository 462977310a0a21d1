/** Cuts a stream into Kafka's frames: four bytes of size, and what they say. */
export class FrameReader {
  #buffered: Buffer = Buffer.alloc(0);

  /** The frames that are complete with this chunk, their size included. */
  *read(chunk: Buffer): Generator<Buffer> {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk]);
    while (this.#buffered.length >= 4) {
      const size = 4 + this.#buffered.readInt32BE(0);
      if (this.#buffered.length < size) return;
      yield this.#buffered.subarray(0, size);
      this.#buffered = this.#buffered.subarray(size);
    }
  }
}
