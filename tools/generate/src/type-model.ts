import avsc from 'avsc';
import { referencedNames, type SchemaSource } from './schema-source.ts';

// avsc shows a logical type in its model only when a class for it is there; the generator reads and writes no values.
class NamedLogicalType extends avsc.types.LogicalType {
  protected override _fromValue(value: unknown): unknown {
    return value;
  }
  protected override _toValue(value: unknown): unknown {
    return value;
  }
}

/** avsc's types by their full names: those of the files and those defined within them. */
export type TypeModel = Readonly<Record<string, avsc.Type>>;

/** Builds avsc's type model of all files, each after the ones it refers to. */
export function buildTypeModel(sources: readonly SchemaSource[]): TypeModel {
  const registry: Record<string, avsc.Type> = {};
  const logicalTypes = { 'timestamp-millis': NamedLogicalType, 'duration-millis': NamedLogicalType };
  for (const { schema } of inDependencyOrder(sources))
    avsc.Type.forSchema(schema as unknown as Parameters<typeof avsc.Type.forSchema>[0], { registry, logicalTypes });
  return registry;
}

function inDependencyOrder(sources: readonly SchemaSource[]): readonly SchemaSource[] {
  const byName = new Map(sources.map((source) => [source.name, source]));
  const ordered = new Set<SchemaSource>();
  const visit = (source: SchemaSource, path: readonly SchemaSource[]): void => {
    if (ordered.has(source) || path.includes(source)) return;
    for (const name of referencedNames(source.schema)) {
      const referenced = byName.get(name);
      if (referenced !== undefined) visit(referenced, [...path, source]);
    }
    ordered.add(source);
  };
  for (const source of sources) visit(source, []);
  return [...ordered];
}
