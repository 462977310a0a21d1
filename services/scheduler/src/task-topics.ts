import { priorityLevel, queueOfTopic, taskTopic } from '@ratchet/domain';
import { OperationalError } from '@ratchet/kafka';

/** How many task queues there may be. */
export interface QueueLimits {
  /** In all. */
  readonly taskQueuesMax: number;
  /** Of one namespace. */
  readonly namespaceTaskQueuesMax: number;
}

export interface TaskTopicsParts {
  /** Every topic of a task queue that is there, dead-letter topics included. */
  readonly list: () => Promise<readonly string[]>;
  /**
   * Makes a topic unless it is there, and resolves once every broker knows it.
   * @throws OperationalError RKT1004 (rejects), not retryable when the brokers refuse it; RKT1010 when this user may not.
   */
  readonly create: (topic: string) => Promise<void>;
  readonly limits: QueueLimits;
  readonly onMade?: (topic: string) => void;
  /** `limit`: there would be too many. `brokers`: they will not have it. */
  readonly onRefused?: (why: 'limit' | 'brokers', reason: string) => void;
  /** It will be tried again. */
  readonly onLate?: (topic: string, error: unknown) => void;
}

/** A task queue by the names its users gave. */
export interface TaskQueue {
  readonly namespace: string;
  readonly taskQueue: string;
}

/** A topic that someone waits for. */
interface WantedTopic {
  readonly topic: string;
  readonly queue: TaskQueue;
  readonly verdict: PromiseWithResolvers<string | undefined>;
  failureCount: number;
}

/** So many namespaces have a topic made at a time, each one of its own. */
const namespacesAtOnceMax = 4;
/** For so long it is not asked again whether a topic that was refused may be had. */
const refusedMs = 30_000;
const refusedMax = 10_000;
/** Names that are remembered so as not to be escaped again. */
const namesMax = 10_000;
/** No limit is judged by a list of topics that is older: other schedulers make topics, too. */
const listMsMax = 5_000;
/** Between two tries of what failed by no fault of the topic: doubled each time. */
const retryMsMin = 100;
const retryMsMax = 30_000;

/**
 * The topics of task queues: which there are, and how a missing one is made.
 *
 * A decision never waits for one. Who finds a topic missing asks for it, and hears later that it is there, or why it can
 * never be. Each namespace has one made at a time, a few namespaces at once, in turn: one that asks for many delays nobody
 * but itself. How many queues a namespace may have, and how many there may be in all, is limited.
 */
export class TaskTopics {
  readonly #parts: TaskTopicsParts;
  /** By namespace, then task queue, then priority level. */
  readonly #names = new Map<string, Map<string, string[]>>();
  #nameCount = 0;
  readonly #there = new Set<string>();
  #queues: QueueCount;
  #listedAt = -Infinity;
  readonly #wanted = new Map<string, WantedTopic>();
  /** By namespace, in the order of their turns. */
  readonly #waiting = new Map<string, WantedTopic[]>();
  readonly #busy = new Set<string>();
  readonly #refused = new Map<string, { readonly reason: string; readonly until: number }>();
  readonly #goneListeners = new Set<(topics: ReadonlySet<string>) => void>();
  #closed = false;

  constructor(parts: TaskTopicsParts) {
    this.#parts = parts;
    this.#queues = new QueueCount(parts.limits);
  }

  /** How many queues have a topic. */
  get queueCount(): number {
    return this.#queues.total;
  }

  /** How many topics are asked for and neither there nor refused. */
  get wantedCount(): number {
    return this.#wanted.size;
  }

