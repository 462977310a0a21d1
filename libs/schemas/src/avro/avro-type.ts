import avsc from 'avsc';
import { BoundedArrayType, BoundedMapType } from './bounded-type.ts';
import { bytesType } from './bytes-type.ts';
import { SymbolType } from './symbol-type.ts';

/**
 * Builds avsc's type of a schema so that what it reads and writes is nearly what the domain has: enums as the domain's
 * values, bytes from any `Uint8Array`, records as plain objects, lists and maps no longer than their bytes allow. What an
 * absent field is remains to be mapped: avsc reads `null`.
 */
export function avroType(schema: string): avsc.Type {
  const registry: Record<string, avsc.Type> = {};
  const type = avsc.Type.forSchema(JSON.parse(schema) as AvroSchema, { registry, typeHook, omitRecordMethods: true });
  for (const named of Object.values(registry)) {
    // Made by `new Function`, so that its prototype may be replaced.
    if (named instanceof avsc.types.RecordType)
      (named.recordConstructor as { prototype: object }).prototype = Object.prototype;
  }
  return type;
}

type AvroSchema = Parameters<typeof avsc.Type.forSchema>[0];
type TypeHook = NonNullable<NonNullable<Parameters<typeof avsc.Type.forSchema>[1]>['typeHook']>;

interface SchemaShape {
  readonly type?: unknown;
  readonly logicalType?: unknown;
}

const typeHook: TypeHook = (schema, options) => {
  if (schema === 'bytes') return bytesType;
  if (typeof schema !== 'object' || Array.isArray(schema)) return undefined;
  const { type, logicalType } = schema as SchemaShape;
  if (type === 'array') return new BoundedArrayType(schema, options);
  if (type === 'map') return new BoundedMapType(schema, options);
  // The logical type builds its enum from the same schema and comes here again.
  if (type === 'enum' && logicalType !== 'symbol')
    return new SymbolType({ ...(schema as SchemaShape), logicalType: 'symbol' }, options);
  return undefined;
};
