import { defaultNamespace, taskTopic } from '@ratchet/domain';
import { topicTable } from './generated/topic-table.ts';
import { deadLetterTopic, topics } from './topics.ts';

/** Who comes to the brokers: each service, and one of each kind beside them. A workflow comes as a client does. */
export const principals = [
  'scheduler',
  'timeout-tracker',
  'cancellation',
  'completion-gateway',
  'client',
  'worker',
  'producer',
] as const;
export type KafkaPrincipal = (typeof principals)[number];

/** Kafka's own names. Whoever may read, write or delete something may describe it, too. */
export type Operation = 'Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs';

/** What someone may do with a resource of the brokers, or with all whose names begin so. */
export interface Right {
  readonly resource: 'topic' | 'group' | 'transactionalId';
  readonly name: string;
  readonly pattern: 'literal' | 'prefix';
  readonly operations: readonly Operation[];
}

export interface RightsOptions {
  /** What the names of this installation begin with (RATCHET_PREFIX). */
  readonly prefix: string;
  /** Of a client or a worker: the only namespace that it is for; any when absent. */
  readonly namespace?: string | undefined;
  /** Of a worker: the only task queue that it reads, in `namespace` or in `default`; any when absent. */
  readonly taskQueue?: string | undefined;
  /** Of a service (RATCHET_TOPICS): whether it makes the topics that are missing, looks at them, or neither. Default `create`. */
  readonly topics?: 'create' | 'verify' | 'trust' | undefined;
}

/**
 * The least that someone needs of Kafka, in a fixed order, each resource once: with these rights everything works, and with
 * one operation less something does not (`tools/ratchet` proves both on a broker). `docs/security.md` shows them.
 */
export function rightsOf(principal: KafkaPrincipal, options: RightsOptions): readonly Right[] {
  const { prefix } = options;
  return rightsByPrincipal[principal](options).map((right) => ({ ...right, name: `${prefix}${right.name}` }));
}

/** The user that everyone is, where nobody says otherwise. */
export const userOf = (principal: KafkaPrincipal, { prefix }: Pick<RightsOptions, 'prefix'>): string =>
  `${prefix}ratchet-${principal}`;

/**
 * Strimzi's `KafkaUser` (kafka.strimzi.io/v1), who comes by SCRAM.
 *
 * @param metadata `name` is the user's in Kafka, too, and one that Kubernetes takes; a label says of which `Kafka` he is.
 */
export const kafkaUser = (
  metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> },
  rights: readonly Right[],
): object => ({
  apiVersion: 'kafka.strimzi.io/v1',
  kind: 'KafkaUser',
  metadata,
  spec: {
    authentication: { type: 'scram-sha-512' },
    authorization: {
      type: 'simple',
      acls: rights.map(({ resource, name, pattern, operations }) => ({
        resource: { type: resource, name, patternType: pattern },
        operations: [...operations],
      })),
    },
  },
});

const of =
  (resource: Right['resource'], pattern: Right['pattern']) =>
  (name: string, ...operations: readonly Operation[]): Right => ({ resource, name, pattern, operations });

const topic = of('topic', 'literal');
const topicsUnder = of('topic', 'prefix');
const group = of('group', 'literal');
const groupsUnder = of('group', 'prefix');
const transactionalId = of('transactionalId', 'literal');
const transactionalIdsUnder = of('transactionalId', 'prefix');

const taskTopicsPrefix = topicTable.taskTopics.name.replace(/<.*/, '');
const workersPrefix = 'ratchet.workers.';

const deadLetters = (...of: readonly string[]): readonly Right[] =>
  of.map((each) => topic(deadLetterTopic(each), 'Write'));

/** Of a group that one instance alone is in, to read a topic from where it wants to: made for it, and deleted after use. */
const ownGroups = (of: string): Right => groupsUnder(`${of}.`, 'Read', 'Delete');

/** Every service compares its settings with those of the others, and the topics with their specification. */
const joining = ({ topics: mode = 'create' }: RightsOptions): readonly Right[] => [
  ...(mode === 'trust' ? [] : [topicsUnder('ratchet.', ...(mode === 'create' ? createAndLook : look))]),
  topic(topics.cluster, 'Read', 'Write'),
  ownGroups(topics.cluster),
  transactionalId(topics.cluster, 'Write'),
];

/** Whoever makes all topics makes those of task queues, too. */
const makingQueues = ({ topics: mode = 'create' }: RightsOptions): readonly Operation[] =>
  mode === 'create' ? [] : ['Create'];

