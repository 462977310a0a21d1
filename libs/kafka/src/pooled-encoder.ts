/** What kafkajs builds each part of a request in. */
export interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable(bytes: number): void;
}

export interface EncoderClass {
  new (bytes?: number): Encoder;
  readonly prototype: Encoder;
}

const bytesMin = 512;

/**
 * kafkajs's encoder, whose memory comes from Node's pool and is not zeroed.
 *
 * Trap: every partition of every request is an encoder of its own, which allocates half a kilobyte outside the heap, and
 * again at each growth: some forty allocations per request. The prototype is kafkajs's own, so the bytes are the same.
 */
export function pooledEncoder(own: EncoderClass): EncoderClass {
  function PooledEncoder(this: Encoder, bytes = bytesMin): void {
    this.buf = Buffer.allocUnsafe(Math.max(bytes, 1));
    this.offset = 0;
  }
  own.prototype.ensureAvailable = ensureAvailable;
  PooledEncoder.prototype = own.prototype;
  return Object.setPrototypeOf(PooledEncoder, own) as EncoderClass;
}

function ensureAvailable(this: Encoder, bytes: number): void {
  const needed = this.offset + bytes;
  if (needed <= this.buf.length) return;
  const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.buf.length));
  this.buf.copy(larger, 0, 0, this.offset);
  this.buf = larger;
}
