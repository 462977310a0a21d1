import { setTimeout as pause } from 'node:timers/promises';
import {
  beginProcess,
  deadLetter,
  readTrace,
  TaskConsumer,
  traceOfLine,
  type Done,
  type InputRecord,
  type KafkaConnection,
  type Log,
  type Outbox,
  type TraceContext,
} from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { isPoisonous, type CompletionHandler } from './completion-handler.ts';

export interface CompletionsReaderParts {
  readonly connection: KafkaConnection;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly handler: CompletionHandler;
  readonly sessionTimeoutMs: number;
}

const group = 'ratchet-completion-gateway-completions';
const retryMsMin = 100;
const retryMsMax = 5_000;

/**
 * Reads `ratchet.activity.completions` and keeps nothing: an event is done when the log has answered for it, or when it
 * stands in the dead-letter topic with the reason. What was not done before a crash comes again, and counts once.
 *
 * Events of one key are carried out in their order, those of different keys beside each other; so whoever writes a
 * heartbeat and then a completion gives both the same key.
 */
export class CompletionsReader {
  readonly #parts: CompletionsReaderParts;
  readonly #consumer: TaskConsumer;
  readonly #stopped = new AbortController();
  /** The last event of each key that is under way. */
  readonly #tails = new Map<string, Promise<void>>();

  constructor(parts: CompletionsReaderParts) {
    this.#parts = parts;
    this.#consumer = new TaskConsumer({
      connection: parts.connection,
      groupId: group,
      topic: topics.completions,
      outbox: parts.outbox,
      sessionTimeoutMs: parts.sessionTimeoutMs,
      onRecord: (record, done) => {
        this.#queue(record, done);
      },
    });
  }

  get underWay(): number {
    return this.#consumer.underWay;
  }

  start(): Promise<void> {
    return this.#consumer.start();
  }

  /** Carries out nothing more, commits what is done, and leaves. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#consumer.stop();
  }

  #queue(record: InputRecord, done: Done): void {
    const key = record.key ?? `${String(record.partition)}:${String(record.offset)}`;
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(() => this.#handle(record, done));
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
  }

  /** Never rejects: what cannot be done now is tried until it can, or until this instance stops. */
  async #handle(record: InputRecord, done: Done): Promise<void> {
    const { signal } = this.#stopped;
    for (let waitMs = retryMsMin; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        done(await this.#carryOut(record));
        return;
      } catch (error) {
        this.#say('warn', 'a completion event waits', record, error);
        await pause(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** @returns the trace in which it is settled, one way or the other. */
  async #carryOut(record: InputRecord): Promise<TraceContext | undefined> {
    const { connection, handler, outbox } = this.#parts;
    const parent = readTrace(record.headers);
    const span = beginProcess(connection, record, { group, parent });
    // An event that names no trace belongs to that of its activity.
    const trace = span?.trace ?? parent;
    try {
      await handler.carryOut(await handler.read(record), parent === undefined ? undefined : trace);
      span?.end();
    } catch (error) {
      span?.end(error);
      if (!isVerdict(error)) throw error;
      await outbox.send(deadLetter(record, error instanceof Error ? error.message : String(error)));
      this.#say('warn', 'a completion event went to the dead letters', record, error);
    }
    return span?.trace;
  }

  #say(level: Parameters<Log>[0], message: string, record: InputRecord, error: unknown): void {
    const { partition, offset, key, headers } = record;
    const reason = error instanceof Error ? error.message : String(error);
    const fields = { topic: topics.completions, partition, offset, key, ...traceOfLine(readTrace(headers)), error };
    this.#parts.connection.log(level, `${message}: ${reason}`, fields);
  }
}

/** Whether trying again would end the same way. */
const isVerdict = (error: unknown): boolean =>
  isPoisonous(error) ||
  (error instanceof FrontDoorError && error.status !== 'UNAVAILABLE' && error.status !== 'RESOURCE_EXHAUSTED');
