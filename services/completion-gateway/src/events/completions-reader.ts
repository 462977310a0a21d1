import { setTimeout as pause } from 'node:timers/promises';
import {
  deadLetter,
  readTraceparent,
  TaskConsumer,
  traceparentHeader,
  type InputRecord,
  type KafkaConnection,
  type Log,
  type Outbox,
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
      groupId: 'ratchet-completion-gateway-completions',
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

  #queue(record: InputRecord, done: () => void): void {
    const key = record.key ?? `${String(record.partition)}:${String(record.offset)}`;
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(() => this.#handle(record, done));
    this.#tails.set(key, tail);
    void tail.then(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
  }

  /** Never rejects: what cannot be done now is tried until it can, or until this instance stops. */
  async #handle(record: InputRecord, done: () => void): Promise<void> {
    const { signal } = this.#stopped;
    for (let waitMs = retryMsMin; !signal.aborted; waitMs = Math.min(waitMs * 2, retryMsMax)) {
      try {
        await this.#carryOut(record);
        done();
        return;
      } catch (error) {
        this.#say('warn', 'a completion event waits', record, error);
        await pause(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Resolves when it is settled, one way or the other. */
  async #carryOut(record: InputRecord): Promise<void> {
    const { handler, outbox } = this.#parts;
    const traceparent = readTraceparent(record.headers[traceparentHeader]);
    try {
      await handler.carryOut(await handler.read(record), traceparent);
    } catch (error) {
      if (!isVerdict(error)) throw error;
      await outbox.send(deadLetter(record, error instanceof Error ? error.message : String(error)));
      this.#say('warn', 'a completion event went to the dead letters', record, error);
    }
  }

  #say(level: Parameters<Log>[0], message: string, { partition, offset }: InputRecord, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.#parts.connection.log(level, `${message}: ${reason}`, { topic: topics.completions, partition, offset });
  }
}

/** Whether trying again would end the same way. */
const isVerdict = (error: unknown): boolean =>
  isPoisonous(error) ||
  (error instanceof FrontDoorError && error.status !== 'UNAVAILABLE' && error.status !== 'RESOURCE_EXHAUSTED');
