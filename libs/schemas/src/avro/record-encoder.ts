import type avsc from 'avsc';
import { beginRecord, endRecord } from './bounded-type.ts';

/** Magic byte and schema id, as in Confluent's wire format. */
export const headerBytes = 5;

// Shared: encoding is synchronous and copies out before it returns.
const scratch = Buffer.alloc(256 * 1024);

/**
 * Encodes values of one schema: a zero byte, the schema's id (four bytes, big endian), the Avro binary.
 *
 * @returns a buffer of its own.
 * @throws Error when the value does not fit the schema.
 */
export class RecordEncoder {
  readonly #type: avsc.Type;
  readonly #id: number;

  constructor(type: avsc.Type, id: number) {
    this.#type = type;
    this.#id = id;
  }

  encode(value: unknown): Buffer {
    const end = this.#write(value, scratch);
    if (end >= 0) return Buffer.copyBytesFrom(scratch, 0, end);
    // The negative result is what was missing.
    const large = Buffer.allocUnsafe(scratch.length - end);
    this.#write(value, large);
    return large;
  }

  #write(value: unknown, into: Buffer): number {
    into[0] = 0;
    into.writeInt32BE(this.#id, 1);
    beginRecord();
    try {
      return this.#type.encode(value, into, headerBytes);
    } finally {
      endRecord();
    }
  }
}
