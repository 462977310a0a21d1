import { setTimeout as pause } from 'node:timers/promises';
import { epochMillis, executionKey, type CallbackRequest } from '@ratchet/domain';
import {
  deadLetter,
  TaskConsumer,
  type InputRecord,
  type KafkaConnection,
  type Outbox,
  type OutputRecord,
} from '@ratchet/kafka';
import { topics, UnreadableRecordError, type Codec } from '@ratchet/schemas';
import { isFinal, type CallbackSender } from './callback-sender.ts';
import { CallbackTurns } from './callback-turns.ts';

export interface CallbacksReaderParts {
  readonly connection: KafkaConnection;
  readonly codec: Pick<Codec, 'decodeCallbackRequest' | 'encodeCallbackRequest'>;
  readonly outbox: Pick<Outbox, 'send'>;
  readonly sender: Pick<CallbackSender, 'send'>;
  readonly sessionTimeoutMs: number;
  /** After the first vain try; twice as long after each further one. */
  readonly backoffMs: number;
  /** Counted from the end of the activity. */
  readonly retryMs: number;
}

const backoffMsMax = 3_600_000;
/** How many callbacks of a partition are under way at once. */
const windowMax = 100;
/** Of those that wait for their next try: a timer each. */
const retriesWindowMax = 1000;
const repeatMs = 1_000;
/** What is due later than that makes room for what is behind it, and is written anew. */
const waitMsMax = 60_000;

/**
 * Tells URLs of outcomes, at least once. Nothing is kept here: a request stands in `ratchet.activity.callbacks` until it
 * was told; tried in vain it moves to `ratchet.activity.callbacks.retries` with the time of its next try, so that a
 * receiver that is down delays nobody else; and at last to the dead letters with the reason. What does not get its turn
 * because the receivers of its namespace are slow counts as tried in vain.
 */
export class CallbacksReader {
  readonly #parts: CallbacksReaderParts;
  readonly #consumers: readonly TaskConsumer[];
  readonly #turns = new CallbackTurns();
  readonly #stopped = new AbortController();

  constructor(parts: CallbacksReaderParts) {
    this.#parts = parts;
    this.#consumers = [
      this.#consumer('callbacks', topics.callbacks, windowMax),
      this.#consumer('callback-retries', topics.callbackRetries, retriesWindowMax),
    ];
  }

  async start(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.start()));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }

  #consumer(group: string, topic: string, window: number): TaskConsumer {
    const { connection, outbox, sessionTimeoutMs } = this.#parts;
    return new TaskConsumer({
      connection,
      groupId: `ratchet-completion-gateway-${group}`,
      topic,
      outbox,
      windowMax: window,
      sessionTimeoutMs,
      onRecord: (record, done) => {
        void this.#handle(record, done);
      },
    });
  }

  /** Never rejects: what cannot be settled now (no registry, no broker) is tried until it can. */
  async #handle(record: InputRecord, done: () => void): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#settle(record);
        // Stopped on the way, it was not told: the next owner does it.
        if (!this.#stopped.signal.aborted) done();
        return;
      } catch (error) {
        this.#say('warn', 'a callback waits', record, error);
        await pause(repeatMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #settle(record: InputRecord): Promise<void> {
    const request = await this.#read(record);
    if (request === undefined) return;
    const { signal } = this.#stopped;
    const waitMs = waitMsOf(record, request);
    if (waitMs > 0) await pause(Math.min(waitMs, waitMsMax), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (waitMs > waitMsMax) await this.#parts.outbox.send(this.#retry(record, request));
    else await this.#tell(record, request);
  }

  async #tell(record: InputRecord, request: CallbackRequest): Promise<void> {
    const { sender, outbox } = this.#parts;
    const { namespace } = request.id;
    const end = await this.#turns.take(namespace);
    try {
      if (end === undefined) throw new SlowReceiversError(namespace);
      if (!this.#stopped.signal.aborted) await sender.send(request);
    } catch (error) {
      // Cut off by our own leaving it says nothing of its receiver: whoever reads the record next tries it.
      if (this.#stopped.signal.aborted) return;
      this.#say(error instanceof SlowReceiversError ? 'debug' : 'warn', 'a callback was in vain', record, error);
      await outbox.send(this.#afterFailure(record, request, error));
    } finally {
      end?.();
    }
  }

  /** @returns nothing when it can never be read: it is dead-lettered then. */
  async #read(record: InputRecord): Promise<CallbackRequest | undefined> {
    const { codec, outbox } = this.#parts;
    try {
      return await codec.decodeCallbackRequest(record.value ?? Buffer.alloc(0));
    } catch (error) {
      if (!(error instanceof UnreadableRecordError)) throw error;
      await outbox.send(deadLetter(record, error.message));
      return undefined;
    }
  }

  #afterFailure(record: InputRecord, request: CallbackRequest, error: unknown): OutputRecord {
    const { backoffMs, retryMs } = this.#parts;
    const waitMs = Math.min(backoffMs * 2 ** Math.min(request.failedCount, 30), backoffMsMax);
    const notBefore = Math.max(record.timestampMs, request.notBefore ?? 0) + waitMs;
    if (isFinal(error) || notBefore > request.closedAt + retryMs) return deadLetter(record, reasonOf(error));
    return this.#retry(record, {
      ...request,
      failedCount: request.failedCount + 1,
      notBefore: epochMillis(notBefore),
    });
  }

  #retry({ partition, headers }: InputRecord, request: CallbackRequest): OutputRecord {
    const value = this.#parts.codec.encodeCallbackRequest(request);
    return { topic: topics.callbackRetries, key: executionKey(request.id), partition, value, headers };
  }

  #say(level: 'debug' | 'warn', message: string, { topic, partition, offset }: InputRecord, error: unknown): void {
    this.#parts.connection.log(level, `${message}: ${reasonOf(error)}`, { topic, partition, offset });
  }
}

class SlowReceiversError extends Error {
  override readonly name = 'SlowReceiversError';

  constructor(namespace: string) {
    super(`Expected to tell a receiver of an outcome, but those of namespace ${namespace} are slow`);
  }
}

/**
 * Until the next try, counted from now on by a clock that nobody can set: whoever reads the record late, after a restart,
 * waits for what was left when it was written, which is a minute at most.
 */
const waitMsOf = ({ timestampMs }: InputRecord, { notBefore }: CallbackRequest): number =>
  (notBefore ?? 0) - timestampMs;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
