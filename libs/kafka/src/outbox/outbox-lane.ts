import type { RecordMetadata } from 'kafkajs';
import type { KafkaClient, KafkaConnection } from '../cluster/connection.ts';
import { deadLetterPartitionHeader, deadLetterTopicHeader, isDeadLetter } from '../dead-letter.ts';
import { asDenied, deniedNamesOf, isDenied } from '../cluster/denied-rights.ts';
import { OperationalError } from '../errors.ts';
import { asError, failureKind } from '../kafkajs/kafka-error.ts';
import type { OutboxMetrics } from '../metrics.ts';
import {
  Acknowledgements,
  isEncodable,
  RequestCut,
  topicMessagesOf,
  type OutboxEntry,
  type RequestBounds,
} from './outbox-request.ts';
import { recordBytes, type SentRecord, type OutputRecord } from '../record.ts';
import { partitionFor } from './partitioner.ts';
import type { Producer } from '../cluster/prefixed.ts';
import { backoffMs, sleep, within } from '../waiting.ts';
import { producerRetry } from '../kafkajs/retry-options.ts';
import { readTrace, traceHeaders, traceOfLine } from '../tracing/trace-context.ts';
import { beginSend, endSend } from '../tracing/spans.ts';

export interface LaneOptions {
  readonly name: 'steady' | 'volatile';
  readonly connection: KafkaConnection;
  readonly bounds: RequestBounds;
  readonly metrics: OutboxMetrics;
  /** Makes a topic that is missing, and resolves once every broker knows it. */
  readonly ensureTopic?: (topic: string) => Promise<void>;
  /** @returns what is sent in place of a record that no broker takes; `undefined` when nothing is. */
  readonly replaceUnsendable: (record: OutputRecord, error: Error) => OutputRecord | undefined;
}

/** How long kafkajs may try to send one request, its own repetitions included; then it counts as failed. */
const sendMsMax = 60_000;
/** How long `close` waits for kafkajs to say goodbye. */
const disconnectMsMax = 1_000;

/** How long the records of a topic wait that this user may not write to, before it is tried again. */
const deniedRetryMs = 2_000;

/** How often a missing topic is asked for, with growing pauses, before its records count as unsendable. */
const topicTriesMax = 6;

/**
 * One idempotent producer and the records that wait for it.
 *
 * Sends what piled up while the previous request was in flight; never waits for more. One request at a time: an
 * idempotent producer has only one in flight per broker anyway, and a result can then be told apart from the next.
 * What fails is sent again, with growing pauses, for ever, in the same order per partition.
 */
