import { describe, expect, it } from '@jest/globals';
import { taskTopicBytesMax } from '@ratchet/domain';
import { taskTopicSpecs, topicSpecs, type TopicSpec } from './topic-specs.ts';
import { topics } from './topics.ts';

const production = topicSpecs({ replication: 'production' });
const development = topicSpecs({ replication: 'development' });
const task = taskTopicSpecs('ratchet.activity.tasks.n.q', { replication: 'production' });

const named = (specs: readonly TopicSpec[], name: string): TopicSpec => {
  const spec = specs.find((candidate) => candidate.name === name);
  if (spec === undefined) throw new Error(`no topic ${name}`);
  return spec;
};
const dayMs = 86_400_000;

describe('the topics', () => {
  it('are those of the table and their dead-letter topics, which nobody but who reads records needs', () => {
    expect(production.map(({ name }) => name).sort()).toEqual(
      Object.values(topics)
        .flatMap((name) => (name === topics.cluster ? [name] : [name, `${name}.dlq`]))
        .sort(),
    );
  });

  it.each([
    { topic: topics.commands, partitions: 4, 'cleanup.policy': 'delete', 'retention.ms': 7 * dayMs },
    { topic: topics.queries, partitions: 4, 'cleanup.policy': 'delete', 'retention.ms': 600_000 },
    { topic: topics.executions, partitions: 4, 'cleanup.policy': 'compact', 'retention.ms': undefined },
    { topic: topics.cancellations, partitions: 4, 'cleanup.policy': 'delete', 'retention.ms': 7 * dayMs },
    { topic: topics.completions, partitions: 4, 'cleanup.policy': 'delete', 'retention.ms': 7 * dayMs },
    { topic: topics.replies, partitions: 12, 'cleanup.policy': 'delete', 'retention.ms': 3_600_000 },
    { topic: `${topics.commands}.dlq`, partitions: 1, 'cleanup.policy': 'delete', 'retention.ms': 30 * dayMs },
  ])('keep $topic as the design says', ({ topic, partitions, ...config }) => {
    const spec = named(development, topic);
    expect(spec).toMatchObject({ partitions, replicationFactor: 1 });
    expect(spec.config['cleanup.policy']).toBe(config['cleanup.policy']);
    expect(spec.config['retention.ms']).toBe(
      config['retention.ms'] === undefined ? undefined : String(config['retention.ms']),
    );
  });

  it('take the time of the command log from the broker', () => {
    expect(named(production, topics.commands).config['message.timestamp.type']).toBe('LogAppendTime');
  });

  it.each([...production, ...task])('keep $name on three brokers, uncompressed', ({ replicationFactor, config }) => {
    expect(replicationFactor).toBe(3);
    expect(config).toMatchObject({
      'min.insync.replicas': '2',
      'unclean.leader.election.enable': 'false',
      'compression.type': 'uncompressed',
    });
    expect(Number(config['max.message.bytes'])).toBeGreaterThanOrEqual(4 * 1024 * 1024);
  });

  // Only closed segments are deleted or compacted.
  it.each([...production, ...task].filter(({ config }) => config['retention.ms'] !== undefined))(
    'closes the segments of $name well before they are to go',
    ({ config }) => {
      expect(Number(config['segment.ms'])).toBeLessThanOrEqual(Number(config['retention.ms']) / 2);
      expect(Number(config['segment.bytes'])).toBeLessThanOrEqual(128 * 1024 * 1024);
    },
  );

  it('have as many co-partitioned partitions as the operator says', () => {
    const specs = topicSpecs({ replication: 'production', partitions: 24 });
    expect(named(specs, topics.executions).partitions).toBe(24);
    expect(named(production, topics.executions).partitions).toBe(12);
    expect(named(specs, topics.replies).partitions).toBe(12);
  });

  it.each([
    { replicationFactor: undefined, minInsyncReplicas: undefined, expected: [3, '2'] },
    { replicationFactor: 5, minInsyncReplicas: undefined, expected: [5, '2'] },
    // A lost broker must not stop all writing.
    { replicationFactor: 2, minInsyncReplicas: undefined, expected: [2, '1'] },
    { replicationFactor: 1, minInsyncReplicas: undefined, expected: [1, '1'] },
    { replicationFactor: 3, minInsyncReplicas: 3, expected: [3, '3'] },
  ])('have as many replicas as the operator says: $expected', ({ expected, ...replicas }) => {
    const specs = [
      ...topicSpecs({ replication: 'production', ...replicas }),
      ...taskTopicSpecs('t', { replication: 'production', ...replicas }),
    ];
    for (const { replicationFactor, config } of specs)
      expect([replicationFactor, config['min.insync.replicas']]).toEqual(expected);
  });

  it('have only settings that every broker takes where no others are wanted', () => {
    const specs = [
      ...topicSpecs({ replication: 'production', onlyNeeded: true }),
      ...taskTopicSpecs('t', { replication: 'production', onlyNeeded: true }),
    ];
    const settings = new Set(specs.flatMap(({ config }) => Object.keys(config)));
    expect([...settings].sort()).toEqual([
      'cleanup.policy',
      'max.message.bytes',
      'message.timestamp.type',
      'retention.ms',
    ]);
    const [task] = taskTopicSpecs('t', { replication: 'production', onlyNeeded: true, minInsyncReplicas: 1 });
    expect(task?.config['min.insync.replicas']).toBe('1');
  });

  it.each([
    { topic: topics.commands, needs: ['partitions', 'cleanup.policy', 'message.timestamp.type', 'retention.ms'] },
    {
      topic: topics.executions,
      needs: ['partitions', 'cleanup.policy', 'message.timestamp.type'],
      not: 'retention.ms',
    },
    { topic: topics.cluster, needs: ['partitions', 'cleanup.policy'], not: 'segment.bytes' },
    { topic: topics.replies, needs: ['cleanup.policy', 'max.message.bytes'], not: 'partitions' },
    { topic: `${topics.replies}.dlq`, needs: ['cleanup.policy', 'max.message.bytes'], not: 'partitions' },
  ])('of $topic need what nothing is right without', ({ topic, needs, not }) => {
    const spec = named(production, topic);
    expect(spec.needs).toEqual(expect.arrayContaining(needs));
    if (not !== undefined) expect(spec.needs).not.toContain(not);
  });

  it('have names that Kafka takes, even for the longest task queue', () => {
    const longest = taskTopicSpecs('q'.repeat(taskTopicBytesMax), { replication: 'production' });
    expect(Math.max(...longest.map(({ name }) => name.length))).toBe(249);
  });

  it('keep the topic of a task queue for 14 days', () => {
    expect(task.map(({ name }) => name)).toEqual(['ratchet.activity.tasks.n.q', 'ratchet.activity.tasks.n.q.dlq']);
    expect(task[0]?.config['retention.ms']).toBe(String(14 * dayMs));
    expect(taskTopicSpecs('t', { replication: 'development', partitions: 2 })[0]).toMatchObject({
      partitions: 2,
      replicationFactor: 1,
    });
  });
});
