import { setTimeout as sleep } from 'node:timers/promises';
import {
  executionKey,
  isUnclaimed,
  partitionKey,
  type Command,
  type ExecutionId,
  type PartitionState,
  type ScheduledActivity,
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
 * Only ids are kept: a task is made of the state. The progress names the topics (`unsentTopics`), with every commit; so the
 * next owner sends the tasks of all that waits there again. A second task of an attempt is harmless: claims decide.
 */
export class HeldTasks {
  readonly #parts: HeldTasksParts;
  /** By topic, then execution key. */
  readonly #held = new Map<string, Map<string, ExecutionId>>();
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
    for (const ids of this.#held.values()) count += ids.size;
    return count;
  }

  /** The task of this activity goes to a topic that is not there. */
  hold(topic: string, id: ExecutionId, taskQueue: string): void {
    const key = executionKey(id);
    const ids = this.#held.get(topic);
    if (ids !== undefined) return void ids.set(key, id);
    this.#held.set(topic, new Map([[key, id]]));
    void this.#parts.taskTopics.make({ namespace: id.namespace, taskQueue }, topic).then((refusal) => {
      void this.#release(topic, refusal);
    });
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
    for (const activity of this.#parts.state.unclaimed()) {
      const topic = this.#topicOf(activity);
      if (isMeant(topic)) this.hold(topic, activity.id, activity.options.taskQueue);
    }
  }

  /**
   * What is handed to the outbox is covered: the next commit, which does not name the topic any more, waits for it.
   *
   * @param refusal why the topic cannot be had; `undefined` when it is there.
   */
  async #release(topic: string, refusal: string | undefined): Promise<void> {
    const ids = this.#held.get(topic);
    if (ids === undefined) return;
    let slice: OutputRecord[] = [];
    // What is held meanwhile stands behind the rest.
    for (const [key, id] of ids) {
      if (slice.length === sliceTasks) {
        await this.#sendAndWait(slice);
        if (this.#closed) return;
        slice = [];
      }
      ids.delete(key);
      slice.push(...this.#recordsFor(id, topic, refusal));
    }
    if (slice.length > 0) this.#parts.context.send(slice);
    this.#held.delete(topic);
  }

  async #sendAndWait(records: readonly OutputRecord[]): Promise<void> {
    const sent = Promise.withResolvers<unknown>();
    this.#parts.context.send(records, sent.resolve);
    await Promise.race([sent.promise, sleep(sliceMsMax, undefined, { ref: false })]);
  }

  /** None when the task is wanted no more, or goes elsewhere by now. */
  #recordsFor(id: ExecutionId, topic: string, refusal: string | undefined): readonly OutputRecord[] {
    const activity = this.#parts.state.activity(id);
    if (activity === undefined || !isUnclaimed(activity) || this.#topicOf(activity) !== topic) return [];
    return [refusal === undefined ? this.#parts.taskOf(activity) : this.#failure(activity, refusal)];
  }

  #failure({ id: target, scheduleOffset, attempt, stamp }: ScheduledActivity, reason: string): OutputRecord {
    const { context, codec } = this.#parts;
    const timer = { scheduleOffset, attempt, stamp };
    const command: Command = { type: 'FailDispatch', target, timer, reason, requestId: '', identity: 'scheduler' };
    const value = codec.encodeCommand(command);
    return { topic: topics.commands, key: partitionKey(target), partition: context.partition, value };
  }

  #topicOf({ id, options }: ScheduledActivity): string {
    const { namespace } = id;
    return this.#parts.taskTopics.nameOf({ namespace, taskQueue: options.taskQueue }, options.priorityKey);
  }
}