const look: readonly Operation[] = ['Describe', 'DescribeConfigs'];
const createAndLook: readonly Operation[] = ['Create', ...look];

/** Whoever sends commands hears the answers. */
const commanding: readonly Right[] = [
  topic(topics.commands, 'Write'),
  topic(topics.replies, 'Read'),
  ...deadLetters(topics.replies),
  ownGroups(topics.replies),
];

/** Whether the namespace of a client or worker is there is looked up, but for the one that always is. */
const lookingUp = (namespace: string | undefined): readonly Right[] =>
  namespace === defaultNamespace ? [] : [topic(topics.namespaces, 'Read'), ownGroups(topics.namespaces)];

const rightsByPrincipal: Readonly<Record<KafkaPrincipal, (options: RightsOptions) => readonly Right[]>> = {
  scheduler: (options) => [
    ...joining(options),
    topic(topics.commands, 'Read', 'Write'),
    topic(topics.queries, 'Read'),
    topic(topics.executions, 'Read', 'Write'),
    topic(topics.outcomes, 'Read', 'Write'),
    topic(topics.cancellations, 'Write'),
    topic(topics.callbacks, 'Write'),
    topic(topics.replies, 'Write'),
    topicsUnder(taskTopicsPrefix, 'Write', 'Delete', ...makingQueues(options)),
    ...deadLetters(
      topics.commands,
      topics.queries,
      topics.executions,
      topics.outcomes,
      topics.cancellations,
      topics.callbacks,
      topics.replies,
    ),
    group('ratchet-scheduler', 'Read'),
    groupsUnder('ratchet-scheduler.copies.', 'Read'),
    groupsUnder(workersPrefix, 'Delete'),
    transactionalIdsUnder('ratchet-scheduler-', 'Write'),
  ],
  'timeout-tracker': (options) => [
    ...joining(options),
    topic(topics.commands, 'Write'),
    topic(topics.executions, 'Read'),
    ...deadLetters(topics.commands, topics.executions),
    group('ratchet-timeout-tracker', 'Read'),
  ],
  cancellation: (options) => [
    ...joining(options),
    topic(topics.commands, 'Write'),
    topic(topics.cancellations, 'Read', 'Write'),
    topic(topics.replies, 'Write'),
    ...deadLetters(topics.commands, topics.cancellations, topics.replies),
    group('ratchet-cancellation', 'Read'),
  ],
  'completion-gateway': (options) => [
    ...joining(options),
    ...commanding,
    topic(topics.queries, 'Write'),
    topic(topics.completions, 'Read'),
    topic(topics.callbacks, 'Read'),
    topic(topics.callbackRetries, 'Read', 'Write'),
    topic(topics.namespaces, 'Read', 'Write'),
    topicsUnder(taskTopicsPrefix, 'Read', 'Write'),
    ...deadLetters(topics.completions, topics.callbacks, topics.callbackRetries, topics.namespaces),
    groupsUnder('ratchet-completion-gateway-', 'Read'),
    ownGroups(topics.namespaces),
    groupsUnder(workersPrefix, 'Read'),
  ],
  client: ({ namespace }) => [topic(topics.queries, 'Write'), ...commanding, ...lookingUp(namespace)],
  worker: ({ namespace, taskQueue }) => [
    ...commanding,
    ...lookingUp(taskQueue === undefined ? namespace : (namespace ?? defaultNamespace)),
    ...takingTasks(namespace, taskQueue),
  ],
  producer: () => [topic(topics.completions, 'Write')],
};

/**
 * Tasks of a queue: the topic of its usual priority, and those of other levels and of dead letters, whose names go on after a
 * dot. A full worker writes there what it passes on.
 */
function takingTasks(namespace: string | undefined, taskQueue: string | undefined): readonly Right[] {
  if (taskQueue === undefined) {
    const name = namespace === undefined ? taskTopicsPrefix : taskTopic(namespace, '');
    return [topicsUnder(name, 'Read', 'Write'), groupsUnder(`${workersPrefix}${name}`, 'Read')];
  }
  const name = taskTopic(namespace ?? defaultNamespace, taskQueue);
  return [
    topic(name, 'Read', 'Write'),
    topicsUnder(`${name}.`, 'Read', 'Write'),
    group(`${workersPrefix}${name}`, 'Read'),
    groupsUnder(`${workersPrefix}${name}.`, 'Read'),
  ];
}