  /** The topic's name, remembered: escaping is not done again for every task. */
  nameOf({ namespace, taskQueue }: TaskQueue, priorityKey: number): string {
    let queues = this.#names.get(namespace);
    let levels = queues?.get(taskQueue);
    if (levels === undefined) {
      if (this.#nameCount++ >= namesMax) this.#forgetNames();
      queues = this.#names.get(namespace) ?? new Map<string, string[]>();
      this.#names.set(namespace, queues.set(taskQueue, (levels = [])));
    }
    const level = priorityLevel(priorityKey);
    return (levels[level] ??= taskTopic(namespace, taskQueue, level));
  }

  /** Whether the topic is known to be there. */
  isThere(topic: string): boolean {
    return this.#there.has(topic);
  }

  /** Asks for a topic of a queue. Resolves with why it cannot be had, or with `undefined` once it is there. Never rejects. */
  make(queue: TaskQueue, topic: string): Promise<string | undefined> {
    if (this.#there.has(topic)) return Promise.resolve(undefined);
    const wanted = this.#wanted.get(topic);
    if (wanted !== undefined) return wanted.verdict.promise;
    const refusal = this.#refusedLately(topic) ?? this.#tooManyWanted(queue);
    if (refusal !== undefined) return Promise.resolve(refusal);

    const added = { topic, queue, verdict: Promise.withResolvers<string | undefined>(), failureCount: 0 };
    this.#wanted.set(topic, added);
    this.#enqueue(added);
    return added.verdict.promise;
  }

  /** Told of topics that were there and are not any more: whoever has sent to them sends again. @returns ends it. */
  onGone(listener: (topics: ReadonlySet<string>) => void): () => void {
    this.#goneListeners.add(listener);
    return () => void this.#goneListeners.delete(listener);
  }

  /** Asks the brokers which topics there are. @throws kafkajs's error (rejects) when none answers. */
  async look(): Promise<readonly string[]> {
    const topics = await this.#parts.list();
    this.found(topics);
    return topics;
  }

  /** These are all that there are. */
  found(topics: readonly string[]): void {
    this.#listedAt = performance.now();
    const found = new Set(topics);
    const gone = new Set([...this.#there].filter((topic) => !found.has(topic)));
    this.#there.clear();
    this.#queues = new QueueCount(this.#parts.limits);
    for (const topic of found) this.#add(topic);
    if (gone.size > 0) for (const listener of this.#goneListeners) listener(gone);
  }

  close(): void {
    this.#closed = true;
  }

  #add(topic: string): void {
    this.#there.add(topic);
    this.#queues.add(topic);
  }

  #forgetNames(): void {
    this.#names.clear();
    this.#nameCount = 1;
  }

  // --- taking turns ---

  #enqueue(wanted: WantedTopic): void {
    const { namespace } = wanted.queue;
    const waiting = this.#waiting.get(namespace);
    if (waiting === undefined) this.#waiting.set(namespace, [wanted]);
    else waiting.push(wanted);
    this.#takeTurns();
  }

  #takeTurns(): void {
    for (const [namespace, waiting] of this.#waiting) {
      if (this.#busy.size >= namespacesAtOnceMax || this.#closed) return;
      const [next, ...others] = waiting;
      if (next === undefined || this.#busy.has(namespace)) continue;
      if (others.length > 0) this.#waiting.set(namespace, others);
      else this.#waiting.delete(namespace);
      this.#busy.add(namespace);
      void this.#settle(next).then(() => {
        this.#busy.delete(namespace);
        this.#putLast(namespace);
        this.#takeTurns();
      });
    }
  }

  /** It has had a turn: whoever waits already comes before it. */
  #putLast(namespace: string): void {
    const waiting = this.#waiting.get(namespace);
    if (waiting === undefined) return;
    this.#waiting.delete(namespace);
    this.#waiting.set(namespace, waiting);
  }

  /** Never rejects. */
  async #settle(wanted: WantedTopic): Promise<void> {
    const { topic, verdict } = wanted;
    try {
      if (performance.now() - this.#listedAt > listMsMax) await this.look();
      if (!this.#there.has(topic)) {
        const tooMany = this.#queues.refusal(topic);
        if (tooMany !== undefined) {
          this.#refuse(wanted, 'limit', tooMany);
          return;
        }
        await this.#parts.create(topic);
        this.#add(topic);
        this.#parts.onMade?.(topic);
      }
    } catch (error) {
      if (isRefusal(error)) this.#refuse(wanted, 'brokers', error.message);
      else this.#tryLater(wanted, error);
      return;
    }
    this.#wanted.delete(topic);
    verdict.resolve(undefined);
  }

