import avsc from 'avsc';
import { avroType } from './avro-type.ts';

/**
 * Today's type, with an empty record added for every choice that only the writer knows.
 *
 * avsc gives up on a writer's schema when a union in it has a branch that the reader lacks, even if no record uses it. So
 * one new command, registered by the first client that is upgraded, would make every command of that client
 * unreadable. This way only the new command itself is.
 *
 * @param current today's type, made from `schema`.
 */
export function typeForWriter(current: avsc.Type, schema: string, writer: avsc.Type): avsc.Type {
  if (!isRecord(current) || !isRecord(writer)) return current;
  const unknownByField = new Map(
    current.fields.map(({ name, type }) => [name, unknownBranches(type, fieldType(writer, name))]),
  );
  if ([...unknownByField.values()].every((unknown) => unknown.length === 0)) return current;

  const { fields, ...rest } = JSON.parse(schema) as RecordSchema;
  const extended = fields.map((field) => ({
    ...field,
    type: Array.isArray(field.type)
      ? [...(field.type as unknown[]), ...(unknownByField.get(field.name) ?? []).map(emptyRecord)]
      : field.type,
  }));
  return avroType(JSON.stringify({ ...rest, fields: extended }));
}

interface RecordSchema {
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

function unknownBranches(type: avsc.Type, writer: avsc.Type | undefined): readonly string[] {
  if (writer === undefined || !isWrappedUnion(type) || !isWrappedUnion(writer)) return [];
  const known = new Set(type.types.map((branch) => branch.name));
  return writer.types.flatMap(({ name }) => (name === undefined || known.has(name) ? [] : [name]));
}

const fieldType = (record: avsc.types.RecordType, name: string): avsc.Type | undefined =>
  record.fields.find((field) => field.name === name)?.type;

const emptyRecord = (name: string) => ({ type: 'record', name, fields: [] });
const isRecord = (type: avsc.Type): type is avsc.types.RecordType => type instanceof avsc.types.RecordType;
const isWrappedUnion = (type: avsc.Type): type is avsc.types.WrappedUnionType =>
  type instanceof avsc.types.WrappedUnionType;
