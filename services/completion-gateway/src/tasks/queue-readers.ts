import type { GrantedTask, TaskDispatch, TaskRequest } from '../front-door/index.ts';
import { orFrontDoorError } from '../front-door/desk.ts';
import { QueueReader, type QueueReaderParts } from './queue-reader.ts';

/** A queue that nobody polls is read no longer: its partitions go to others. */
const idleMsMax = 90_000;
const lookMs = 10_000;
/** How long the polls of a worker that has shut down are sent away. */
const shutDownMs = 60_000;
/** So many such workers are remembered: the oldest is forgotten for the next. */
const shutDownMax = 10_000;

/** Reads the queues that are polled, each from its first poll on. */
export class QueueReaders implements TaskDispatch {
  readonly #parts: QueueReaderParts;
  readonly #readers = new Map<string, QueueReader>();
  readonly #shutDownAt = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #stopping: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(parts: QueueReaderParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => {
      this.#look();
    }, lookMs);
  }

  async take(request: TaskRequest, signal: AbortSignal): Promise<GrantedTask | undefined> {
    if (this.#isUnwanted(request, signal)) return undefined;
    const { namespace, taskQueue } = request;
    const key = keyOf(namespace, taskQueue);
    const reader = this.#readers.get(key) ?? new QueueReader(namespace, taskQueue, this.#parts);
    this.#readers.set(key, reader);
    await orFrontDoorError(reader.start());
    // Reading may have begun just now, which takes its time.
    return this.#isUnwanted(request, signal) ? undefined : reader.poll(request, signal);
  }

  endPolls(namespace: string, workerInstanceKey: string): void {
    if (this.#shutDownAt.size >= shutDownMax) this.#forgetOldest();
    this.#shutDownAt.set(keyOf(namespace, workerInstanceKey), performance.now());
    for (const [key, reader] of this.#readers) {
      if (key.startsWith(keyOf(namespace, ''))) reader.endPolls(workerInstanceKey);
    }
  }

  /** Answers every poll with nothing and leaves all groups. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    const readers = [...this.#readers.values()];
    this.#readers.clear();
    await Promise.all([this.#stopping, ...readers.map((reader) => reader.stop())]);
  }

  #isUnwanted({ namespace, workerInstanceKey }: TaskRequest, signal: AbortSignal): boolean {
    return this.#stopped || signal.aborted || this.#shutDownAt.has(keyOf(namespace, workerInstanceKey));
  }

  #forgetOldest(): void {
    const [oldest] = this.#shutDownAt.keys();
    if (oldest !== undefined) this.#shutDownAt.delete(oldest);
  }

  #look(): void {
    const now = performance.now();
    for (const [key, reader] of this.#readers) {
      if (now - reader.idleSince < idleMsMax) continue;
      this.#readers.delete(key);
      const stopped = reader.stop().catch((error: unknown) => {
        this.#parts.log('warn', `a task queue could not be left: ${String(error)}`);
      });
      this.#stopping = Promise.all([this.#stopping, stopped]);
    }
    for (const [key, at] of this.#shutDownAt) if (now - at > shutDownMs) this.#shutDownAt.delete(key);
  }
}

// A namespace has no line break: two pairs never make one key.
const keyOf = (namespace: string, name: string): string => `${namespace}\n${name}`;
