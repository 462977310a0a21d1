import { setTimeout as pause } from 'node:timers/promises';
import { epochMillis, executionKey, type CallbackRequest } from '@ratchet/domain';
import {
  beginProcess,
  deadLetter,
  readTrace,
  TaskConsumer,
  traceHeaders,
  traceOfLine,
  type Done,
  type InputRecord,
  type KafkaConnection,
  type Outbox,
  type OutputRecord,
  type TraceContext,
} from '@ratchet/kafka';
import { topics, UnreadableRecordError, type Codec } from '@ratchet/schemas';
import type { ServiceMetrics } from '@ratchet/service-kit';
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
  readonly metrics: Pick<ServiceMetrics, 'counter' | 'gauge'>;
}

/** How a try ended: 2xx; in vain, and it is tried again; or it is a dead letter now. */
type TryResult = 'told' | 'failed' | 'given-up';

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
  readonly #tries: { inc(labels: { readonly result: TryResult }): void };
  /** When the activities have ended whose callbacks are in hand here, waiting for their next try or not; by `performance.now()`. */
  readonly #endedAt = new Map<CallbackRequest, number>();

  constructor(parts: CallbacksReaderParts) {
    this.#parts = parts;
    const { metrics } = parts;
    this.#tries = metrics.counter('ratchet_callbacks_total', 'Callbacks that were tried, by how that ended', [
      'result',
    ]);
    metrics.gauge('ratchet_callback_wait_seconds', 'Since the end of the activity that waits longest to be told', () =>
      this.#waitSeconds(),
    );
    this.#consumers = [
      this.#consumer(topics.callbacks, windowMax),
      this.#consumer(topics.callbackRetries, retriesWindowMax),
    ];
  }

  async start(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.start()));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }

  #waitSeconds(): number {
    const now = performance.now();
    let earliest = now;
    for (const endedAt of this.#endedAt.values()) earliest = Math.min(earliest, endedAt);
    return (now - earliest) / 1_000;
  }

  #consumer(topic: string, window: number): TaskConsumer {
    const { connection, outbox, sessionTimeoutMs } = this.#parts;
    return new TaskConsumer({
      connection,
      groupId: groupOf(topic),
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
  async #handle(record: InputRecord, done: Done): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        const trace = await this.#settle(record);
        // Stopped on the way, it was not told: the next owner does it.
        if (!this.#stopped.signal.aborted) done(trace);
        return;
      } catch (error) {
        this.#say('warn', 'a callback waits', record, error);
        await pause(repeatMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** @returns the trace in which it is settled, if that has spans. */
  async #settle(record: InputRecord): Promise<TraceContext | undefined> {
    const request = await this.#read(record);
    if (request === undefined) return undefined;
    this.#endedAt.set(request, performance.now() - (record.timestampMs - request.closedAt));
    try {
      return await this.#settleRequest(record, request);
    } finally {
      this.#endedAt.delete(request);
    }
  }

  async #settleRequest(record: InputRecord, request: CallbackRequest): Promise<TraceContext | undefined> {
    const { signal } = this.#stopped;
    const waitMs = waitMsOf(record, request);
    if (waitMs > 0) await pause(Math.min(waitMs, waitMsMax), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
    const { connection, outbox } = this.#parts;
    const parent = readTrace(record.headers);
    if (waitMs > waitMsMax) {
      await outbox.send(this.#retry(record, request, parent));
      return undefined;
    }
    const span = beginProcess(connection, record, { group: groupOf(record.topic), about: request, parent });
    try {
      await this.#tell(record, request, span?.trace ?? parent);
    } finally {
      span?.end();
    }
    return span?.trace;
  }

  async #tell(record: InputRecord, request: CallbackRequest, trace: TraceContext | undefined): Promise<void> {
    const { sender, outbox } = this.#parts;
    const { namespace } = request.id;
    const end = await this.#turns.take(namespace);
    try {
      if (end === undefined) throw new SlowReceiversError(namespace);
      if (this.#stopped.signal.aborted) return;
      await sender.send(request, trace);
      this.#tries.inc({ result: 'told' });
    } catch (error) {
      // Cut off by our own leaving it says nothing of its receiver: whoever reads the record next tries it.
      if (this.#stopped.signal.aborted) return;
      this.#say(error instanceof SlowReceiversError ? 'debug' : 'warn', 'a callback was in vain', record, error);
      const next = this.#afterFailure(record, request, { error, trace });
      await outbox.send(next);
      this.#tries.inc({ result: next.topic === topics.callbackRetries ? 'failed' : 'given-up' });
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
      this.#tries.inc({ result: 'given-up' });
      return undefined;
    }
  }

  #afterFailure(
    record: InputRecord,
    request: CallbackRequest,
    { error, trace }: { readonly error: unknown; readonly trace: TraceContext | undefined },
  ): OutputRecord {
    const { backoffMs, retryMs } = this.#parts;
    const waitMs = Math.min(backoffMs * 2 ** Math.min(request.failedCount, 30), backoffMsMax);
    const notBefore = Math.max(record.timestampMs, request.notBefore ?? 0) + waitMs;
    if (isFinal(error) || notBefore > request.closedAt + retryMs) return deadLetter(record, reasonOf(error));
    const next = { ...request, failedCount: request.failedCount + 1, notBefore: epochMillis(notBefore) };
    return this.#retry(record, next, trace);
  }

  #retry(
    { partition, headers: former }: InputRecord,
    request: CallbackRequest,
    trace: TraceContext | undefined,
  ): OutputRecord {
    const value = this.#parts.codec.encodeCallbackRequest(request);
    const headers = trace === undefined ? former : { ...former, ...traceHeaders(trace) };
    return { topic: topics.callbackRetries, key: executionKey(request.id), partition, value, headers, about: request };
  }

  #say(level: 'debug' | 'warn', message: string, record: InputRecord, error: unknown): void {
    const { topic, partition, offset, headers, key } = record;
    const fields = { topic, partition, offset, key, ...traceOfLine(readTrace(headers)), error };
    this.#parts.connection.log(level, `${message}: ${reasonOf(error)}`, fields);
  }
}

const groupOf = (topic: string): string =>
  `ratchet-completion-gateway-${topic === topics.callbacks ? 'callbacks' : 'callback-retries'}`;

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
