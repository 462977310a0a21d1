import type avsc from 'avsc';

/** A type as TypeScript, and what it mentions. */
export interface Declaration {
  readonly text: string;
  /** Names of other generated types. */
  readonly mentions: ReadonlySet<string>;
  /** Names of the domain's units. */
  readonly units: ReadonlySet<string>;
}

const scalars: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Uint8Array',
  string: 'string',
};
const units: Readonly<Record<string, string>> = {
  'logical:timestamp-millis': 'EpochMillis',
  'logical:duration-millis': 'Millis',
};

// avsc has these, its declarations do not.
type Documented = avsc.types.Field & { readonly doc?: string };
export type EnumType = avsc.types.EnumType & { readonly default: string };

/** The name without its namespace. */
export const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** The symbol that stands for what a newer writer said; it has no value here, and reading it is an error. */
export const unknownSymbol = 'UNKNOWN';

/** The value of an enum's symbol in TypeScript: `TIMED_OUT` is `timed-out`; names in Pascal case stay as they are. */
export const enumValue = (symbol: string): string =>
  symbol === symbol.toUpperCase() ? symbol.toLowerCase().replaceAll('_', '-') : symbol;

/** The symbols of an enum that have a value. */
export const knownSymbols = (type: EnumType): readonly string[] =>
  type.symbols.filter((symbol) => symbol !== unknownSymbol);

/** Declares a named type: a record as an interface, an enum as the union of its values. */
export function declareType(type: avsc.Type): Declaration {
  const mentions = new Set<string>();
  const mentionedUnits = new Set<string>();
  const name = shortName(type.name ?? '');

  const expression = (of: avsc.Type): string => {
    const unit = units[of.typeName];
    if (unit !== undefined) {
      mentionedUnits.add(unit);
      return unit;
    }
    if (of.name !== undefined) {
      mentions.add(shortName(of.name));
      return shortName(of.name);
    }
    return scalars[of.typeName] ?? compound(of);
  };

  const compound = (of: avsc.Type): string => {
    if (isArray(of)) return `readonly ${parenthesised(expression(of.itemsType))}[]`;
    if (isMap(of)) return `Readonly<Record<string, ${expression(of.valuesType as avsc.Type)}>>`;
    if (isWrappedUnion(of))
      return of.types.map((branch) => `{ readonly '${branch.branchName ?? ''}': ${expression(branch)} }`).join(' | ');
    if (isUnion(of)) return of.types.map(expression).reverse().join(' | ');
    throw new Error(`Expected to declare ${of.typeName}, but the generator does not know this type`);
  };

  const property = (field: Documented): string => {
    const optional = field.defaultValue() === null ? '?' : '';
    return `${comment(field.doc)}readonly ${field.name}${optional}: ${expression(field.type)};`;
  };

  const body = isEnum(type)
    ? `export type ${name} = ${knownSymbols(type)
        .map((symbol) => `'${enumValue(symbol)}'`)
        .join(' | ')};`
    : declareRecord(name, isRecord(type) ? type.fields.map(property) : []);
  mentions.delete(name);
  return { text: `${comment(type.doc)}${body}`, mentions, units: mentionedUnits };
}

const declareRecord = (name: string, properties: readonly string[]): string =>
  properties.length === 0
    ? `export type ${name} = Readonly<Record<string, never>>;`
    : `export interface ${name} {\n${properties.join('\n')}\n}`;

const comment = (doc: string | undefined): string => (doc === undefined ? '' : `/** ${doc} */\n`);
const parenthesised = (text: string): string => (text.includes(' ') ? `(${text})` : text);
export const isEnum = (type: avsc.Type): type is EnumType => type.typeName === 'enum';
const isRecord = (type: avsc.Type): type is avsc.types.RecordType => type.typeName === 'record';
const isArray = (type: avsc.Type): type is avsc.types.ArrayType => type.typeName === 'array';
const isMap = (type: avsc.Type): type is avsc.types.MapType => type.typeName === 'map';
const isWrappedUnion = (type: avsc.Type): type is avsc.types.WrappedUnionType => type.typeName === 'union:wrapped';
const isUnion = (type: avsc.Type): type is avsc.types.UnwrappedUnionType => type.typeName === 'union:unwrapped';
