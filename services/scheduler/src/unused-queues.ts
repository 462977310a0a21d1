import { queueOfTopic } from '@ratchet/domain';
import type { TopicsInUse } from '@ratchet/kafka';

export interface UnusedQueuesParts {
  /** Every topic of a task queue that is there, dead-letter topics included. */
  readonly list: () => Promise<readonly string[]>;
  /** Where their logs end when they hold no record and nobody reads them; else `undefined`. */
  readonly endsOfUnused: (queue: TopicsInUse) => Promise<string | undefined>;
  readonly remove: (queue: TopicsInUse) => Promise<void>;
  /** Which group reads a topic. */
  readonly groupOf: (topic: string) => string;
  readonly onRemoved?: (queue: TopicsInUse) => void;
}

/**
 * Removes the topics of task queues that nobody uses: no record is left in any of them, dead letters included, no worker
 * reads them, and at the look before it was so, too, with nothing written in between.
 *
 * Records go by the retention of their topics, by the brokers' clock; so no clock of ours decides what is old. Whoever sends
 * to a queue that is being removed finds its topic gone, and has it made anew.
 */
export class UnusedQueues {
  readonly #parts: UnusedQueuesParts;
  /** What was unused at the last look, by queue, and where its logs ended. */
  #suspects: ReadonlyMap<string, string> = new Map();

  constructor(parts: UnusedQueuesParts) {
    this.#parts = parts;
  }

  /** @throws kafkajs's error (rejects) when the brokers do not answer. */
  async look(): Promise<void> {
    const suspects = new Map<string, string>();
    let removedCount = 0;
    for (const [name, queue] of this.#queuesOf(await this.#parts.list())) {
      const ends = await this.#parts.endsOfUnused(queue);
      if (ends === undefined) continue;
      if (this.#suspects.get(name) !== ends) {
        suspects.set(name, ends);
        continue;
      }
      await this.#parts.remove(queue);
      this.#parts.onRemoved?.(queue);
      removedCount++;
    }
    this.#suspects = suspects;
    // Whoever has sent to one of them a moment before it was gone hears of it by this list.
    if (removedCount > 0) await this.#parts.list();
  }

  /** Forgets what it has seen: another instance looks. */
  forget(): void {
    this.#suspects = new Map();
  }

  #queuesOf(topics: readonly string[]): ReadonlyMap<string, TopicsInUse> {
    const queues = new Map<string, { readonly topics: string[]; readonly groupIds: string[] }>();
    for (const topic of topics) {
      const of = queueOfTopic(topic);
      if (of === undefined) continue;
      const name = `${of.namespace}.${of.taskQueue}`;
      let queue = queues.get(name);
      if (queue === undefined) queues.set(name, (queue = { topics: [], groupIds: [] }));
      queue.topics.push(topic);
      queue.groupIds.push(this.#parts.groupOf(topic));
    }
    return queues;
  }
}
