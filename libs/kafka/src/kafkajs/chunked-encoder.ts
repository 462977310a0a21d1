/** What kafkajs builds each part of a request in. */
export interface Encoder {
  /** Where small things are written; from `start` to `offset` stands what is in no chunk yet. */
  buf: Buffer;
  offset: number;
  start: number;
  chunks: Buffer[];
  chunkedBytes: number;
  readonly buffer: Buffer;
  size(): number;
  ensureAvailable(bytes: number): void;
  writeBufferInternal(bytes: Buffer): void;
  writeInt32(value: number): Encoder;
  writeBytes(value: Buffer | string | null | undefined): Encoder;
  writeEncoder(value: unknown): Encoder;
}

export interface EncoderClass {
  new (): Encoder;
  readonly prototype: Encoder;
}

const bytesAtOnce = 128;

/**
 * kafkajs's encoder, which keeps what it is given in chunks and joins them once, when somebody asks for the bytes.
 *
 * Trap: a request is built of encoders in encoders, five deep, and each copies the one below into memory of its own,
 * zeroed and twice as large at each growth: 17 MB a second outside the heap for 2 MB of records, and a major garbage
 * collection for every 64 of them. The bytes are the same.
 */
export function chunkedEncoder(own: EncoderClass): EncoderClass {
  function ChunkedEncoder(this: Encoder): void {
    this.buf = Buffer.allocUnsafe(bytesAtOnce);
    this.offset = 0;
    this.start = 0;
    this.chunks = [];
    this.chunkedBytes = 0;
  }
  // kafkajs's own stays as it is: where its modules cannot be replaced, it is used.
  ChunkedEncoder.prototype = Object.create(own.prototype, { buffer: { get: joined } }) as Encoder;
  Object.assign(ChunkedEncoder.prototype, { ensureAvailable, writeBufferInternal, writeBytes, writeEncoder, size });
  return Object.setPrototypeOf(ChunkedEncoder, own) as EncoderClass;
}

function ensureAvailable(this: Encoder, bytes: number): void {
  if (this.offset + bytes <= this.buf.length) return;
  endChunk(this);
  this.buf = Buffer.allocUnsafe(Math.max(bytes, bytesAtOnce));
  this.offset = 0;
  this.start = 0;
}

/** The bytes are not copied: nobody may write into them before the request is sent. */
function writeBufferInternal(this: Encoder, bytes: Buffer): void {
  endChunk(this);
  addChunk(this, bytes);
}

function writeBytes(this: Encoder, value: Buffer | string | null | undefined): Encoder {
  if (value === null || value === undefined) return this.writeInt32(-1);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  this.writeInt32(bytes.length).writeBufferInternal(bytes);
  return this;
}

function writeEncoder(this: Encoder, value: unknown): Encoder {
  if (!isEncoder(value)) throw new Error('value should be an instance of Encoder');
  endChunk(this);
  for (const chunk of value.chunks) addChunk(this, chunk);
  if (value.offset > value.start) addChunk(this, value.buf.subarray(value.start, value.offset));
  return this;
}

const isEncoder = (value: unknown): value is Encoder =>
  typeof value === 'object' && value !== null && 'chunks' in value && 'buf' in value;

function size(this: Encoder): number {
  return this.chunkedBytes + this.offset - this.start;
}

function joined(this: Encoder): Buffer {
  endChunk(this);
  const [first] = this.chunks;
  if (first !== undefined && this.chunks.length === 1) return first;
  const whole = Buffer.concat(this.chunks, this.chunkedBytes);
  this.chunks = [whole];
  return whole;
}

function endChunk(encoder: Encoder): void {
  if (encoder.offset === encoder.start) return;
  addChunk(encoder, encoder.buf.subarray(encoder.start, encoder.offset));
  encoder.start = encoder.offset;
}

function addChunk(encoder: Encoder, chunk: Buffer): void {
  encoder.chunks.push(chunk);
  encoder.chunkedBytes += chunk.length;
}
