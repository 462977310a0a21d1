import { priorityLevel, taskTopic } from '@ratchet/domain';

/**
 * The task topics known to exist.
 *
 * A topic must be there before the command that needs it is decided, so that a decision never has to wait. Asking
 * for one that is known costs one look-up in a map.
 */
export class TaskTopics {
  readonly #create: (topic: string) => Promise<void>;
  /** By namespace, then task queue, then priority level. */
  readonly #names = new Map<string, Map<string, string[]>>();
  readonly #existing = new Set<string>();
  readonly #creating = new Map<string, Promise<void>>();

  /** @param create makes the topic when it is missing and resolves once every broker knows it. */
  constructor(create: (topic: string) => Promise<void>) {
    this.#create = create;
  }

  /** The topic's name, remembered: escaping is not done again for every task. */
  nameOf(namespace: string, taskQueue: string, priorityKey: number): string {
    let queues = this.#names.get(namespace);
    if (queues === undefined) this.#names.set(namespace, (queues = new Map<string, string[]>()));
    let levels = queues.get(taskQueue);
    if (levels === undefined) queues.set(taskQueue, (levels = []));
    const level = priorityLevel(priorityKey);
    return (levels[level] ??= taskTopic(namespace, taskQueue, level));
  }

  /** @returns `undefined` when the topic is known to exist, else a promise that resolves when it does. */
  ensure(topic: string): Promise<void> | undefined {
    if (this.#existing.has(topic)) return undefined;
    const underWay = this.#creating.get(topic);
    if (underWay !== undefined) return underWay;

    const creating = this.#create(topic)
      .then(() => void this.#existing.add(topic))
      .finally(() => this.#creating.delete(topic));
    this.#creating.set(topic, creating);
    return creating;
  }
}
