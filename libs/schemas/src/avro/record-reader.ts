import type avsc from 'avsc';
import { schemas } from '../generated/schemas.ts';
import type { RecordName } from '../subject.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { avroType } from './avro-type.ts';
import { beginRecord, endRecord } from './bounded-type.ts';
import { headerBytes } from './record-encoder.ts';
import { typeForWriter } from './type-for-writer.ts';

/** Reads what was written under one schema id as the record of today. */
export interface RecordReader {
  readonly record: RecordName;
  /** @throws UnreadableRecordError when the bytes are not of that schema. */
  read(bytes: Buffer): unknown;
}

const names = Object.keys(schemas) as readonly RecordName[];
const types = new Map(names.map((name) => [name, avroType(schemas[name])]));

/** Today's type of a record. */
export function currentType(record: RecordName): avsc.Type {
  const type = types.get(record);
  if (type === undefined) throw new RangeError(`no record ${record}`);
  return type;
}

/** Reads records that were written with today's schema. */
export const currentReader = (record: RecordName): RecordReader => reader(record, currentType(record));

/**
 * Reads records that were written with another version of a schema.
 *
 * @param schema the writer's, as the registry has it.
 * @throws UnreadableRecordError when it is none of ours, or cannot be read as today's.
 */
export function readerOf(schema: string): RecordReader {
  const writer = asUnreadable('the schema of its id is not one of Avro', () => avroType(schema));
  const record = names.find((name) => writer.name === `ratchet.v1.${name}`);
  if (record === undefined) throw new UnreadableRecordError(`its schema is of ${writer.name ?? writer.typeName}`);
  return asUnreadable(`its version of ${record} is not one that this version can read`, () => {
    const type = typeForWriter(currentType(record), schemas[record], writer);
    return reader(record, type, type.createResolver(writer));
  });
}

type Resolver = ReturnType<avsc.Type['createResolver']>;

function reader(record: RecordName, type: avsc.Type, resolver?: Resolver): RecordReader {
  const read = (bytes: Buffer): unknown => {
    const { value, offset } = decode(bytes);
    if (offset === bytes.length) return value;
    throw new UnreadableRecordError(`its bytes ${offset < 0 ? 'end before' : 'go on after'} the ${record} is complete`);
  };
  const decode = (bytes: Buffer): { readonly value: unknown; readonly offset: number } => {
    beginRecord();
    try {
      return type.decode(bytes, headerBytes, resolver);
    } catch (error) {
      if (error instanceof UnreadableRecordError) throw error;
      throw new UnreadableRecordError(`its bytes are not a ${record}: ${String(error)}`, { cause: error });
    } finally {
      endRecord();
    }
  };
  return { record, read };
}

function asUnreadable<T>(reason: string, attempt: () => T): T {
  try {
    return attempt();
  } catch (error) {
    throw new UnreadableRecordError(`${reason}: ${String(error)}`, { cause: error });
  }
}
