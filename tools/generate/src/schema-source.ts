import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A schema as JSON. Only the parts that the generator looks into are named. */
export interface SchemaObject {
  readonly type: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly fields?: readonly { readonly name: string; readonly type: Schema }[];
  readonly items?: Schema;
  readonly values?: Schema;
  readonly [attribute: string]: unknown;
}
export type Schema = string | SchemaObject | readonly Schema[];

/** One `.avsc` file. */
export interface SchemaSource {
  readonly name: string;
  readonly schema: SchemaObject;
  /** Whether a topic carries it, and not only other schemas. */
  readonly isRecordOfTopic: boolean;
}

const readFolder = (folder: string, isRecordOfTopic: boolean): readonly SchemaSource[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.avsc'))
    .sort()
    .map((file) => {
      const schema = JSON.parse(readFileSync(join(folder, file), 'utf8')) as SchemaObject;
      const name = file.slice(0, -'.avsc'.length);
      if (schema.name !== name)
        throw new Error(`Expected ${file} to define ${name}, but it defines ${String(schema.name)}`);
      return { name, schema, isRecordOfTopic };
    });

/** Reads `schemas/*.avsc` (what topics carry) and `schemas/types/*.avsc` (what they share). */
export const readSchemaSources = (folder: string): readonly SchemaSource[] => [
  ...readFolder(join(folder, 'types'), false),
  ...readFolder(folder, true),
];

/** The names that a schema defines, in order. */
export function definedNames(schema: Schema): readonly string[] {
  if (typeof schema === 'string') return [];
  if (isUnion(schema)) return schema.flatMap(definedNames);
  return [...(schema.name === undefined ? [] : [schema.name]), ...children(schema).flatMap(definedNames)];
}

/** The names that a schema refers to, in order. */
export function referencedNames(schema: Schema): readonly string[] {
  if (typeof schema === 'string') return [schema];
  if (isUnion(schema)) return schema.flatMap(referencedNames);
  return children(schema).flatMap(referencedNames);
}

export const isUnion = (schema: Schema): schema is readonly Schema[] => Array.isArray(schema);

const children = ({ fields, items, values }: SchemaObject): readonly Schema[] => [
  ...(fields ?? []).map((field) => field.type),
  ...(items === undefined ? [] : [items]),
  ...(values === undefined ? [] : [values]),
];
