import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityTask } from '@ratchet/domain';
import { deadLetter, type Done, type InputRecord, type Log, type Outbox } from '@ratchet/kafka';
import { UnreadableRecordError, type Codec } from '@ratchet/schemas';

/** A task that was read. */
export interface ReadTask {
  readonly record: InputRecord;
  readonly task: ActivityTask;
  /** Its record is settled: another reader will not get it. */
  readonly done: Done;
}

export interface TaskReaderOptions {
  readonly codec: Pick<Codec, 'decodeTask' | 'encodeTask'>;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly log: Log;
  readonly partitionCount: (topic: string) => number;
  readonly ownPartitions: (topic: string) => readonly number[];
  readonly onTask: (read: ReadTask) => void;
}

/** How often a task may be passed on by who is busy, workers and gateways together. */
const passedOnCountMax = 2;
/** How often by who cannot run it, what the busy have passed on included; then its attempt fails. */
const givenBackCountMax = 4;
/** A record that is not written by then, for want of a right, say, may never be: the task is kept. */
const passedOnMsMax = 10_000;
/** Until a registry that is away is asked again. */
const registryPauseMs = 1_000;

/** Records of a queue's topics as tasks, and tasks as records again when they are passed on. */
export class TaskReader {
  readonly #options: TaskReaderOptions;
  #stopped = false;

  constructor(options: TaskReaderOptions) {
    this.#options = options;
  }

  /** What could not be read yet is left to others. */
  stop(): void {
    this.#stopped = true;
  }

  read(record: InputRecord, done: Done): void {
    const task = this.#decode(record);
    if (task instanceof Promise) void this.#readLater(record, done, task);
    else if (task instanceof UnreadableRecordError) this.#bury(record, done, task);
    else this.#options.onTask({ record, task, done });
  }

  /**
   * Appends a task to a partition that another instance reads, and settles its record here once the broker has it. Where the
   * broker does not take it within 10 s, the task comes to `onTask` once more, and is not passed on again: who cannot run it
   * fails its attempt. Should it be written after all, claims make the copy harmless.
   *
   * @returns false when all partitions are read here, or the task was passed on often enough.
   */
  passOn(taken: ReadTask): boolean {
    return this.#passOn(taken, passedOnCountMax);
  }

  /**
   * As `passOn`, for a task that cannot be run here: somebody else of the queue may be able to.
   *
   * @returns false when nobody else reads the queue, or it was passed on so often that nobody seems to.
   */
  giveBack(taken: ReadTask): boolean {
    return this.#passOn(taken, givenBackCountMax);
  }

  #passOn({ record, task, done }: ReadTask, countMax: number): boolean {
    const { codec, outbox } = this.#options;
    const { topic } = record;
    const partition = this.#foreignPartition(topic);
    if (partition === undefined || task.passedOnCount >= countMax) return false;
    const value = codec.encodeTask({ ...task, passedOnCount: task.passedOnCount + 1 });
    const passedOn = { topic, key: record.key, partition, value, headers: record.headers, about: task };
    const kept = setTimeout(() => {
      this.#keep({ record, task, done }, `it is not written after ${String(passedOnMsMax / 1000)} s`);
    }, passedOnMsMax);
    kept.unref();
    outbox.send(passedOn).then(
      () => {
        clearTimeout(kept);
        done();
      },
      (error: unknown) => {
        clearTimeout(kept);
        this.#keep({ record, task, done }, messageOf(error));
      },
    );
    return true;
  }

  #keep({ record, task, done }: ReadTask, reason: string): void {
    const { log, onTask, ownPartitions } = this.#options;
    const { topic, partition } = record;
    // Its record is not settled: it comes again to whoever has the partition now.
    if (this.#stopped || !ownPartitions(topic).includes(partition)) return;
    log('warn', `a task could not be passed on and stays here: ${reason}`, { topic, activityId: task.id.activityId });
    onTask({ record, task: { ...task, passedOnCount: givenBackCountMax }, done });
  }

  #foreignPartition(topic: string): number | undefined {
    const own = new Set(this.#options.ownPartitions(topic));
    const foreign = Array.from({ length: this.#options.partitionCount(topic) }, (_, index) => index).filter(
      (partition) => !own.has(partition),
    );
    return foreign[Math.floor(Math.random() * foreign.length)];
  }

  #decode({ value }: InputRecord): ActivityTask | Promise<ActivityTask> | UnreadableRecordError {
    if (value === null) return new UnreadableRecordError('it has no value');
    try {
      return this.#options.codec.decodeTask(value);
    } catch (error) {
      // Whatever it is, the record must not be passed over without a trace.
      return error instanceof UnreadableRecordError ? error : new UnreadableRecordError(messageOf(error));
    }
  }

  /** The schema that wrote it is not known yet. A registry that is away is asked again, a definite answer is final. */
  async #readLater(record: InputRecord, done: Done, decoding: Promise<ActivityTask>): Promise<void> {
    try {
      const task = await decoding;
      if (!this.#stopped) this.#options.onTask({ record, task, done });
    } catch (error) {
      if (error instanceof UnreadableRecordError) {
        this.#bury(record, done, error);
        return;
      }
      this.#options.log('warn', `a task cannot be read yet: ${messageOf(error)}`, { topic: record.topic });
      await pause(registryPauseMs);
      if (!this.#stopped) this.read(record, done);
    }
  }

  #bury(record: InputRecord, done: Done, { message }: UnreadableRecordError): void {
    const { outbox, log } = this.#options;
    const { topic, partition, offset } = record;
    log('error', `a task cannot be read and goes to the dead-letter topic: ${message}`, { topic, partition, offset });
    outbox.send(deadLetter(record, message)).then(
      () => {
        done();
      },
      (error: unknown) => {
        log('error', `a dead letter could not be sent: ${messageOf(error)}`, { topic, partition, offset });
      },
    );
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
