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
import type { OutcomeWaiters } from './outcome-waiters.ts';
import type { TaskTopics } from './task-topics.ts';

/** How many activities of a run one record tells of: a page stays far below what a record may hold. */
export const fanOutPageSize = 1_000;

/** What is needed to say something to the world. */
export interface EffectTools {
  readonly codec: Codec;
  readonly signer: TaskTokenSigner;
  readonly taskTopics: TaskTopics;
  readonly waiters: OutcomeWaiters;
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
        for (const { replyTo, requestId } of this.#tools.waiters.take(executionKey(event.id))) {
          const { status, outcome, id } = event;
          const body = { type: 'OutcomeReached', runId: id.runId, status, outcome } as const;
          out.push(this.reply(replyTo, { requestId, offset, body }));
        }
        this.#addCallbacks(event.id, out);
        return;
      case 'CancelRequested':
        this.#addNotice(this.#open(event.id), out);
        return;
      case 'RunCancelRequested':
      case 'RunClosed':
        this.#addFanOut(
          event.run,
          event.type === 'RunClosed' ? 'run-closed' : 'run-cancel-requested',
          command,
          offset,
          out,
        );
        return;
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

  #open(id: ExecutionId): OpenActivity {
    const activity = this.#state.activity(id);
    invariant(
      activity !== undefined && 'input' in activity,
      `a task or notice of ${executionKey(id)}, which is not open`,
    );
    return activity;
  }

  #task(activity: OpenActivity): OutputRecord {
    const { id, scheduleOffset, attempt, stamp, options } = activity;
    return {
      topic: this.#tools.taskTopics.nameOf(id.namespace, options.taskQueue),
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

  #addNotice(activity: OpenActivity, out: OutputRecord[]): void {
    if (!('startedAt' in activity) || activity.workerAddress === undefined) return;
    const { id, scheduleOffset, attempt, stamp, workerAddress } = activity;
    out.push(this.#cancellation(id, { type: 'NotifyWorker', id, scheduleOffset, attempt, stamp, workerAddress }));
  }

  #addFanOut(
    run: RunId,
    cause: 'run-cancel-requested' | 'run-closed',
    command: Command,
    decidedOffset: number,
    out: OutputRecord[],
  ): void {
    const { requestId, identity } = command;
    const reason = 'reason' in command ? command.reason : '';
    const ids = [...this.#state.openActivityIds(run)];
    for (let start = 0; start < ids.length; start += fanOutPageSize) {
      const activityIds = ids.slice(start, start + fanOutPageSize);
      const page = { type: 'FanOut', run, cause, decidedOffset, requestId, identity, reason, activityIds } as const;
      out.push(this.#cancellation({ ...run, activityId: '' }, page));
    }
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
