import avsc from 'avsc';

// avsc trusts the count of a list: five bytes can claim a billion items, which it then reads one by one from beyond the
// end of the buffer. Every list and map of ours holds strings or bytes, so the first one that is not there ends it.
const present = <T>(value: T | undefined): T => {
  if (value === undefined) throw new RangeError('truncated');
  return value;
};

interface Position {
  readonly pos: number;
  readonly buf: Buffer;
}

/** Strings or bytes that notice when they lie beyond the end of the buffer. */
abstract class BoundedType extends avsc.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return present(value);
  }

  protected override _resolve(writer: avsc.Type): ((value: unknown) => unknown) | undefined {
    const type = writer instanceof avsc.types.LogicalType ? writer.underlyingType : writer;
    return type.typeName === this.underlyingType.typeName ? present : undefined;
  }

  // A field that only the writer knows is skipped.
  protected _skip(position: Position): void {
    (this.underlyingType as unknown as BoundedType)._skip(position);
    if (position.pos > position.buf.length) throw new RangeError('truncated');
  }
}

class BytesType extends BoundedType {
  // avsc writes a Buffer only; a view of the same memory costs no copy.
  protected override _toValue(value: unknown): Buffer | undefined {
    if (Buffer.isBuffer(value)) return value;
    return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined;
  }
}

class ListedStringType extends BoundedType {
  protected override _toValue(value: unknown): unknown {
    return value;
  }
}

export const bytesType: avsc.Type = new BytesType({ type: 'bytes', logicalType: 'bounded' } as unknown as avsc.Type);
export const listedStringType: avsc.Type = new ListedStringType({
  type: 'string',
  logicalType: 'bounded',
} as unknown as avsc.Type);
