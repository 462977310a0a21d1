import avsc from 'avsc';

/** Bytes that are written from any `Uint8Array`: avsc takes a Buffer only, and a view of the same memory costs no copy. */
class BytesType extends avsc.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return value;
  }

  protected override _toValue(value: unknown): Buffer | undefined {
    if (Buffer.isBuffer(value)) return value;
    return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined;
  }

  protected override _resolve(writer: avsc.Type): ((value: unknown) => unknown) | undefined {
    const type = writer instanceof avsc.types.LogicalType ? writer.underlyingType : writer;
    return type.typeName === 'bytes' ? (value) => value : undefined;
  }
}

export const bytesType: avsc.Type = new BytesType({ type: 'bytes', logicalType: 'any-bytes' } as unknown as avsc.Type);