  #refuse({ topic, queue, verdict }: WantedTopic, why: 'limit' | 'brokers', because: string): void {
    const reason = refusalOf(queue, because);
    this.#wanted.delete(topic);
    if (why === 'brokers') this.#rememberRefusal(topic, reason);
    this.#parts.onRefused?.(why, reason);
    verdict.resolve(reason);
  }

  /** It is not the topic's fault: no broker answers, or not enough of them are there. */
  #tryLater(wanted: WantedTopic, error: unknown): void {
    const pauseMs = Math.min(retryMsMin * 2 ** wanted.failureCount++, retryMsMax);
    this.#parts.onLate?.(wanted.topic, error);
    setTimeout(() => {
      this.#enqueue(wanted);
    }, pauseMs).unref();
  }

  // --- what is refused without asking the brokers ---

  #rememberRefusal(topic: string, reason: string): void {
    if (this.#refused.size >= refusedMax) this.#refused.clear();
    this.#refused.set(topic, { reason, until: performance.now() + refusedMs });
  }

  #refusedLately(topic: string): string | undefined {
    const refused = this.#refused.get(topic);
    if (refused === undefined) return undefined;
    if (performance.now() < refused.until) return refused.reason;
    this.#refused.delete(topic);
    return undefined;
  }

  /** What waits is bounded as what there may be. */
  #tooManyWanted(queue: TaskQueue): string | undefined {
    const { taskQueuesMax, namespaceTaskQueuesMax } = this.#parts.limits;
    const waitingCount = this.#waiting.get(queue.namespace)?.length ?? 0;
    if (waitingCount < namespaceTaskQueuesMax && this.#wanted.size < taskQueuesMax) return undefined;
    const reason = refusalOf(queue, `${String(this.#wanted.size)} others are waited for`);
    this.#parts.onRefused?.('limit', reason);
    return reason;
  }
}

/** Task queues, counted by the namespace that has them. */
class QueueCount {
  readonly #limits: QueueLimits;
  readonly #byNamespace = new Map<string, Set<string>>();
  total = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  add(topic: string): void {
    const queue = queueOfTopic(topic);
    if (queue === undefined || this.#has(queue)) return;
    const { namespace, taskQueue } = queue;
    const queues = this.#byNamespace.get(namespace);
    if (queues === undefined) this.#byNamespace.set(namespace, new Set([taskQueue]));
    else queues.add(taskQueue);
    this.total++;
  }

  /** @returns why there may be no topic of one more queue; a further priority level of a queue is none. */
  refusal(topic: string): string | undefined {
    const { taskQueuesMax, namespaceTaskQueuesMax } = this.#limits;
    const queue = queueOfTopic(topic);
    if (queue === undefined || this.#has(queue)) return undefined;
    const count = this.#byNamespace.get(queue.namespace)?.size ?? 0;
    if (count >= namespaceTaskQueuesMax)
      return `the namespace has ${String(count)} task queues, and may have ${String(namespaceTaskQueuesMax)} (RATCHET_NAMESPACE_TASK_QUEUES_MAX)`;
    if (this.total < taskQueuesMax) return undefined;
    return `there are ${String(this.total)} task queues, and there may be ${String(taskQueuesMax)} (RATCHET_TASK_QUEUES_MAX)`;
  }

  #has({ namespace, taskQueue }: TaskQueue): boolean {
    return this.#byNamespace.get(namespace)?.has(taskQueue) === true;
  }
}

const isRefusal = (error: unknown): error is OperationalError =>
  error instanceof OperationalError && /^RKT10(04|10)$/.test(error.code) && !error.retryable;

const refusalOf = ({ namespace, taskQueue }: TaskQueue, because: string): string =>
  `Expected to send the activity to task queue '${taskQueue}' of namespace '${namespace}', but it cannot be made: ${because}`;
