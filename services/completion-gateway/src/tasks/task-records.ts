import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityTask } from '@ratchet/domain';
import { deadLetter, type InputRecord, type Log, type Outbox } from '@ratchet/kafka';
import { UnreadableRecordError, type Codec } from '@ratchet/schemas';

/** A task that was read. */
export interface ReadTask {
  readonly record: InputRecord;
  readonly task: ActivityTask;
  /** Its record is settled: nobody else will get it. */
  readonly done: () => void;
}

export interface TaskRecordsParts {
  readonly codec: Pick<Codec, 'decodeTask' | 'encodeTask'>;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly log: Log;
  readonly onTask: (read: ReadTask) => void;
}

/** How often a task may be passed on, by workers and gateways together. */
const passedOnCountMax = 2;
/** Until a registry that is away is asked again. */
const registryPauseMs = 1_000;

/** Records of task topics as tasks, and tasks as records again when they are passed on. */
export class TaskRecords {
  readonly #parts: TaskRecordsParts;
  #stopped = false;

  constructor(parts: TaskRecordsParts) {
    this.#parts = parts;
  }

  /** What could not be read yet is left to others. */
  stop(): void {
    this.#stopped = true;
  }

  read(record: InputRecord, done: () => void): void {
    try {
      if (record.value === null) throw new UnreadableRecordError('it has no value');
      const task = this.#parts.codec.decodeTask(record.value);
      if (task instanceof Promise) void this.#readLater(record, done, task);
      else this.#parts.onTask({ record, task, done });
    } catch (error) {
      this.#bury(record, done, error);
    }
  }

  /**
   * Appends a task to another partition of its topic, and settles its record once the broker has it.
   *
   * @returns false when it was passed on often enough.
   */
  passOn({ record, task, done }: ReadTask, partition: number): boolean {
    if (task.passedOnCount >= passedOnCountMax) return false;
    const { outbox, codec, log } = this.#parts;
    const { topic, key, headers } = record;
    const value = codec.encodeTask({ ...task, passedOnCount: task.passedOnCount + 1 });
    outbox.send({ topic, key, partition, value, headers }).then(done, (error: unknown) => {
      // Its record is not settled: it comes again to whoever has the partition next.
      log('warn', `a task could not be passed on: ${messageOf(error)}`, { topic, partition });
    });
    return true;
  }

  /** The schema that wrote it is not known yet. A registry that is away is asked again, a definite answer is final. */
  async #readLater(record: InputRecord, done: () => void, decoding: Promise<ActivityTask>): Promise<void> {
    try {
      const task = await decoding;
      if (!this.#stopped) this.#parts.onTask({ record, task, done });
    } catch (error) {
      if (error instanceof UnreadableRecordError) {
        this.#bury(record, done, error);
        return;
      }
      this.#parts.log('warn', `a task cannot be read yet: ${messageOf(error)}`, { topic: record.topic });
      await pause(registryPauseMs);
      if (!this.#stopped) this.read(record, done);
    }
  }

  #bury(record: InputRecord, done: () => void, error: unknown): void {
    if (!(error instanceof UnreadableRecordError)) throw error;
    const { outbox, log } = this.#parts;
    const { topic, partition, offset } = record;
    const place = { topic, partition, offset };
    log('error', `a task cannot be read and goes to the dead-letter topic: ${error.message}`, place);
    outbox.send(deadLetter(record, error.message)).then(done, (failed: unknown) => {
      log('error', `a dead letter could not be sent: ${messageOf(failed)}`, place);
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
