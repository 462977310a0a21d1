import {
  executionKey,
  invariant,
  partitionKey,
  type CancellationRecord,
  type Command,
  type DomainEvent,
  type ExecutionId,
  type OpenActivity,
  type PartitionState,
  type Reply,
  type ReplyAddress,
  type RunId,
} from '@ratchet/domain';
import type { OutputRecord } from '@ratchet/kafka';
import type { TaskTokenSigner } from '@ratchet/protocol';
import { topics, type Codec } from '@ratchet/schemas';
import { fanOutPages, noticeSettled, notifyWorker } from './cancellation-records.ts';
import { outcomeReached } from './outcome-reached.ts';
import type { RunWaiters } from './run-waiters.ts';
import type { TaskTopics } from './task-topics.ts';
import type { OutcomeWaiter, Waiters } from './waiters.ts';

/** What is needed to say something to the world. */
export interface EffectTools {
  readonly codec: Codec;
  readonly signer: TaskTokenSigner;
  readonly taskTopics: TaskTopics;
  readonly waiters: Waiters<OutcomeWaiter>;
  readonly runWaiters: RunWaiters;
}

/** The records that a decision's events ask for. An event that only changes state asks for none. */
export class Effects {
  readonly #state: PartitionState;
  readonly #partition: number;
  readonly #tools: EffectTools;

  constructor(state: PartitionState, partition: number, tools: EffectTools) {
    this.#state = state;
    this.#partition = partition;
    this.#tools = tools;
  }

  /** Adds to `out` what follows from `event`, once the state has it. */
  add(event: DomainEvent, command: Command, offset: number, out: OutputRecord[]): void {
    switch (event.type) {
      case 'TaskDispatched':
        out.push(this.#task(this.#open(event.id)));
        return;
      case 'ActivityClosed':
        this.#addOutcome(event.id, offset, out);
        this.#addCallbacks(event.id, out);
        return;
      case 'AttemptInterrupted':
        this.#addCancellation(event.activity.id, notifyWorker(event.activity, event.reason), out);
        return;
      case 'AttemptInformed':
        this.#addCancellation(event.activity.id, noticeSettled(event.activity), out);
        return;
      case 'RunChanged':
      case 'SignalReceived':
        this.#addNews('id' in event.run ? event.run.id : event.run, offset, out);
        return;
      case 'RunCancelRequested':
      case 'RunClosed': {
        const { run } = event;
        const pages = fanOutPages(run, [...this.#state.openActivityIds(run)], command, offset);
        for (const page of pages) this.#addCancellation({ ...run, activityId: '' }, page, out);
        return;
      }
      default:
    }
  }

  /** The reply record for an address: the reader of the partition finds its own by the key. */
  reply(replyTo: ReplyAddress, reply: Omit<Reply, 'address'>): OutputRecord {
    const { address, partition } = replyTo;
    return {
      topic: topics.replies,
      key: address,
      partition,
      value: this.#tools.codec.encodeReply({ address, ...reply }),
    };
  }

  /** Whoever waits for the outcome hears of it. */
  #addOutcome(id: ExecutionId, offset: number, out: OutputRecord[]): void {
    const waiters = this.#tools.waiters.take(executionKey(id), (waiter) => waiter);
    if (waiters.length === 0) return;
    const activity = this.#state.activity(id);
    invariant(
      activity !== undefined && 'outcome' in activity,
      `an outcome of ${executionKey(id)}, which is not closed`,
    );
    const body = outcomeReached(activity);
    for (const { replyTo, requestId } of waiters) out.push(this.reply(replyTo, { requestId, offset, body }));
  }

  /** Whoever waits for news of the run hears it once. */
  #addNews(id: RunId, offset: number, out: OutputRecord[]): void {
    const run = this.#state.run(id);
    if (run === undefined) return;
    for (const { query, body } of this.#tools.runWaiters.take(run, this.#state.signals(id).at(-1))) {
      out.push(this.reply(query.replyTo, { requestId: query.requestId, offset, body }));
    }
  }

  #open(id: ExecutionId): OpenActivity {
    const activity = this.#state.activity(id);
    invariant(activity !== undefined && 'input' in activity, `a task of ${executionKey(id)}, which is not open`);
    return activity;
  }

  #task(activity: OpenActivity): OutputRecord {
    const { id, scheduleOffset, attempt, stamp, options } = activity;
    return {
      topic: this.#tools.taskTopics.nameOf(id.namespace, options.taskQueue, options.priorityKey),
      key: executionKey(id),
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
  #addCallbacks(id: ExecutionId, out: OutputRecord[]): void {
    const activity = this.#state.activity(id);
    if (activity?.callbackUrls === undefined || !('outcome' in activity)) return;
    const { activityType, status, outcome, closedAt, version: closedOffset } = activity;
    for (const url of activity.callbackUrls) {
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
