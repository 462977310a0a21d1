import { differencesOf, type TopicSpec } from './topics.ts';

const spec: TopicSpec = {
  name: 't',
  partitions: 4,
  replicationFactor: 3,
  config: {
    'cleanup.policy': 'compact,delete',
    'max.message.bytes': '1000',
    'retention.ms': '5000',
    'segment.bytes': '100',
    'min.insync.replicas': '2',
  },
  needs: ['partitions', 'cleanup.policy', 'max.message.bytes', 'retention.ms'],
};
const asSpec = new Map(Object.entries(spec.config));
const found = (config: Readonly<Record<string, string>>, partitions = 4, replicationFactor = 3) => ({
  partitions,
  replicationFactor,
  config: new Map([...asSpec, ...Object.entries(config)]),
});

test.each([
  { topic: found({}), as: 'its spec says' },
  { topic: found({ 'cleanup.policy': 'delete, compact' }), as: 'its spec says, in another order' },
])('a topic as $as differs in nothing', ({ topic }) => {
  expect(differencesOf(spec, topic)).toEqual([]);
});

test.each<{ setting: string; topic: ReturnType<typeof found>; isNeeded: boolean }>([
  { setting: 'partitions', topic: found({}, 5), isNeeded: true },
  { setting: 'cleanup.policy', topic: found({ 'cleanup.policy': 'compact' }), isNeeded: true },
  { setting: 'max.message.bytes', topic: found({ 'max.message.bytes': '999' }), isNeeded: true },
  { setting: 'max.message.bytes', topic: found({ 'max.message.bytes': '1001' }), isNeeded: false },
  { setting: 'retention.ms', topic: found({ 'retention.ms': '4999' }), isNeeded: true },
  { setting: 'retention.ms', topic: found({ 'retention.ms': '5001' }), isNeeded: false },
  { setting: 'retention.ms', topic: found({ 'retention.ms': '-1' }), isNeeded: false },
  { setting: 'retention.ms', topic: found({ 'retention.ms': '' }), isNeeded: true },
  { setting: 'segment.bytes', topic: found({ 'segment.bytes': '99' }), isNeeded: false },
])('another $setting is told: needed $isNeeded', ({ setting, topic, isNeeded }) => {
  expect(differencesOf(spec, topic)).toEqual([expect.objectContaining({ setting, isNeeded, isOfReplicas: false })]);
});

test.each([
  { setting: 'replicas', topic: found({}, 4, 1) },
  { setting: 'min.insync.replicas', topic: found({ 'min.insync.replicas': '1' }) },
])('$setting are for who makes a topic', ({ setting, topic }) => {
  for (const each of [spec, { ...spec, needs: undefined }] as readonly TopicSpec[])
    expect(differencesOf(each, topic)).toEqual([
      expect.objectContaining({ setting, isNeeded: false, isOfReplicas: true }),
    ]);
});

test('a spec that does not say what it needs needs all', () => {
  const { needs: _, ...whole } = spec;
  expect(differencesOf(whole, found({ 'max.message.bytes': '1001', 'segment.bytes': '1' }))).toEqual([
    expect.objectContaining({ setting: 'max.message.bytes', isNeeded: true }),
    expect.objectContaining({ setting: 'segment.bytes', isNeeded: true }),
  ]);
});
