import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, manifestsIn, type Manifest } from './chart.ts';
import { departures } from './conformance.ts';

const files = globSync(['deploy/{strimzi,keda}/*.yaml', 'deploy/examples/{worker,strimzi-kafka}.yaml'], {
  cwd: ROOT,
}).sort();

it.each(files)('%s is what its operators take', (path) => {
  const manifests = manifestsIn(readFileSync(join(ROOT, path), 'utf8'));
  expect(manifests.length).toBeGreaterThan(0);
  expect(departures(manifests)).toEqual([]);
});

const pod = (spec: object): Manifest => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { ...spec } });

it.each<[string, Manifest, string]>([
  ['a probe that is misspelt', pod({ containers: [{ name: 'c', readinesProbe: {} }] }), '"readinesProbe"'],
  ['a port that is a text', pod({ containers: [{ name: 'c', ports: [{ containerPort: '80' }] }] }), 'must be integer'],
  ['a container without a name', pod({ containers: [{}] }), "must have required property 'name'"],
  ['a kind that nobody knows', { ...pod({}), kind: 'Pot' }, 'there is no pot-v1.json'],
  [
    'an operation that Kafka does not know',
    {
      apiVersion: 'kafka.strimzi.io/v1',
      kind: 'KafkaUser',
      metadata: { name: 'u' },
      spec: {
        authorization: { type: 'simple', acls: [{ resource: { type: 'topic', name: 't' }, operations: ['Fly'] }] },
      },
    },
    'must be equal to one of the allowed values',
  ],
])('finds %s', (_what, manifest, words) => {
  expect(departures([manifest]).join('\n')).toContain(words);
});
