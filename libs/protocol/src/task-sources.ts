import { taskTopics } from '@ratchet/domain';
import type { TaskSource } from '@ratchet/kafka';

/**
 * Where the tasks of a task queue are read, the most urgent first: a topic per priority level, each by one group of
 * all workers, whichever door they come through. The group's name tells queues apart as the topic's does.
 */
export const taskSources = (namespace: string, taskQueue: string): readonly TaskSource[] =>
  taskTopics(namespace, taskQueue).map((topic) => ({ topic, groupId: `ratchet.workers.${topic}` }));
