import type { TaskQueueConsumer } from '@ratchet/kafka';
import type { DeadlineClock, Due, ReadTask } from '@ratchet/protocol';

export interface TaskIntakeOptions {
  /** How many tasks may be in work at once. */
  readonly slotsMax: number;
  readonly clock: DeadlineClock;
  /** Lets no task come (`pause`), or lets them come again. */
  readonly source: Pick<TaskQueueConsumer, 'pause' | 'resume' | 'isAlone'>;
  /** Works on a task; its slot is free again when the promise settles. */
  readonly work: (taken: ReadTask) => Promise<void>;
  /** Gives a task to another worker. @returns false when there is none that could take it. */
  readonly passOn: (taken: ReadTask) => boolean;
}

const fullMsMax = 1_000;

/**
 * Takes no more tasks than there are slots.
 *
 * When there was no free slot for a second, tasks that wait are passed on, as many as there are slots in each second:
 * someone idle may be waiting for them. What cannot be passed on waits here.
 */
export class TaskIntake implements Due {
  dueAt = Infinity;
  readonly #options: TaskIntakeOptions;
  #free: number;
  #waiting: ReadTask[] = [];
  #passOnCountLeft = 0;
  #stopped = false;

  constructor(options: TaskIntakeOptions) {
    this.#options = options;
    this.#free = options.slotsMax;
    options.clock.add(this);
  }

  /** How many tasks are in work. */
  get usedCount(): number {
    return this.#options.slotsMax - this.#free;
  }

  offer(taken: ReadTask): void {
    if (this.#stopped) return;
    if (this.#free > 0) this.#take(taken);
    else this.#passOnOrKeep(taken);
  }

  /** These partitions of a topic are someone else's now, who will be given what waits here. */
  forget(topic: string, partitions: readonly number[]): void {
    this.#waiting = this.#waiting.filter(
      ({ record }) => record.topic !== topic || !partitions.includes(record.partition),
    );
  }

  /** Takes nothing more. What waits is left to others. */
  stop(): void {
    this.#stopped = true;
    this.#waiting = [];
    this.#options.clock.remove(this);
    this.#options.source.pause();
  }

  whenDue(now: number): void {
    this.dueAt = now + fullMsMax;
    this.#passOnCountLeft = this.#options.slotsMax;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const taken of waiting) this.#passOnOrKeep(taken);
    // Where nobody else reads, what is taken in would only go before what is more urgent and comes later.
    const { source } = this.#options;
    if (this.#passOnCountLeft > 0 && !this.#enoughWait() && !source.isAlone) source.resume();
  }

  #passOnOrKeep(taken: ReadTask): void {
    if (this.#passOnCountLeft > 0 && this.#options.passOn(taken)) this.#passOnCountLeft--;
    else this.#waiting.push(taken);
    if (this.#passOnCountLeft === 0 || this.#enoughWait()) this.#options.source.pause();
  }

  #enoughWait(): boolean {
    return this.#waiting.length >= this.#options.slotsMax;
  }

  #take(taken: ReadTask): void {
    this.#free--;
    if (this.#free === 0) this.#becomeFull();
    void this.#options.work(taken).finally(() => {
      this.#release();
    });
  }

  #becomeFull(): void {
    this.dueAt = performance.now() + fullMsMax;
    this.#options.source.pause();
  }

  #release(): void {
    this.#free++;
    this.dueAt = Infinity;
    this.#passOnCountLeft = 0;
    if (this.#stopped) return;
    const next = this.#waiting.shift();
    if (next === undefined) this.#options.source.resume();
    else this.#take(next);
  }
}
