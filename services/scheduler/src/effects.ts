import {
  isOpen,
  isClosed,
  executionKey,
  invariant,
  partitionKey,
  type Activity,
  type CancellationRecord,
  type ClosedActivity,
  type Command,
  type DomainEvent,
  type ExecutionId,
  type OpenActivity,
  type PartitionState,
  type Reply,
  type ReplyAddress,
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

/** What the events of a decision have said so far. */
interface Told {
  activity?: Activity;
  run?: WorkflowRun;
}

/** The largest answer that is sent: its key and headers belong to the record. */
const replyBytesMax = recordBytesMax - 64 * 1024;

/** So many bytes are told at once to those who wait for the same; the others ask again within seconds and hear it then. */
export const toldBytesMax = 32 * 1024 * 1024;

/**
 * The records that a decision's events ask for. An event that only changes state asks for none.
 *
 * They are made before the state has the events: what cannot be written down must not have been applied.
 */
export class Effects {
  readonly #state: PartitionState;
  readonly #partition: number;
  readonly #tools: EffectTools;

  constructor(state: PartitionState, partition: number, tools: EffectTools) {
    this.#state = state;
    this.#partition = partition;
    this.#tools = tools;
  }

  /** @throws Error when one of them cannot be encoded; nothing has happened then. */
  of(events: readonly DomainEvent[], command: Command, offset: number): OutputRecord[] {
    const told: Told = {};
    const out: OutputRecord[] = [];
    for (const event of events) this.#add(event, told, { command, offset }, out);
    return out;
  }

  #add(
    event: DomainEvent,
    told: Told,
    { command, offset }: { readonly command: Command; readonly offset: number },
    out: OutputRecord[],
  ): void {
    switch (event.type) {
      case 'ActivityChanged':
        told.activity = event.activity;
        this.#prepare(event.activity);
        return;
      case 'TaskDispatched':
        this.#dispatch(openIn(told, event.id), out);
        return;
      case 'ActivityClosed': {
        const activity = closedIn(told, event.id);
        this.#addOutcome(activity, offset, out);
        this.#addCallbacks(activity, out);
        return;
      }
      case 'AttemptInterrupted':
        this.#addCancellation(event.activity.id, notifyWorker(event.activity, event.reason, offset), out);
        return;
      case 'AttemptInformed':
        this.#addCancellation(event.activity.id, noticeSettled(event.activity, offset), out);
        return;
      case 'RunChanged':
        told.run = event.run;
        this.#addNews(event.run, () => this.#state.latestSignal(event.run.id), offset, out);
        return;
      case 'SignalReceived': {
        const run = told.run ?? this.#state.run(event.run);
        if (run !== undefined) this.#addNews(run, () => event.signal, offset, out);
        return;
      }
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
  #addNews(run: WorkflowRun, latest: () => Signal | undefined, offset: number, out: OutputRecord[]): void {
    const told = this.#tools.runWaiters.take(run, latest);
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
  #prepare(activity: Activity): void {
    if (activity.status !== 'scheduled' || activity.attempt > 1 || 'dispatchedAt' in activity) return;
    const { taskTopics } = this.#tools;
    const queue = { namespace: activity.id.namespace, taskQueue: activity.options.taskQueue };
    const topic = taskTopics.nameOf(queue, activity.options.priorityKey);
    // Why it cannot be had is said when the task is due.
    if (!taskTopics.isThere(topic)) void taskTopics.make(queue, topic);
  }

  /** A decision waits for no topic: what cannot be sent yet is held. It is made all the same, for that may fail. */
  #dispatch(activity: OpenActivity, out: OutputRecord[]): void {
    const task = this.task(activity);
    if (this.#tools.taskTopics.isThere(task.topic)) out.push(task);
    else this.#tools.hold(task.topic, taskQueueLevel(activity));
  }

  /** The task of the current attempt. */
  task(activity: OpenActivity): OutputRecord {
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

/** An effect of an activity follows the event that says how the activity is now. */
function openIn({ activity }: Told, id: ExecutionId): OpenActivity {
  invariant(activity !== undefined && isOpen(activity), `a task of ${executionKey(id)}, which is not open`);
  return activity;
}

function closedIn({ activity }: Told, id: ExecutionId): ClosedActivity {
  invariant(activity !== undefined && isClosed(activity), `an outcome of ${executionKey(id)}, which is not closed`);
  return activity;
}
