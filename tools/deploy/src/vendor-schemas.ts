// node tools/deploy/src/vendor-schemas.ts <swagger.json or CRD.yaml>...: writes tools/deploy/schemas anew, for the kinds that deploy/
// uses. The inputs come from Go modules (go mod download) and Strimzi's repository:
//   k8s.io/kubernetes@v1.36.3: api/openapi-spec/swagger.json
//   github.com/kedacore/keda/v2@v2.21.0: config/crd/bases/keda.sh_{scaledobjects,triggerauthentications}.yaml
//   github.com/prometheus-operator/prometheus-operator@v0.85.0: example/prometheus-operator-crd/*_{servicemonitors,prometheusrules}.yaml
//   github.com/strimzi/strimzi-kafka-operator, tag 1.2.0: packaging/install/cluster-operator/04*-Crd-kafka{,topic,user,nodepool}.yaml
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseAllDocuments } from 'yaml';

type Json = Readonly<Record<string, unknown>>;

interface Swagger {
  readonly definitions: Readonly<Record<string, Json>>;
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

interface Definition {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Json } }[];
  };
}

const FOLDER = join(import.meta.dirname, '..', 'schemas');
const CORE = new Set([
  ...['ConfigMap', 'HorizontalPodAutoscaler', 'Deployment', 'NetworkPolicy', 'Pod', 'PodDisruptionBudget', 'Service'],
  ...['ServiceAccount', 'StatefulSet'],
]);
const CORE_VERSIONS = new Set(['v1', 'v2']);
/** What Kubernetes reads in more than one way, or as it is. */
const FREE: Readonly<Record<string, Json>> = {
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': { type: ['string', 'integer'] },
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { type: ['string', 'number'] },
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': { type: 'object' },
};

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Without what only people read, and with no property that is not named: a slip of the pen is no value. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema).filter(
    ([name, value]) => !(name === 'description' && typeof value === 'string') && !name.startsWith('x-kubernetes'),
  );
  const kept = Object.fromEntries(entries.map(([name, value]) => [name, inner(name, value)]));
  if (schema['x-kubernetes-int-or-string'] === true) return { ...kept, type: ['string', 'integer'], anyOf: undefined };
  if (kept['format'] === 'int-or-string') return { type: ['string', 'integer'] };
  const isOpen =
    schema['properties'] === undefined ||
    schema['additionalProperties'] !== undefined ||
    schema['x-kubernetes-preserve-unknown-fields'] === true;
  return isOpen ? kept : { ...kept, additionalProperties: false };
}

/** Below `properties` stand names, whatever they are called. */
function inner(name: string, value: unknown): unknown {
  if (name !== 'properties' || !isObject(value)) return strict(value);
  return Object.fromEntries(Object.entries(value).map(([property, schema]) => [property, strict(schema)]));
}

/** The definitions that `schema` needs, by name, with those that they need. */
function needed(
  schema: unknown,
  definitions: Swagger['definitions'],
  found = new Map<string, unknown>(),
): Map<string, unknown> {
  for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/definitions\/([^"]+)"/g)) {
    if (found.has(name)) continue;
    const definition = FREE[name] ?? strict(definitions[name]);
    found.set(name, definition);
    needed(definition, definitions, found);
  }
  return found;
}

function coreSchemas({ definitions }: Swagger): readonly [string, Json][] {
  return Object.entries(definitions).flatMap(([name, definition]) =>
    ((definition['x-kubernetes-group-version-kind'] ?? []) as readonly Kind[])
      .filter(({ kind, version }) => CORE.has(kind) && CORE_VERSIONS.has(version))
      .map((kind): [string, Json] => {
        const root = { $ref: `#/definitions/${name}` };
        return [fileOf(kind), { ...root, definitions: Object.fromEntries(needed(root, definitions)) }];
      }),
  );
}

function customSchemas({ kind, spec }: Definition): readonly [string, Json][] {
  if (kind !== 'CustomResourceDefinition') return [];
  return spec.versions.map(({ name, schema }) => {
    const { properties, ...rest } = strict(schema.openAPIV3Schema) as { properties: Json };
    const named = {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      ...properties,
      metadata: { type: 'object' },
    };
    return [fileOf({ group: spec.group, version: name, kind: spec.names.kind }), { ...rest, properties: named }];
  });
}

/** In kubeconform's layout: `deployment-apps-v1.json`. */
const fileOf = ({ group, version, kind }: Kind): string =>
  `${[kind.toLowerCase(), ...(group === '' ? [] : [group.split('.')[0]]), version].join('-')}.json`;

function schemasIn(path: string): readonly [string, Json][] {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) return coreSchemas(JSON.parse(text) as Swagger);
  return parseAllDocuments(text).flatMap((document) => customSchemas(document.toJS() as Definition));
}

const schemas = process.argv.slice(2).flatMap(schemasIn);
if (schemas.length === 0)
  throw new Error('Expected paths of a swagger.json and of CRDs to take schemas from, but none was given');
mkdirSync(FOLDER, { recursive: true });
for (const name of readdirSync(FOLDER).filter((file) => file.endsWith('.json'))) rmSync(join(FOLDER, name));
for (const [name, schema] of schemas) writeFileSync(join(FOLDER, name), `${JSON.stringify(schema)}\n`);
process.stdout.write(`${FOLDER}: ${schemas.length} schemas\n`);
