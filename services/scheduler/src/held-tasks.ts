import { setTimeout as sleep } from 'node:timers/promises';
import {
  partitionKey,
  priorityLevel,
  type Command,
  type OpenActivity,
  type PartitionState,
  type ScheduledActivity,
  type TaskQueueLevel,
} from '@ratchet/domain';
import type { OutputRecord, PartitionContext } from '@ratchet/kafka';
import { topics, type Codec } from '@ratchet/schemas';
import type { TaskTopics } from './task-topics.ts';

export interface HeldTasksParts {
  readonly context: PartitionContext;
  readonly state: PartitionState;
  readonly codec: Codec;
  readonly taskTopics: TaskTopics;
  /** The task of the activity as it stands. */
  readonly taskOf: (activity: ScheduledActivity) => OutputRecord;
}

/** So many tasks are sent at once, and the next when those are written: they may be large. */
const sliceTasks = 100;
/** Or after this: the last of a slice may be one that no broker takes. */
const sliceMsMax = 2_000;

/**
 * The tasks of a partition that were dispatched to a topic that is not there. Decisions do not wait for a topic: it is asked
 * for, and once it is there, what still waits to be claimed is sent. When it cannot be had, `FailDispatch` says so in the log.
 *
 * Only topics are kept: what waits for one is whatever is unclaimed in its queue, and the state knows that. The progress names the topics (`unsentTopics`), with every commit; so the
 * next owner sends the tasks of all that waits there again. A second task of an attempt is harmless: claims decide.
 */
export class HeldTasks {
  readonly #parts: HeldTasksParts;
  /** By topic. */
  readonly #held = new Map<string, TaskQueueLevel>();
  readonly #unlisten: () => void;
  #closed = false;

  constructor(parts: HeldTasksParts) {
    this.#parts = parts;
    this.#unlisten = parts.taskTopics.onGone((gone) => {
      this.#holdThose((topic) => gone.has(topic));
    });
  }

  /** Topics whose tasks may not have been sent, in the order in which they were first missed. */
  get topics(): readonly string[] {
    return [...this.#held.keys()];
  }

  /** How many tasks wait. */
  get count(): number {
    let count = 0;
    for (const queue of this.#held.values()) count += this.#parts.state.unclaimedCount(queue);
    return count;
  }

  /** A task of this queue goes to a topic that is not there. */
  hold(topic: string, queue: TaskQueueLevel): void {
    if (this.#held.has(topic)) return;
    this.#held.set(topic, queue);
    void this.#parts.taskTopics.make(queue, topic).then((refusal) => this.#release(topic, queue, refusal));
  }

  /** After a restore: what a former owner may not have sent, or has sent to topics that are gone since. */
  restore(unsentTopics: readonly string[]): void {
    const unsent = new Set(unsentTopics);
    const { taskTopics } = this.#parts;
    this.#holdThose((topic) => unsent.has(topic) || !taskTopics.isThere(topic));
  }

  close(): void {
    this.#closed = true;
    this.#held.clear();
    this.#unlisten();
  }

  #holdThose(isMeant: (topic: string) => boolean): void {
    for (const queue of [...this.#parts.state.unclaimedQueues()]) {
      const topic = this.#parts.taskTopics.nameOf(queue, queue.level);
      if (isMeant(topic)) this.hold(topic, queue);
    }
  }

  /**
   * What is handed to the outbox is covered: the next commit, which does not name the topic any more, waits for it.
   *
   * @param refusal why the topic cannot be had; `undefined` when it is there.
   */
  async #release(topic: string, queue: TaskQueueLevel, refusal: string | undefined): Promise<void> {
    if (this.#closed) return;
    let slice: OutputRecord[] = [];
    // What is held meanwhile stands behind the rest.
    for (const activity of this.#parts.state.unclaimed(queue)) {
      if (slice.length === sliceTasks) {
        await this.#sendAndWait(slice);
        if (this.#isClosed()) return;
        slice = [];
      }
      slice.push(refusal === undefined ? this.#parts.taskOf(activity) : this.#failure(activity, refusal));
    }
    if (slice.length > 0) this.#parts.context.send(slice);
    this.#held.delete(topic);
  }

  /** `close` may be called during any `await`, which the compiler cannot know. */
  #isClosed(): boolean {
    return this.#closed;
  }

  async #sendAndWait(records: readonly OutputRecord[]): Promise<void> {
    const sent = Promise.withResolvers<unknown>();
    this.#parts.context.send(records, sent.resolve);
    await Promise.race([sent.promise, sleep(sliceMsMax, undefined, { ref: false })]);
  }

  #failure({ id: target, scheduleOffset, attempt, stamp }: ScheduledActivity, reason: string): OutputRecord {
    const { context, codec } = this.#parts;
    const timer = { scheduleOffset, attempt, stamp };
    const command: Command = { type: 'FailDispatch', target, timer, reason, requestId: '', identity: 'scheduler' };
    const value = codec.encodeCommand(command);
    return { topic: topics.commands, key: partitionKey(target), partition: context.partition, value };
  }
}

/** Where the task of an activity goes. */
export const taskQueueLevel = ({ id, options }: OpenActivity): TaskQueueLevel => ({
  namespace: id.namespace,
  taskQueue: options.taskQueue,
  level: priorityLevel(options.priorityKey),
});
