import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { CHART, ROOT, cases, valuesOf } from './chart.ts';
import { generatedFiles, staleFiles } from './generated-files.ts';
import { valuesSchemaOf } from './values-schema.ts';

type Values = Record<string, unknown>;

const defaults = valuesOf(join(CHART, 'values.yaml'));
const conforms = new Ajv({ strict: false, allErrors: true }).compile(valuesSchemaOf(defaults));
const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Values as Helm lays them over one another. */
function over(below: Values, above: Values): Values {
  const entries = Object.entries(above).map(([name, value]): [string, unknown] => {
    const old = below[name];
    return [name, isObject(value) && isObject(old) ? over(old, value) : value];
  });
  return { ...below, ...Object.fromEntries(entries) };
}

/** `{ a: { b: 1 } }` for `a.b` and 1. */
function at(path: string, value: unknown): Values {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as Values;
}

/** Where the schema finds fault with the minimal values and these laid over them. */
function faults(...changes: readonly Values[]): readonly string[] {
  const minimal = valuesOf(cases.get('minimal') ?? '');
  if (conforms([defaults, minimal, ...changes].reduce(over))) return [];
  return (conforms.errors ?? []).map(({ instancePath }) => instancePath);
}

it.each([...cases])('takes the values of %s', (_name, path) => {
  expect(conforms(over(defaults, valuesOf(path))) ? [] : conforms.errors).toEqual([]);
});

it.each([
  ['kafka.brokers', []],
  ['kafka.brokers', ['kafka-1']],
  ['kafka.brokers', 'kafka-1:9092'],
  ['kafka.sasl.mechanism', 'gssapi'],
  ['kafka.sasl.existingSecret', 'Not_A_Name'],
  ['registry.url', ''],
  ['registry.url', 'http://user:password@registry:8081'],
  ['registry.url', 'registry:8081'],
  ['token.existingSecret', ''],
  ['environment', 'staging'],
  ['prefix', 'with space'],
  ['prefix', 'x'.repeat(41)],
  ['partitions', 0],
  ['partitions', 1_001],
  ['topics', 'alter'],
  ['services.scheduler.replicas', 0],
  ['services.scheduler.replicas', '2'],
  ['services.scheduler.resources.limits', null],
  ['services.scheduler.resources.limits.memory', '2 GB'],
  ['services.scheduler.heapPercentage', 100],
  ['services.timeouttracker', { replicas: 2 }],
  ['pod.podDisruptionBudget.maxUnavailable', 0],
  ['pod.spread', [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'Maybe' }]],
  ['pod.extraEnv', [{ name: 'A', value: 'b', valueFrom: {} }]],
  ['pod.extraEnv', [{ name: 'A', value: 1 }]],
  ['probes.liveness.successThreshold', 2],
  ['gateway.apiKeys.existingSecret', ''],
  ['gateway.tls.existingSecret', ''],
  ['gateway.jwt.issuer', 'https://issuer'],
  ['gateway.jwt', { issuer: 'https://issuer', audience: 'a' }],
  ['gateway.jwt', { issuer: 'i', audience: 'a', jwksUrl: 'https://keys', publicKey: { existingSecret: 'key' } }],
  ['gateway.service.type', 'ExternalName'],
  ['gateway.autoscaling.minReplicas', 0],
  ['state.claim.size', '16 GB'],
  ['state.claim.size', null],
  ['state.volume', []],
  ['image.digest', 'sha256:short'],
  ['serviceMonitor.interval', '15'],
  ['replicaCount', 2],
  ['kafka.password', 'secret'],
  ['services.scheduler.kafka.brokers', ['kafka-1:9092']],
  ['kafka.sasl.oauth.tokenUrl', 'https://ratchet:secret@login/token'],
  ['gateway.jwt.jwksUrl', 'https://ratchet:secret@login/keys'],
  ['traces.endpoint', 'https://ratchet:secret@collector:4318'],
  ['traces.endpoint', 'collector:4317'],
  ['networkPolicy.registryPorts', ['http']],
])('refuses %s: %j', (path, value) => {
  const found = faults(at(path, value));
  const place = `/${path.replaceAll('.', '/')}`;
  expect(found.some((fault) => place.startsWith(fault) || fault.startsWith(place))).toBe(true);
});

it.each([
  ['everyone, when that is said', at('gateway', { allowUnauthenticated: true, apiKeys: { existingSecret: '' } })],
  ['keys without TLS, when that is said', at('gateway', { allowPlaintext: true, tls: { existingSecret: '' } })],
  ['a chart that has this one in it', at('global', { anything: true })],
  ['the default number of partitions', at('partitions', null)],
])('takes %s', (_what, change) => {
  expect(faults(change)).toEqual([]);
});

/** Every path in the defaults, but for what stands in maps that take any name. */
const paths = (values: Values, above = ''): readonly string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    const path = above + name;
    const isOpen =
      /^(podSecurityContext|securityContext|dashboards\.labels|state\.(volume|claim\.annotations)|.*\.(requests|limits))$/.test(
        path,
      );
    return value === null ? [] : [path, ...(isObject(value) && !isOpen ? paths(value, `${path}.`) : [])];
  });

test('refuses whatever takes a default away: no template has to do without', () => {
  const without = (path: string): Values => {
    const left = structuredClone(over(defaults, valuesOf(cases.get('minimal') ?? '')));
    const names = path.split('.');
    const last = names.pop() ?? '';
    Reflect.deleteProperty(names.reduce<unknown>((inner, name) => (inner as Values)[name], left) as Values, last);
    return left;
  };
  const all = paths(defaults);
  expect(all.length).toBeGreaterThan(200);
  expect(all.filter((path) => conforms(without(path)))).toEqual([]);
});

test('names no variable that no service reads', () => {
  const sources = globSync('{libs/service-kit,services/*}/src/**/*.ts', { cwd: ROOT });
  const read = new Set(
    sources.flatMap((path) =>
      [...readFileSync(join(ROOT, path), 'utf8').matchAll(/'(RATCHET_[A-Z0-9_]+)'/g)].map(([, name]) => name),
    ),
  );
  const templates = globSync('templates/**/*.{yaml,tpl}', { cwd: CHART });
  const named = templates.flatMap((path) =>
    [...readFileSync(join(CHART, path), 'utf8').matchAll(/RATCHET_[A-Z0-9_]*[A-Z0-9]/g)].map(([name]) => name),
  );
  expect(named.length).toBeGreaterThan(40);
  const unread = [...new Set(named)].filter((name) => !read.has(name));
  expect(unread).toEqual([]);
});

test('waits for a stop as long as a service may take for it', () => {
  const drainMs = /STOP_MS_MAX = ([\d_]+)/.exec(
    readFileSync(join(ROOT, 'libs/service-kit/src/run-service.ts'), 'utf8'),
  );
  const seconds = Number(drainMs?.[1]?.replaceAll('_', '')) / 1_000;
  expect(readFileSync(join(CHART, 'templates/_helpers.tpl'), 'utf8')).toContain(`$drain := add ${seconds} (`);
});

test('is of the version of what it installs', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(valuesOf(join(CHART, 'Chart.yaml'))).toMatchObject({ version, appVersion: version });
});

test('whatever is made from other files is fresh', () => {
  expect(staleFiles(ROOT, generatedFiles(ROOT))).toEqual([]);
});
