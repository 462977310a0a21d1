import { isUnion, type Schema, type SchemaObject, type SchemaSource } from './schema-source.ts';

/**
 * Makes a schema that stands alone: the first mention of a shared type becomes its definition, as Avro wants it.
 *
 * A registry could hold the shared types as subjects of their own and refer to them. One schema per subject is
 * compared, read and fetched as a whole, and needs no order of registration.
 */
export function inlineReferences(root: SchemaObject, sources: readonly SchemaSource[]): Schema {
  const shared = new Map(sources.map(({ name, schema }) => [name, schema]));
  const defined = new Set<string>();

  const inline = (schema: Schema): Schema => {
    if (typeof schema === 'string') {
      const definition = shared.get(schema);
      return definition === undefined || defined.has(schema) ? schema : inline(definition);
    }
    if (isUnion(schema)) return schema.map(inline);
    if (schema.name !== undefined) defined.add(schema.name);
    const inlined: Record<string, unknown> = { ...schema };
    if (schema.fields !== undefined)
      inlined['fields'] = schema.fields.map((field) => ({ ...field, type: inline(field.type) }));
    if (schema.items !== undefined) inlined['items'] = inline(schema.items);
    if (schema.values !== undefined) inlined['values'] = inline(schema.values);
    return inlined as SchemaObject;
  };
  return inline(root);
}
