import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, cases, manifestsIn, rendered, type Manifest } from './chart.ts';
import { departures } from './conformance.ts';
import { goProgram } from './go-programs.ts';
import { outcomeOf } from './kubernetes-tools.ts';

interface Report {
  readonly resources: readonly {
    readonly kind: string;
    readonly name: string;
    readonly status: string;
    readonly msg: string;
  }[];
}

const kubeconform = goProgram('kubeconform', join(ROOT, '.ratchet', 'deploy'), (line) => {
  process.stdout.write(`${line}\n`);
});

/** What kubeconform itself says of manifests, in the schemas that are kept here: `kind name: message` of each that it refuses. */
function refused(manifests: readonly Manifest[]): readonly string[] {
  const schemas = join(ROOT, 'tools', 'deploy', 'schemas', '{{.ResourceKind}}{{.KindSuffix}}.json');
  const args = ['-strict', '-verbose', '-output', 'json', '-schema-location', schemas];
  const { stdout, stderr } = outcomeOf(
    kubeconform,
    args,
    manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n'),
  );
  if (stdout === '') throw new Error(`Expected kubeconform to report, but it says: ${stderr}`);
  const { resources } = JSON.parse(stdout) as Report;
  expect(resources).toHaveLength(manifests.length);
  return resources
    .filter(({ status }) => status !== 'statusValid')
    .map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`);
}

const files = globSync(['deploy/{strimzi,keda}/*.yaml', 'deploy/examples/{worker,strimzi-kafka}.yaml'], {
  cwd: ROOT,
}).sort();

it.each([...cases.keys()])('kubeconform takes the chart with the values of %s', (name) => {
  expect(refused(rendered(cases.get(name) ?? ''))).toEqual([]);
});

it.each(files)('kubeconform takes %s', (path) => {
  expect(refused(manifestsIn(readFileSync(join(ROOT, path), 'utf8')))).toEqual([]);
});

const pod = (container: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [container] },
});

it.each<[string, Manifest]>([
  ['a probe that is misspelt', pod({ name: 'c', readinesProbe: {} })],
  ['a port that is a text', pod({ name: 'c', ports: [{ containerPort: '80' }] })],
  ['a container without a name', pod({})],
])('kubeconform refuses %s, as what stands in for it in the tests does', (_what, manifest) => {
  expect(refused([manifest])).toHaveLength(1);
  expect(departures([manifest])).not.toEqual([]);
});
