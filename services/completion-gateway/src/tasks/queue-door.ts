import {
  claimTask,
  decodeTaskToken,
  taskGroup,
  type DeadlineClock,
  type Due,
  type ReadTask,
  type RequestChannel,
} from '@ratchet/protocol';
import { beginProcess, readTrace, traceOfLine, type KafkaConnection, type Log } from '@ratchet/kafka';
import type { GrantedTask, TaskRequest } from '../front-door/index.ts';
import { RateLimit } from '../rate-limit.ts';
import { OpenPoll } from './open-poll.ts';

/** Where a queue's tasks come from. */
export interface TaskSupply {
  /** No task comes until `resume`. */
  pause(): void;
  resume(): void;
  /** Gives a task to whoever reads another partition. @returns false when nobody does. */
  passOn(read: ReadTask): boolean;
  /** Whether nobody else reads a part of the queue. */
  readonly isAlone: boolean;
  /** The part of the queue's partitions that is read here, from 0 to 1. */
  share(): number;
}

export interface QueueDoorParts {
  readonly channel: RequestChannel;
  readonly clock: DeadlineClock;
  readonly log: Log;
  readonly connection: Pick<KafkaConnection, 'tracing' | 'realName'>;
  readonly source: TaskSupply;
}

/** When nobody has polled for so long, tasks are passed on: someone else may be waiting for them. */
const unpolledMsMax = 1_000;
const passOnCountMax = 1_000;

interface SpareTask {
  readonly granted: GrantedTask;
  readonly uselessAt: number;
}

/**
 * Brings the tasks of one queue and those who poll for them together.
 *
 * A task is taken in only when a poll is open for it, claimed in the log, and handed out once it is granted. A poller
 * that goes while the claim is under way leaves its task to the next one; should none come, the attempt's timeout ends it.
 */
export class QueueDoor implements Due {
  dueAt = Infinity;
  readonly #parts: QueueDoorParts;
  readonly #limit = new RateLimit();
  readonly #open: OpenPoll[] = [];
  #spare: SpareTask[] = [];
  /** Read, but the poll they came for is gone. */
  #kept: ReadTask[] = [];
  #passOnCountLeft = 0;
  #limitTimer: NodeJS.Timeout | undefined;
  /** As the last poller that said something wants it; absent: as fast as they take them. */
  #tasksPerSecondMax: number | undefined;
  #lastPollAt = performance.now();
  #claims = 0;
  #closed = false;

  constructor(parts: QueueDoorParts) {
    this.#parts = parts;
    parts.source.pause();
    parts.clock.add(this);
  }

  /** Since when nobody has been here, on the clock of `performance.now()`. */
  get idleSince(): number {
    this.#dropUseless();
    return this.#open.length + this.#claims + this.#spare.length > 0 ? Infinity : this.#lastPollAt;
  }

