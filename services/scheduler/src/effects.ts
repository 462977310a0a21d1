import {
  executionKey,
  partitionKey,
  type CancellationRecord,
  type ClosedActivity,
  type Command,
  type Effect,
  type ExecutionId,
  type Reply,
  type ReplyAddress,
  type ScheduledActivity,
  type Signal,
  type WorkflowRun,
} from '@ratchet/domain';
import { recordBytesMax, type OutputRecord } from '@ratchet/kafka';
import type { TaskTokenSigner } from '@ratchet/protocol';
import { topics, type Codec } from '@ratchet/schemas';
import { fanOutPages, noticeSettled, notifyWorker } from './cancellation-records.ts';
import { taskQueueLevel, type HeldTasks } from './held-tasks.ts';
import { outcomeReached } from './outcome-reached.ts';
import type { RunWaiters } from './run-waiters.ts';
import type { TaskTopics } from './task-topics.ts';
import type { OutcomeWaiter, Waiters } from './waiters.ts';

/** What is needed to say something to the world. */
export interface EffectTools {
  readonly codec: Codec;
  readonly signer: TaskTokenSigner;
  readonly taskTopics: TaskTopics;
  /** Takes a task whose topic is not there. */
  readonly hold: HeldTasks['hold'];
  readonly waiters: Waiters<OutcomeWaiter>;
  readonly runWaiters: RunWaiters;
}

/** The largest answer that is sent: its key and headers belong to the record. */
const replyBytesMax = recordBytesMax - 64 * 1024;

/** So many bytes are told at once to those who wait for the same; the others ask again within seconds and hear it then. */
export const toldBytesMax = 32 * 1024 * 1024;

/**
 * The records by which the world is told of a decision's effects.
 *
 * They are made before the change is applied: what cannot be written down must not have been applied.
 */
export class Effects {
  readonly #partition: number;
  readonly #tools: EffectTools;

  constructor(partition: number, tools: EffectTools) {
    this.#partition = partition;
    this.#tools = tools;
  }

  /** @throws Error when one of them cannot be encoded; nothing has happened then. */
  of(effects: readonly Effect[], command: Command, offset: number): OutputRecord[] {
    const out: OutputRecord[] = [];
    for (const effect of effects) this.#add(effect, { command, offset }, out);
    return out;
  }

