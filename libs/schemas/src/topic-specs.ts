import { topicTable } from './generated/topic-table.ts';
import { deadLetterTopic } from './topics.ts';

/** A topic as it must be; the shape that `@ratchet/kafka` creates and compares. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
}

/** `production`: three replicas, two of which must have a record. `development`: one broker. */
export type Replication = 'development' | 'production';

export interface TopicSpecOptions {
  /** How many co-partitioned partitions; fixed for the life of a cluster. The table's number for `replication` when absent. */
  readonly partitions?: number;
  readonly replication: Replication;
}

interface TopicEntry {
  readonly partitions: number | 'co-partitioned';
  readonly cleanup: string;
  /** Milliseconds; absent for a compacted topic. */
  readonly retentionMs?: number;
  readonly timestampType: string;
  readonly config: Readonly<Record<string, string>>;
  readonly deadLetter?: boolean;
}

/** The co-partitioned partitions of a cluster whose operator says nothing else. */
export const partitionsDefault = (replication: Replication): number => topicTable.partitions[replication];

/** Every topic that is there from the start, with its dead-letter topic. */
export const topicSpecs = (options: TopicSpecOptions): readonly TopicSpec[] =>
  Object.values(topicTable.topics).flatMap((topic) => withDeadLetter(topic.name, topic, options));

/**
 * The topic of one task queue, and its dead-letter topic.
 *
 * It has as many partitions as the co-partitioned topics, though its keys are spread otherwise: that many workers can
 * share a queue.
 */
export const taskTopicSpecs = (name: string, options: TopicSpecOptions): readonly TopicSpec[] =>
  withDeadLetter(name, topicTable.taskTopics, options);

function withDeadLetter(name: string, topic: TopicEntry, options: TopicSpecOptions): readonly TopicSpec[] {
  const own = spec(name, topic, options);
  return topic.deadLetter === true ? [own, spec(deadLetterTopic(name), topicTable.deadLetterTopics, options)] : [own];
}

function spec(name: string, topic: TopicEntry, { partitions, replication }: TopicSpecOptions): TopicSpec {
  const replicas = topicTable.replication[replication];
  const coPartitioned = partitions ?? partitionsDefault(replication);
  return {
    name,
    partitions: topic.partitions === 'co-partitioned' ? coPartitioned : topic.partitions,
    replicationFactor: replicas.replicationFactor,
    config: {
      ...topicTable.config,
      ...replicas.config,
      'cleanup.policy': topic.cleanup,
      'message.timestamp.type': topic.timestampType,
      ...(topic.retentionMs === undefined ? {} : { 'retention.ms': String(topic.retentionMs) }),
      ...topic.config,
    },
  };
}
