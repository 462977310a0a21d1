import { executionKey, isUnclaimed, type Activity, type EpochMillis } from '@ratchet/domain';

/** What of a task queue waits for a worker: how many activities, and since when the first of them. */
export interface QueueBacklog {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly count: number;
  readonly oldestAt: EpochMillis;
}

/** In the order in which their tasks were sent: since when each waits, by execution key. */
type Queue = Map<string, EpochMillis>;

/** The activities of a partition whose tasks were sent and that nobody has claimed, by task queue. */
export class Backlog {
  readonly #queues = new Map<string, Queue>();
  /** By execution key: where an activity waits. */
  readonly #waiting = new Map<string, { readonly name: string; readonly queue: Queue }>();

  /** The activity is now this. */
  changed(activity: Activity): void {
    const key = executionKey(activity.id);
    this.#leave(key);
    if (!isUnclaimed(activity)) return;
    const name = `${activity.id.namespace}\0${activity.options.taskQueue}`;
    const queue: Queue = this.#queues.get(name) ?? new Map<string, EpochMillis>();
    this.#queues.set(name, queue);
    queue.set(key, activity.dispatchAt);
    this.#waiting.set(key, { name, queue });
  }

  *queues(): Generator<QueueBacklog> {
    for (const [name, queue] of this.#queues) {
      const [oldestAt] = queue.values();
      const [namespace = '', taskQueue = ''] = name.split('\0');
      if (oldestAt !== undefined) yield { namespace, taskQueue, count: queue.size, oldestAt };
    }
  }

  #leave(key: string): void {
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return;
    const { name, queue } = waiting;
    this.#waiting.delete(key);
    queue.delete(key);
    if (queue.size === 0) this.#queues.delete(name);
  }
}
