import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { inlineReferences } from './inline-references.ts';
import { definedNames, readSchemaSources, type SchemaSource } from './schema-source.ts';
import { declareType, enumValue, isEnum, knownSymbols, unknownSymbol, type EnumType } from './type-declaration.ts';
import { buildTypeModel, type TypeModel } from './type-model.ts';

/** Generated modules: file name to content. */
export type GeneratedFiles = ReadonlyMap<string, string>;

const banner = '// Generated from schemas/ by tools/generate. Do not edit.\n';
const namespace = 'ratchet.v1';

/**
 * Makes the TypeScript of `libs/schemas/src/generated` from the folder `schemas`.
 *
 * One module of types per `.avsc`, the schemas as they are registered, the values of their enums, and the table of
 * topics, so that nothing reads a file at run time. The same input gives the same bytes.
 */
export async function generate(schemasFolder: string): Promise<GeneratedFiles> {
  const sources = readSchemaSources(schemasFolder);
  const model = buildTypeModel(sources);
  const files = new Map<string, string>();
  for (const source of sources) files.set(fileName(source.name), typesModule(source, sources, model));
  files.set('schemas.ts', schemasModule(sources));
  files.set('enums.ts', enumsModule(model));
  files.set('topic-table.ts', topicTableModule(schemasFolder));
  files.set('index.ts', [...files.keys()].map((file) => `export * from './${file}';`).join('\n'));

  const options = { ...(await resolveConfig(import.meta.filename)), parser: 'typescript' };
  const formatted = new Map<string, string>();
  for (const [file, content] of files) formatted.set(file, await format(`${banner}${content}`, options));
  return formatted;
}

const fileName = (name: string): string => `${kebabCase(name)}.ts`;
const kebabCase = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

function typesModule(source: SchemaSource, sources: readonly SchemaSource[], model: TypeModel): string {
  const own = definedNames(source.schema);
  const declarations = own.map((name) => {
    const type = model[`${namespace}.${name}`];
    if (type === undefined) throw new Error(`Expected to find ${name} in the type model, but it is not there`);
    return declareType(type);
  });
  const mentions = new Set(declarations.flatMap((declaration) => [...declaration.mentions]));
  const units = new Set(declarations.flatMap((declaration) => [...declaration.units]));
  const imports = sources
    .filter((other) => other !== source)
    .map((other) =>
      importLine(
        definedNames(other.schema).filter((name) => mentions.has(name)),
        `./${fileName(other.name)}`,
      ),
    );
  return [importLine([...units].sort(), '@ratchet/domain'), ...imports, ...declarations.map(({ text }) => text)].join(
    '\n',
  );
}

const importLine = (names: readonly string[], from: string): string =>
  names.length === 0 ? '' : `import type { ${names.join(', ')} } from '${from}';`;

function schemasModule(sources: readonly SchemaSource[]): string {
  const lines = sources
    .filter(({ isRecordOfTopic }) => isRecordOfTopic)
    .map(({ name, schema }) => `${name}: ${JSON.stringify(JSON.stringify(inlineReferences(schema, sources)))},`);
  return `/** The schema of each record, complete in itself, as it is registered. */\nexport const schemas = {\n${lines.join('\n')}\n} as const;`;
}

function enumsModule(model: TypeModel): string {
  const enums = Object.entries(model)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, type]) => (isEnum(type) ? [`'${name}': ${enumEntry(type)},`] : []));
  return [
    '/** The values of an enum, by symbol, and the one that stands for a symbol of a newer writer; without it such a record cannot be read. */',
    'export interface EnumValues { readonly values: Readonly<Record<string, string>>; readonly fallback?: string; }',
    `export const enums: Readonly<Record<string, EnumValues>> = {\n${enums.join('\n')}\n};`,
  ].join('\n');
}

function enumEntry(type: EnumType): string {
  const values = knownSymbols(type).map((symbol) => `${symbol}: '${enumValue(symbol)}',`);
  const fallback = type.default === unknownSymbol ? '' : `fallback: '${enumValue(type.default)}',`;
  return `{ values: {\n${values.join('\n')}\n}, ${fallback} }`;
}

const topicTableModule = (folder: string): string =>
  `/** \`schemas/topics.json\`. */\nexport const topicTable = ${readFileSync(join(folder, 'topics.json'), 'utf8').trim()} as const;`;