  #add(
    effect: Effect,
    { command, offset }: { readonly command: Command; readonly offset: number },
    out: OutputRecord[],
  ): void {
    switch (effect.type) {
      case 'Task':
        return this.#sendTask(effect.activity, out);
      case 'TaskAhead':
        return this.#prepare(effect.activity);
      case 'Outcome':
        this.#addOutcome(effect.activity, offset, out);
        return this.#addCallbacks(effect.activity, out);
      case 'Notice':
        return this.#addCancellation(effect.activity.id, notifyWorker(effect.activity, effect.reason, offset), out);
      case 'NoticeSettled':
        return this.#addCancellation(effect.activity.id, noticeSettled(effect.activity, offset), out);
      case 'RunNews':
        return this.#addNews(effect.run, effect.signal, offset, out);
      case 'FanOut':
        for (const page of fanOutPages(effect, command, offset)) {
          this.#addCancellation({ ...effect.run, activityId: '' }, page, out);
        }
    }
  }

  /** The reply record for an address: the reader of the partition finds its own by the key. */
  reply(replyTo: ReplyAddress, reply: Omit<Reply, 'address'>): OutputRecord {
    const { address, partition } = replyTo;
    return { topic: topics.replies, key: address, partition, value: this.#encodedReply({ address, ...reply }) };
  }

  /** An answer that no record can hold (an activity with all it carries) is a refusal that says so. */
  #encodedReply(reply: Reply): Buffer {
    const { codec } = this.#tools;
    const value = codec.encodeReply(reply);
    if (value.length <= replyBytesMax) return value;
    const message = `the answer takes ${String(value.length)} bytes, and a record may have ${String(replyBytesMax)}`;
    return codec.encodeReply({
      ...reply,
      body: { type: 'Refused', refusal: { reason: 'failed-precondition', message } },
    });
  }

  /** Whoever waits for the outcome hears of it. */
  #addOutcome(activity: ClosedActivity, offset: number, out: OutputRecord[]): void {
    const waiters = this.#tools.waiters.take(executionKey(activity.id), (waiter) => waiter);
    if (waiters.length === 0) return;
    const body = outcomeReached(activity);
    this.#tell(
      waiters.map((waiter) => ({ ...waiter, body })),
      offset,
      out,
    );
  }

  /** Whoever waits for news of the run hears it once. */
  #addNews(run: WorkflowRun, signal: Signal | undefined, offset: number, out: OutputRecord[]): void {
    const told = this.#tools.runWaiters.take(run, signal);
    this.#tell(
      told.map(({ query: { replyTo, requestId }, body }) => ({ replyTo, requestId, body })),
      offset,
      out,
    );
  }

  /** Each is sent the whole of it, so a thousand who wait for megabytes would be told gigabytes. */
  #tell(waiters: readonly (OutcomeWaiter & Pick<Reply, 'body'>)[], offset: number, out: OutputRecord[]): void {
    let bytes = 0;
    for (const { replyTo, requestId, body } of waiters) {
      const record = this.reply(replyTo, { requestId, offset, body });
      bytes += record.value?.length ?? 0;
      out.push(record);
      if (bytes > toldBytesMax) return;
    }
  }

  /** The first task is sent after a delay: its topic is made at once, and whoever polls the queue finds it in time. */
  #prepare({ id, options }: ScheduledActivity): void {
    const { taskTopics } = this.#tools;
    const queue = { namespace: id.namespace, taskQueue: options.taskQueue };
    const topic = taskTopics.nameOf(queue, options.priorityKey);
    // Why it cannot be had is said when the task is due.
    if (!taskTopics.isThere(topic)) void taskTopics.make(queue, topic);
  }

  /** A decision waits for no topic: what cannot be sent yet is held. It is made all the same, for that may fail. */
  #sendTask(activity: ScheduledActivity, out: OutputRecord[]): void {
    const task = this.task(activity);
    if (this.#tools.taskTopics.isThere(task.topic)) out.push(task);
    else this.#tools.hold(task.topic, taskQueueLevel(activity));
  }

  /** The task of the current attempt. */
  task(activity: ScheduledActivity): OutputRecord {
    const { id, scheduleOffset, attempt, stamp, options } = activity;
    const { namespace } = id;
    return {
      about: activity,
      topic: this.#tools.taskTopics.nameOf({ namespace, taskQueue: options.taskQueue }, options.priorityKey),
      key: executionKey(id),
      // A retry goes to another partition, and so to another worker where there is one: the last may be broken.
      turns: attempt - 1,
      value: this.#tools.codec.encodeTask({
        id,
        activityType: activity.activityType,
        taskToken: this.#tools.signer.sign({ id, scheduleOffset, attempt, stamp }),
        attempt,
        options,
        input: activity.input,
        header: activity.header,
        heartbeatDetails: activity.heartbeat?.details ?? [],
        scheduledAt: activity.scheduledAt,
        currentAttemptScheduledAt: activity.dispatchAt,
        passedOnCount: 0,
      }),
    };
  }

  /** Whoever is to be told of the outcome by a URL: the gateway does it, and tells it again if it must (ADR 13). */
  #addCallbacks(activity: ClosedActivity, out: OutputRecord[]): void {
    const { id, activityType, status, outcome, closedAt, version: closedOffset, callbackUrls = [] } = activity;
    for (const url of callbackUrls) {
      const request = { id, url, activityType, status, outcome, closedAt, closedOffset, failedCount: 0 };
      out.push({
        topic: topics.callbacks,
        key: executionKey(id),
        partition: this.#partition,
        value: this.#tools.codec.encodeCallbackRequest(request),
      });
    }
  }

  #addCancellation(id: ExecutionId, record: CancellationRecord | undefined, out: OutputRecord[]): void {
    if (record !== undefined) out.push(this.#cancellation(id, record));
  }

  #cancellation(id: ExecutionId, record: CancellationRecord): OutputRecord {
    return {
      topic: topics.cancellations,
      key: partitionKey(id),
      partition: this.#partition,
      value: this.#tools.codec.encodeCancellation(record),
    };
  }
}