export class OutboxLane {
  readonly #options: LaneOptions;
  #queue: OutboxEntry[] = [];
  #nextTicket = 0;
  #settledWaiters: SettledWaiter[] = [];
  /** By topic, while it is asked whether the topic is there. */
  readonly #waiting = new Map<string, OutboxEntry[]>();
  #client: KafkaClient | undefined;
  #producer: Producer | undefined;
  #keyless = 0;
  #running = false;
  #scheduled = false;
  #closed = false;
  #pendingBytes = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  /** Bytes that were added and are not yet acknowledged. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  add(record: OutputRecord, waiter?: OutboxEntry['waiter']): void {
    if (this.#closed) {
      waiter?.reject?.(closedError());
      return;
    }
    this.#queue.push(this.#entry(record, this.#nextTicket++, waiter));
    this.#schedule();
  }

  /**
   * Resolves once everything added so far is acknowledged, or was replaced by what is.
   *
   * @throws OperationalError RKT1201 (rejects) when the lane was closed before.
   */
  settled(): Promise<void> {
    if (!this.#running && this.#queue.length === 0 && this.#waiting.size === 0) return Promise.resolve();
    const ticket = this.#nextTicket;
    return new Promise((resolve, reject) => {
      this.#settledWaiters.push({ ticket, resolve, reject });
    });
  }

  /** Gives up what is not yet acknowledged. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entries of [this.#queue, ...this.#waiting.values()]) abandon(entries);
    this.#queue = [];
    this.#waiting.clear();
    for (const { reject } of this.#settledWaiters) reject(closedError());
    this.#settledWaiters = [];
    await Promise.race([this.#producer?.disconnect().catch(() => undefined), sleep(disconnectMsMax)]);
    this.#discardProducer();
  }

  #entry(given: OutputRecord, ticket: number, waiter: OutboxEntry['waiter']): OutboxEntry {
    const span = beginSend(this.#options.connection, given);
    const record =
      span === undefined ? given : { ...given, headers: { ...given.headers, ...traceHeaders(span.trace) } };
    const bytes = recordBytes(record);
    this.#pendingBytes += bytes;
    return { record, span, ticket, waiter, bytes, partition: 0, index: 0 };
  }

  /** Records that come in the same turn of the event loop travel together. */
  #schedule(): void {
    if (this.#running || this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    do {
      const entries = this.#cut();
      if (entries.length > 0) await this.#deliver(entries);
      this.#releaseSettled();
    } while (this.#queue.length > 0 && !this.#closed);
    this.#running = false;
  }

  /**
   * Takes as many entries from the front of the queue as one request may carry. Once a partition is full, its later
   * entries stay behind it, so that the order of each partition is kept.
   */
  #cut(): OutboxEntry[] {
    const { bounds } = this.#options;
    const request = new RequestCut(bounds);
    const kept: OutboxEntry[] = [];
    const queue = this.#queue;
    const scannedMax = Math.min(queue.length, 2 * bounds.requestRecordsMax);
    let scanned = 0;
    for (; scanned < scannedMax && !request.isFull; scanned++) {
      const entry = queue[scanned];
      if (entry !== undefined) this.#place(entry, request, kept);
    }
    this.#queue = kept.length === 0 ? queue.slice(scanned) : kept.concat(queue.slice(scanned));
    return request.entries;
  }

  #place(entry: OutboxEntry, request: RequestCut, kept: OutboxEntry[]): void {
    const { connection, bounds } = this.#options;
    const { recordBytesMax } = bounds;
    const { topic } = entry.record;
    const waiting = this.#waiting.get(topic);
    const partitions = connection.partitionCounts.known(topic);
    if (waiting !== undefined || partitions === undefined) {
      if (waiting === undefined) void this.#awaitTopic(topic, [entry]);
      else waiting.push(entry);
      return;
    }
    const partition = this.#partitionOf(entry.record, partitions);
    if (partition instanceof Error) this.#refuse(entry, partition, kept);
    else if (!isEncodable(entry.record)) this.#refuse(entry, notBytes(connection.realName(topic)), kept);
    else if (entry.bytes > recordBytesMax)
      this.#refuse(entry, tooLarge(connection.realName(topic), entry.bytes, recordBytesMax), kept);
    else if (!request.take(entry, partition)) kept.push(entry);
  }

  #partitionOf({ topic, partition, key, turns }: OutputRecord, partitions: number): number | Error {
    if (partition !== undefined) {
      // Trap: kafkajs sends nothing for a partition that its metadata does not name, and reports success.
      if (Number.isSafeInteger(partition) && partition >= 0 && partition < partitions) return partition;
      return noPartition(this.#options.connection.realName(topic), partition, partitions);
    }
    return key === null ? this.#keyless++ % partitions : partitionFor(key, partitions, turns);
  }

  /**
   * Records of a topic that is not there would fail the whole request, so only those of known topics are cut. Those of all
   * others wait, each for its own topic; nobody waits for another's.
   */
  async #awaitTopic(topic: string, entries: OutboxEntry[]): Promise<void> {
    this.#waiting.set(topic, entries);
    const error = await this.#resolveTopic(topic);
    // Then they are abandoned already.
    if (this.#closed) return;
    this.#waiting.delete(topic);
    if (error === undefined) this.#putBack(entries);
    else if (isDenied(error)) this.#awaitRight(topic, entries, error);
    else this.#refuseAll(entries, error);
    this.#schedule();
  }

  /** Somebody may grant the rights at any time: nothing is lost meanwhile, and nobody waits who sends elsewhere. */
  #awaitRights(entries: readonly OutboxEntry[], error: Error): void {
    const { connection } = this.#options;
    const denied = new Set(deniedNamesOf(error));
    for (const [topic, ofTopic] of Map.groupBy(entries, ({ record }) => record.topic)) {
      const name = connection.realName(topic);
      const asked = { topic: { operation: 'Write', name } };
      if (denied.size === 0 || denied.has(name)) this.#awaitRight(topic, ofTopic, asDenied(error, asked));
      else this.#putBack(ofTopic);
    }
  }

  /** Whoever waits for an answer is told at once; a dead letter has no further place to go; all else waits. */
  #awaitRight(topic: string, entries: readonly OutboxEntry[], error: Error): void {
    const { connection, metrics } = this.#options;
    connection.deniedRights.note(error, 'what is to be written there waits');
    const patient = entries.filter(({ record, waiter, bytes, span }) => {
      if (waiter?.reject === undefined && !isDeadLetter(record)) return true;
      this.#pendingBytes -= bytes;
      span?.end(error);
      metrics.unsendable?.(topic, error);
      waiter?.reject?.(error);
      return false;
    });
    if (patient.length === 0) return;
    this.#waiting.set(topic, patient.concat(this.#waiting.get(topic) ?? []));
    void sleep(deniedRetryMs).then(() => {
      const waiting = this.#waiting.get(topic);
      if (this.#closed || waiting === undefined) return;
      this.#waiting.delete(topic);
      this.#putBack(waiting);
      this.#schedule();
    });
  }

  /** @returns why the topic cannot be had. */
  async #resolveTopic(topic: string): Promise<Error | undefined> {
    const { connection, ensureTopic } = this.#options;
    let error: Error | undefined;
    for (let attempt = 0, misses = 0; misses < topicTriesMax && !this.#closed; attempt++) {
      if (attempt > 0) await sleep(backoffMs(attempt));
      let isMaking = misses > 0;
      try {
        if (isMaking) await ensureTopic?.(topic);
        isMaking = false;
        await connection.partitionCounts.of(topic);
        return undefined;
      } catch (caught) {
        error = asError(caught);
        // Whoever may not make it does without.
        if (isDenied(error) && !isMaking) return error;
        // A broker that does not answer says nothing about the topic: go on asking.
        if (isOfTheTopic(error)) misses++;
        connection.log('warn', `outbox: topic ${connection.realName(topic)} is not there: ${error.message}`, {
          topic,
          attempt,
          error,
        });
      }
    }
    return error;
  }

  /** @returns whether all were sent; `false` when some are back in the queue. */
  async #deliver(entries: readonly OutboxEntry[]): Promise<boolean> {
    let left = entries;
    for (let attempt = 0; !this.#closed; attempt++) {
      const failure = await this.#send(left);
      if (failure === undefined) return true;
      this.#discardProducer();
      left = failure.left;
      const kind = failureKind(failure.error);
      if (kind === 'denied') {
        this.#options.metrics.sendFailed?.(this.#options.name, failure.error);
        this.#awaitRights(left, failure.error);
        return false;
      }
      this.#report(failure.error, attempt);
      if (kind === 'refused') return this.#isolate(left, failure.error);
      await sleep(backoffMs(attempt));
      if (kind === 'unknown-topic') {
        this.#askForTopicsAgain(left);
        return false;
      }
    }
    abandon(left);
    return false;
  }

  /** @returns what is left of the entries when not all were acknowledged. */
  async #send(entries: readonly OutboxEntry[]): Promise<{ left: readonly OutboxEntry[]; error: Error } | undefined> {
    const startedAt = performance.now();
    let acknowledged: Acknowledgements;
    try {
      const sending = this.#sendBatch(entries);
      acknowledged = new Acknowledgements(await within(sendMsMax, 'a send to be acknowledged', sending));
    } catch (error) {
      return { left: entries, error: asError(error) };
    }
    let bytes = 0;
    const left = entries.filter((entry) => {
      const complete = this.#complete(entry, acknowledged.of(entry));
      if (complete) bytes += entry.bytes;
      return !complete;
    });
    const records = entries.length - left.length;
    this.#options.metrics.sent?.(this.#options.name, { records, bytes, durationMs: performance.now() - startedAt });
    return left.length === 0 ? undefined : { left, error: halfSent(left.length, entries.length) };
  }

  async #sendBatch(entries: readonly OutboxEntry[]): Promise<RecordMetadata[]> {
    const producer = await this.#connectedProducer();
    return producer.sendBatch({ acks: -1, topicMessages: topicMessagesOf(entries) });
  }

  #complete(entry: OutboxEntry, sent: SentRecord | undefined): boolean {
    if (sent === undefined) return false;
    this.#pendingBytes -= entry.bytes;
    if (entry.span !== undefined) endSend(entry.span, sent);
    if (isDeadLetter(entry.record)) this.#countDeadLetter(entry.record);
    entry.waiter?.resolve(sent);
    return true;
  }

  #countDeadLetter({ topic, headers = {} }: OutputRecord): void {
    const { [deadLetterTopicHeader]: from = topic, [deadLetterPartitionHeader]: partition } = headers;
    this.#options.metrics.deadLettered?.(String(from), partition === undefined ? undefined : String(partition));
  }

  /** A refusal names no record, so the request is halved until a single one stands alone with it. */
  async #isolate(entries: readonly OutboxEntry[], error: Error): Promise<boolean> {
    if (entries.length === 1) return this.#refuseAll(entries, error);
    const middle = Math.ceil(entries.length / 2);
    const first = await this.#deliver(entries.slice(0, middle));
    if (first) return this.#deliver(entries.slice(middle));
    // The first half is back in the queue: the second must not overtake it.
    this.#putBack(entries.slice(middle));
    return false;
  }

  /** @returns `false` when replacements are in the queue. */
  #refuseAll(entries: readonly OutboxEntry[], error: Error): boolean {
    const replaced: OutboxEntry[] = [];
    for (const entry of entries) this.#refuse(entry, error, replaced);
    this.#putBack(replaced);
    return replaced.length === 0;
  }

  /** The replacement takes the place of the record in the queue, so `settled` waits for it too. */
  #refuse(entry: OutboxEntry, error: Error, queue: OutboxEntry[]): void {
    const { replaceUnsendable, metrics, connection } = this.#options;
    const { record, waiter, ticket, span } = entry;
    this.#pendingBytes -= entry.bytes;
    span?.end(error);
    metrics.unsendable?.(record.topic, error);
    if (waiter?.reject !== undefined) {
      waiter.reject(error);
      return;
    }
    connection.log('error', `outbox: a record cannot be sent: ${error.message}`, {
      topic: record.topic,
      key: record.key,
      ...traceOfLine(readTrace(record.headers ?? {})),
      error,
    });
    const replacement = replaceUnsendable(record, error);
    if (replacement !== undefined) queue.push(this.#entry(replacement, ticket, undefined));
  }

  #askForTopicsAgain(entries: readonly OutboxEntry[]): void {
    for (const { record } of entries) {
      this.#options.connection.partitionCounts.forget(record.topic);
    }
    this.#putBack(entries);
  }

  /** Tickets tell the order in which records were added, which is the order they are sent in and settle in. */
  #putBack(entries: readonly OutboxEntry[]): void {
    if (entries.length > 0) this.#queue = entries.concat(this.#queue).sort((a, b) => a.ticket - b.ticket);
  }

  async #connectedProducer(): Promise<Producer> {
    if (this.#producer !== undefined) return this.#producer;
    const client = this.#options.connection.createClient();
    this.#client = client;
    const producer = client.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      retry: producerRetry,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    await producer.connect();
    // Closed meanwhile: nobody else would cut it off.
    if (this.#closed) {
      client.cut();
      throw closedError();
    }
    this.#producer = producer;
    return producer;
  }

  /**
   * Trap: a failed send rewinds kafkajs's sequence numbers under the same producer epoch. Sent again in another cut,
   * the records could be taken for the ones already written, and be dropped. A new producer cannot be confused.
   */
  #discardProducer(): void {
    this.#producer = undefined;
    this.#client?.cut();
    this.#client = undefined;
  }

  #report(error: Error, attempt: number): void {
    const { name, metrics, connection } = this.#options;
    metrics.sendFailed?.(name, error);
    connection.log('warn', `outbox: a send of the ${name} lane failed: ${error.message}`, { attempt, error });
  }

  #releaseSettled(): void {
    if (this.#settledWaiters.length === 0) return;
    let settledBelow = this.#queue[0]?.ticket ?? this.#nextTicket;
    for (const entries of this.#waiting.values())
      for (const { ticket } of entries) settledBelow = Math.min(settledBelow, ticket);
    this.#settledWaiters = this.#settledWaiters.filter(({ ticket, resolve }) => {
      if (ticket > settledBelow) return true;
      resolve();
      return false;
    });
  }
}

