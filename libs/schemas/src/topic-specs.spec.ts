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
