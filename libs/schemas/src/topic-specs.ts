import { topicTable } from './generated/topic-table.ts';
import { deadLetterTopic } from './topics.ts';

/** A topic as it must be; the shape that `@ratchet/kafka` creates and compares. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly config: Readonly<Record<string, string>>;
  /** Of `config`, and `partitions`, what correctness needs; of a time or size as much at least. The rest is wished for. */
  readonly needs: readonly string[];
}

/** `production`: three replicas, two of which must have a record. `development`: one broker. */
export type Replication = 'development' | 'production';

export interface TopicSpecOptions {
  /** How many co-partitioned partitions; fixed for the life of a cluster. The table's number for `replication` when absent. */
  readonly partitions?: number;
  readonly replication: Replication;
  /** How many brokers have a record. The table's number for `replication` when absent. */
  readonly replicationFactor?: number | undefined;
  /**
   * How many of them must have it before it counts as written. When absent the table's number for `replication`, or one less
   * than there are replicas, where that is less: a lost broker must not stop all writing.
   */
  readonly minInsyncReplicas?: number | undefined;
  /** For brokers that take no other settings than they must: only those that `needs` names, and `minInsyncReplicas` if it is given. */
  readonly onlyNeeded?: boolean;
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
  if (topic.deadLetter !== true) return [own];
  return [own, { ...spec(deadLetterTopic(name), topicTable.deadLetterTopics, options), needs: neededOfDeadLetters }];
}

function spec(name: string, topic: TopicEntry, options: TopicSpecOptions): TopicSpec {
  const { partitions, replication, minInsyncReplicas, onlyNeeded = false } = options;
  const table = topicTable.replication[replication];
  const replicationFactor = options.replicationFactor ?? table.replicationFactor;
  const minInsync =
    minInsyncReplicas ?? Math.min(Number(table.config['min.insync.replicas']), Math.max(1, replicationFactor - 1));
  const coPartitioned = partitions ?? partitionsDefault(replication);
  const config = {
    ...topicTable.config,
    'cleanup.policy': topic.cleanup,
    'message.timestamp.type': topic.timestampType,
    ...(topic.retentionMs === undefined ? {} : { 'retention.ms': String(topic.retentionMs) }),
    ...topic.config,
  };
  const needs = neededOf(name);
  return {
    name,
    partitions: topic.partitions === 'co-partitioned' ? coPartitioned : topic.partitions,
    replicationFactor,
    config: {
      ...(onlyNeeded ? ofThese(config, [...needs, 'retention.ms']) : config),
      ...(onlyNeeded && minInsyncReplicas === undefined ? {} : { 'min.insync.replicas': String(minInsync) }),
    },
    needs,
  };
}

const { commands, cancellations, completions, callbacks, callbackRetries, replies } = topicTable.topics;

/** What nobody sends again: a record that is deleted before it was read is lost. */
const neverRepeated = new Set<string>(
  [commands, cancellations, completions, callbacks, callbackRetries].map(({ name }) => name),
);

/** Letters are read by people. */
const neededOfDeadLetters = ['cleanup.policy', 'max.message.bytes'];

/**
 * What correctness needs of a topic: that its records stay as long as they must and stand in order on the broker's clock, and that
 * the largest record fits. How many partitions `replies` has is read off it by everyone.
 */
const neededOf = (name: string): readonly string[] => [
  ...(name === replies.name ? [] : ['partitions']),
  'cleanup.policy',
  'message.timestamp.type',
  'max.message.bytes',
  ...(neverRepeated.has(name) ? ['retention.ms'] : []),
];

const ofThese = (
  config: Readonly<Record<string, string>>,
  settings: readonly string[],
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(config).filter(([setting]) => settings.includes(setting)));