  poll(request: TaskRequest, signal: AbortSignal): Promise<GrantedTask | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    this.#lastPollAt = performance.now();
    // The last one who says something counts (semantics section 1.4).
    this.#tasksPerSecondMax = request.tasksPerSecondMax ?? this.#tasksPerSecondMax;
    const spare = this.#takeSpare();
    if (spare !== undefined) return Promise.resolve(spare);
    const poll = new OpenPoll(request, signal, (gone) => {
      this.#forget(gone);
    });
    this.#open.push(poll);
    this.#admit();
    return poll.answer;
  }

  endPolls(workerInstanceKey: string): void {
    const ended = this.#open.filter(({ request }) => request.workerInstanceKey === workerInstanceKey);
    for (const poll of ended) {
      poll.end();
      this.#forget(poll);
    }
  }

  offer(read: ReadTask): void {
    if (this.#open.length === 0) this.#passOnOrKeep(read);
    else this.#take(read);
    if (!this.#mayTake()) this.#parts.source.pause();
  }

  /** These partitions are someone else's now, who will be given what waits here. */
  forget(topic: string, partitions: readonly number[]): void {
    this.#kept = this.#kept.filter(({ record }) => record.topic !== topic || !partitions.includes(record.partition));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#limitTimer);
    this.#parts.clock.remove(this);
    this.#parts.source.pause();
    this.#kept = [];
    for (const poll of this.#open.splice(0)) poll.end();
  }

  /** Nobody has polled for a while: what comes now is passed on. */
  whenDue(now: number): void {
    this.dueAt = now + unpolledMsMax;
    this.#passOnCountLeft = passOnCountMax;
    for (const read of this.#kept.splice(0)) this.#passOnOrKeep(read);
    if (this.#mayTake()) this.#parts.source.resume();
  }

  #mayTake(): boolean {
    if (this.#open.length > 0) return this.#limitAllows();
    // Where nobody else reads, what is taken in would only go before what is more urgent and comes later.
    return this.#passOnCountLeft > 0 && this.#kept.length === 0 && !this.#parts.source.isAlone;
  }

  /** Polls are open: what was read before goes first, then what comes. */
  #admit(): void {
    this.dueAt = Infinity;
    this.#passOnCountLeft = 0;
    while (this.#open.length > 0 && this.#kept.length > 0 && this.#limitAllows()) {
      const read = this.#kept.shift();
      if (read !== undefined) this.#take(read);
    }
    if (this.#open.length > 0 && this.#limitAllows()) this.#parts.source.resume();
  }

  #take(read: ReadTask): void {
    const poll = this.#limit.take(performance.now()) ? this.#nextPoll() : undefined;
    if (poll === undefined) {
      this.#kept.push(read);
      return;
    }
    this.#claims++;
    void this.#claim(read, poll).finally(() => {
      this.#claims--;
    });
  }

  async #claim({ task, record, done }: ReadTask, poll: OpenPoll): Promise<void> {
    const { heartbeatTimeoutMs, startToCloseTimeoutMs } = task.options;
    const askedAt = performance.now();
    const parent = readTrace(record.headers);
    const { connection } = this.#parts;
    const span = beginProcess(connection, record, { group: taskGroup(record.topic), about: task, parent });
    const trace = span?.trace ?? parent;
    try {
      const result = await claimTask(this.#parts.channel, {
        token: decodeTaskToken(task.taskToken),
        identity: poll.request.identity,
        principal: poll.request.principal,
        ...(poll.request.sdk === undefined ? {} : { sdk: poll.request.sdk }),
        heartbeatTimeoutMs,
        startToCloseTimeoutMs,
        trace,
      });
      done(trace);
      span?.end();
      if (result.type === 'granted') {
        const uselessAt = askedAt + Math.min(orNever(heartbeatTimeoutMs), orNever(startToCloseTimeoutMs));
        this.#handOut({ granted: { task, startedAt: result.startedAt }, uselessAt }, poll);
        return;
      }
    } catch (error) {
      span?.end(error);
      const { topic, partition, offset } = record;
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log('warn', `a task could not be claimed: ${reason}`, {
        topic,
        partition,
        offset,
        ...task.id,
        attempt: task.attempt,
        ...traceOfLine(trace),
      });
    }
    this.#takeBack(poll);
  }

  #handOut(spare: SpareTask, poll: OpenPoll): void {
    const receiver = poll.isOver ? this.#nextPoll() : poll;
    if (receiver === undefined) this.#spare.push(spare);
    else receiver.give(spare.granted);
  }

  /** The task was none: whoever waited for it is the next again. */
  #takeBack(poll: OpenPoll): void {
    if (this.#closed) poll.end();
    if (poll.isOver) return;
    this.#open.unshift(poll);
    this.#admit();
  }

  #takeSpare(): GrantedTask | undefined {
    this.#dropUseless();
    return this.#spare.shift()?.granted;
  }

  #dropUseless(): void {
    const now = performance.now();
    this.#spare = this.#spare.filter(({ uselessAt }) => uselessAt > now);
  }

  #forget(poll: OpenPoll): void {
    const index = this.#open.indexOf(poll);
    if (index >= 0) this.#open.splice(index, 1);
    this.#lastPollAt = performance.now();
    if (this.#open.length === 0) this.#nobodyWaits();
  }

  #nextPoll(): OpenPoll | undefined {
    const poll = this.#open.shift();
    if (this.#open.length === 0) this.#nobodyWaits();
    return poll;
  }

  /** What comes now is passed on, if nobody polls for a while. */
  #nobodyWaits(): void {
    this.#parts.source.pause();
    if (this.dueAt === Infinity) this.dueAt = performance.now() + unpolledMsMax;
  }

  #passOnOrKeep(read: ReadTask): void {
    if (this.#passOnCountLeft > 0 && this.#parts.source.passOn(read)) this.#passOnCountLeft--;
    else this.#kept.push(read);
  }

  /** What is read elsewhere is limited there, and partitions come and go while a poll is open. */
  #limitAllows(): boolean {
    const now = performance.now();
    if (this.#tasksPerSecondMax !== undefined) {
      this.#limit.set(this.#tasksPerSecondMax * this.#parts.source.share(), now);
    }
    const waitMs = this.#limit.waitMs(now);
    if (waitMs === 0) return true;
    this.#limitTimer ??= setTimeout(
      () => {
        this.#limitTimer = undefined;
        if (this.#open.length > 0) this.#admit();
      },
      Math.min(waitMs, 1_000),
    );
    return false;
  }
}

const orNever = (timeoutMs: number): number => (timeoutMs === 0 ? Infinity : timeoutMs);
