import avsc from 'avsc';

/** Items in the lists and maps of one record, nested ones counted: far more than any of ours has. */
export const itemCountMax = 100_000;

/** avsc's place in a buffer. */
interface Tap {
  readonly pos: number;
  readonly buf: Buffer;
  readLong(): number;
  readString(): string;
  skipString(): void;
}

/** What avsc calls of a type, or of a resolver in its place. */
interface ItemType {
  _read(tap: Tap): unknown;
  _skip(tap: Tap): void;
  _write(tap: Tap, value: unknown): void;
}

/** Of the record in hand: reading and writing never wait, so there is one at a time. While there is none, no limit. */
let itemCountLeft = Infinity;

/** From here on items are counted, until `endRecord`. */
export const beginRecord = (): void => {
  itemCountLeft = itemCountMax;
};

export const endRecord = (): void => {
  itemCountLeft = Infinity;
};

/**
 * How many items come next; 0 ends the list.
 *
 * Trap: avsc trusts the count and reads on beyond the end of the buffer, where everything is 0: a few bytes can claim 4e15
 * items. Here no more are believed than there are bytes left, nor more than a record may have, for an item may take none.
 */
function beginBlock(tap: Tap): number {
  let count = tap.readLong();
  if (count < 0) {
    count = -count;
    // The size of the block, for who passes over it: nothing says that it is true.
    tap.readLong();
  }
  if (count > tap.buf.length - tap.pos)
    throw new RangeError(`a list claims ${String(count)} items, and there are fewer bytes left`);
  spend(count);
  return count;
}

function spend(count: number): void {
  itemCountLeft -= count;
  if (itemCountLeft < 0) throw new RangeError(`it has more than ${String(itemCountMax)} items in its lists and maps`);
}

/** A list that is bounded by the bytes there are. */
export class BoundedArrayType extends avsc.types.ArrayType {
  protected _read(tap: Tap): unknown[] {
    const type = this.itemsType as unknown as ItemType;
    const items: unknown[] = [];
    for (let count = beginBlock(tap); count > 0; count = beginBlock(tap)) {
      for (; count > 0; count--) items.push(type._read(tap));
    }
    return items;
  }

  protected _skip(tap: Tap): void {
    const type = this.itemsType as unknown as ItemType;
    for (let count = beginBlock(tap); count > 0; count = beginBlock(tap)) {
      for (; count > 0; count--) type._skip(tap);
    }
  }

  protected _write(tap: Tap, value: unknown): void {
    if (Array.isArray(value)) spend(value.length);
    arrays._write.call(this, tap, value);
  }
}

/** A map that is bounded by the bytes there are. */
export class BoundedMapType extends avsc.types.MapType {
  protected _read(tap: Tap): Record<string, unknown> {
    const type = this.valuesType as ItemType;
    const entries: Record<string, unknown> = {};
    for (let count = beginBlock(tap); count > 0; count = beginBlock(tap)) {
      for (; count > 0; count--) {
        const key = tap.readString();
        entries[key] = type._read(tap);
      }
    }
    return entries;
  }

  protected _skip(tap: Tap): void {
    const type = this.valuesType as ItemType;
    for (let count = beginBlock(tap); count > 0; count = beginBlock(tap)) {
      for (; count > 0; count--) {
        tap.skipString();
        type._skip(tap);
      }
    }
  }

  protected _write(tap: Tap, value: unknown): void {
    if (typeof value === 'object' && value !== null) spend(Object.keys(value).length);
    maps._write.call(this, tap, value);
  }
}

const arrays = avsc.types.ArrayType.prototype as unknown as ItemType;
const maps = avsc.types.MapType.prototype as unknown as ItemType;
