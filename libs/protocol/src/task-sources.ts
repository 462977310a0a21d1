import { taskTopics } from '@ratchet/domain';
import type { TaskSource } from '@ratchet/kafka';

/** The group of all workers of a topic, whichever door they come through. Its name tells queues apart as the topic's does. */
export const taskGroup = (topic: string): string => `ratchet.workers.${topic}`;

/**
 * Where the tasks of a task queue are read, the most urgent first: a topic per priority level, each by one group of
 * all workers.
 */
export const taskSources = (namespace: string, taskQueue: string): readonly TaskSource[] =>
  taskTopics(namespace, taskQueue).map((topic) => ({ topic, groupId: taskGroup(topic) }));