interface SettledWaiter {
  readonly ticket: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

function abandon(entries: readonly OutboxEntry[]): void {
  for (const { waiter, span } of entries) {
    span?.end(closedError());
    waiter?.reject?.(closedError());
  }
}

/** It is not there, or can never be. */
const isOfTheTopic = (error: Error): boolean =>
  failureKind(error) === 'refused' ||
  (error instanceof OperationalError && (error.code === 'RKT1004' || !error.retryable));

/** A topic has fewer partitions than its record believes. */
export const noPartition = (topic: string, partition: number, partitions: number): OperationalError =>
  new OperationalError(
    `Expected to send to partition ${String(partition)} of ${topic}, but it has ${String(partitions)}`,
    'RKT1004',
    false,
  );

/** No topic takes it. */
export const tooLarge = (topic: string, bytes: number, recordBytesMax: number): OperationalError =>
  new OperationalError(
    `Expected to send a record to ${topic}, but it takes ${String(bytes)} bytes, ` +
      `and a record may take ${String(recordBytesMax)}`,
    'RKT1006',
    false,
  );

/** Not what its type says. */
export const notBytes = (topic: string): OperationalError =>
  new OperationalError(`Expected to send bytes to ${topic}, but value, key or a header is none`, 'RKT1006', false);

/** kafkajs says that all is written, and the answers do not. */
export const halfSent = (leftCount: number, sentCount: number): OperationalError =>
  new OperationalError(
    `Expected to have ${String(sentCount)} records acknowledged, but the brokers' answers do not name the partitions ` +
      `of ${String(leftCount)} of them`,
    'RKT1007',
    true,
  );

/** Nobody will send it. */
export const closedError = (): OperationalError =>
  new OperationalError('Expected to send a record, but the outbox is closed', 'RKT1201', false);
