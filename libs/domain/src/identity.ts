import { utf8Bytes } from './utf8.ts';
import { priorityLevelDefault, priorityLevelMax } from './priority.ts';

/**
 * Names one Activity Execution.
 *
 * `workflowId` is empty for a standalone activity, whose ids are a space of their own (semantics 1.5); its `runId` is
 * the run of the activity itself. For an activity of a workflow, `runId` is the workflow run's.
 */
export interface ExecutionId {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
}

/** Names one run of a workflow. */
export interface RunId {
  readonly namespace: string;
  readonly workflowId: string;
  readonly runId: string;
}

// Only `/` and `%` are escaped, so that a key stays readable and two different ids never meet in one key.
const escapePart = (part: string): string =>
  part.includes('%') || part.includes('/') ? part.replaceAll('%', '%25').replaceAll('/', '%2F') : part;

/** `namespace/workflowId`, or `namespace//activityId` for a standalone activity: decides the partition of all its records. */
export const partitionKey = ({ namespace, workflowId, activityId }: Omit<ExecutionId, 'runId'>): string =>
  workflowId === ''
    ? `${escapePart(namespace)}//${escapePart(activityId)}`
    : `${escapePart(namespace)}/${escapePart(workflowId)}`;

/** `namespace/workflowId/runId/activityId`: the key of the execution's state. */
export const executionKey = ({ namespace, workflowId, runId, activityId }: ExecutionId): string =>
  `${escapePart(namespace)}/${escapePart(workflowId)}/${escapePart(runId)}/${escapePart(activityId)}`;

/** `namespace/workflowId/runId`: the key of a workflow run's state. */
export const runKey = ({ namespace, workflowId, runId }: RunId): string =>
  `${escapePart(namespace)}/${escapePart(workflowId)}/${escapePart(runId)}`;

// A fourth slash, so that these never meet an execution key, whatever an activity id contains.
/** `<execution key>/#input`: where the state topic keeps input and header. */
export const inputKey = (ofExecutionKey: string): string => `${ofExecutionKey}/#input`;

/** `<execution key>/#heartbeat`: where the state topic keeps the last recorded heartbeat. */
export const heartbeatKey = (ofExecutionKey: string): string => `${ofExecutionKey}/#heartbeat`;

/** `<run key>/#signal/<offset>`: where the state topic keeps a signal that waits; two more slashes than a run key. */
export const signalKey = (ofRunKey: string, offset: number): string => `${ofRunKey}/#signal/${String(offset)}`;

/** Where an answer goes: a partition of `ratchet.replies`, and the address its reader filters by. */
export interface ReplyAddress {
  readonly partition: number;
  readonly address: string;
}

const taskTopicPrefix = 'ratchet.activity.tasks';

/**
 * The topic of a task queue: `ratchet.activity.tasks.<namespace>.<taskQueue>`; of a priority level other than the
 * usual one, that with `.p<level>`.
 *
 * Every UTF-8 byte outside `[A-Za-z0-9]` is written `-xx` in hexadecimal, so that two queues never share a topic. The
 * escape is not `_`: Kafka refuses a topic whose name differs from another's only in `.` against `_`.
 */
export const taskTopic = (namespace: string, taskQueue: string, level = priorityLevelDefault): string => {
  const topic = `${taskTopicPrefix}.${escapeForTopic(namespace)}.${escapeForTopic(taskQueue)}`;
  return level === priorityLevelDefault ? topic : `${topic}.p${String(level)}`;
};

/** The topics a task queue may have, the most urgent first; those of a level that was never used do not exist. */
export const taskTopics = (namespace: string, taskQueue: string): readonly string[] =>
  Array.from({ length: priorityLevelMax }, (_, index) => taskTopic(namespace, taskQueue, index + 1));

/** The queue that a topic belongs to, by its escaped names, dead letters included; `undefined` for a topic of another kind. */
export function queueOfTopic(topic: string): { readonly namespace: string; readonly taskQueue: string } | undefined {
  if (!topic.startsWith(`${taskTopicPrefix}.`)) return undefined;
  const [namespace, taskQueue] = topic.slice(taskTopicPrefix.length + 1).split('.');
  return namespace === undefined || taskQueue === undefined ? undefined : { namespace, taskQueue };
}

const isPlain = /^[A-Za-z0-9]*$/;

const escapeForTopic = (name: string): string =>
  isPlain.test(name) ? name : name.replace(/[^A-Za-z0-9]+/gu, (run) => Array.from(utf8Bytes(run), escapeByte).join(''));

const escapeByte = (byte: number): string => `-${byte.toString(16).padStart(2, '0')}`;
