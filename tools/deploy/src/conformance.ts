import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import type { Manifest } from './chart.ts';

/** In kubeconform's layout; where they come from stands in vendor-schemas.ts. */
const SCHEMAS = join(import.meta.dirname, '..', 'schemas');

/** Patterns of operators are Go's, where `(?i)` stands for the flag. */
const goPattern = Object.assign(
  (pattern: string, flags: string): RegExp =>
    new RegExp(pattern.replace('(?i)', ''), pattern.includes('(?i)') ? `${flags}i` : flags),
  { code: 'undefined' },
);
const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false, code: { regExp: goPattern } });
const compiled = new Map<string, ValidateFunction>();

/**
 * Where manifests depart from the schemas of Kubernetes 1.36, Strimzi 1.2, KEDA 2.21 and the Prometheus operator 0.85, in which no
 * property is unknown: `kind name: path what`, empty when nowhere.
 */
export function departures(manifests: readonly Manifest[]): readonly string[] {
  return manifests.flatMap((manifest) => {
    const file = join(SCHEMAS, schemaFile(manifest));
    const named = `${manifest.kind} ${manifest.metadata.name}`;
    if (!existsSync(file)) return [`${named}: there is no ${schemaFile(manifest)}`];
    const conforms = compiled.get(file) ?? ajv.compile(JSON.parse(readFileSync(file, 'utf8')) as object);
    compiled.set(file, conforms);
    if (conforms(manifest)) return [];
    return (conforms.errors ?? []).map(({ instancePath, message = '', params }) =>
      `${named}: ${instancePath} ${message} ${JSON.stringify(params)}`.trim(),
    );
  });
}

function schemaFile({ apiVersion, kind }: Manifest): string {
  const [version = '', group] = apiVersion.split('/').reverse();
  return `${[kind.toLowerCase(), ...(group === undefined ? [] : [group.split('.')[0]]), version].join('-')}.json`;
}
