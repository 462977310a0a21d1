import {
  checkTaskQueue,
  partitionKey,
  priorityLevel,
  type Command,
  type ExecutionId,
  type KnownOfRun,
  type LargePart,
  type Query,
  type Refusal,
  type Reply,
  type ReplyAddress,
  type RunId,
} from '@ratchet/domain';
import {
  OperationalError,
  TransientMap,
  partitionFor,
  traceHeaders,
  type Outbox,
  type OutputRecord,
  type TraceContext,
  type Tracing,
} from '@ratchet/kafka';
import { topics, type Codec } from '@ratchet/schemas';
import { AnnouncedOutcomes } from './announced-outcomes.ts';
import { DeadlineClock } from './deadline-clock.ts';
import { endedBy, reasonOf } from './ended-by.ts';
import { Exchange, type ExchangeCarrier, type ExchangePlan, type NextQuestion } from './exchange.ts';
import { isOutcome, ofLife, outcomePauses, OutcomeWaits } from './outcome-wait.ts';
import { repetitions, type Repetition } from './repetition.ts';
import type { CountedRequest, RequestMetrics } from './request-metrics.ts';

type WithoutReplyTo<C> = C extends Command ? Omit<C, 'replyTo'> : never;
/** A command to an activity or a run as its sender knows it: where the answer goes is the channel's matter. */
export type CommandDraft = WithoutReplyTo<Extract<Command, { readonly target: ExecutionId } | { readonly run: RunId }>>;
export type CommandDraftOf<T extends CommandDraft['type']> = Extract<CommandDraft, { readonly type: T }>;

type WithoutSeenOffset<Q> = Q extends Query ? Omit<Q, 'seenOffset'> : never;
type QueryDraft = WithoutSeenOffset<Query>;

type BodyOf<T extends Reply['body']['type']> = Extract<Reply['body'], { readonly type: T }>;
type ReplyOf<T extends Reply['body']['type']> = Reply & { readonly body: BodyOf<T> };
export type CommandReply = ReplyOf<'Accepted' | 'Refused'>;
export type OutcomeReply = ReplyOf<'OutcomeReached' | 'Refused'>;
export type DescribeReply = ReplyOf<'Described' | 'Refused'>;
export type RunReply = ReplyOf<'RunDescribed' | 'Refused'>;
/** Sent without being asked for, to the worker that runs an attempt. */
export type CancelNotice = BodyOf<'CancelNotice'>;

export interface RequestChannelParts {
  readonly outbox: Pick<Outbox, 'send'>;
  readonly codec: Pick<Codec, 'encodeCommand' | 'encodeQuery'>;
  /** How long the prefix of topics is: task queues have so much less for their names. 0 when absent. */
  readonly prefixLength?: number;
  /** How many partitions commands and queries have. */
  readonly partitions: number;
  /** Where this instance listens. Addresses that go on with `/` are its own too. */
  readonly replyTo: ReplyAddress;
  readonly tracing: Tracing;
  /** Absent: nothing is counted. */
  readonly metrics?: RequestMetrics | undefined;
  /** How long to wait for an answer. */
  readonly requestTimeoutMs: number;
}

export interface RequestOptions {
  /** The trace to go on with; default: the active one, and where there is none, the record begins one. */
  readonly trace?: TraceContext | undefined;
  /** Sends the same command again as long as no answer comes: only for what may be decided twice without harm. */
  readonly repetition?: Repetition;
  /** Default: as the channel was made. */
  readonly timeoutMs?: number;
}

export interface AwaitOptions extends Pick<RequestOptions, 'trace'> {
  /** Ends the wait: it rejects with the signal's reason, and nothing of it stays behind here. */
  readonly signal?: AbortSignal | undefined;
}

interface DescribeOptions extends Pick<RequestOptions, 'trace'> {
  readonly without?: readonly LargePart[];
}

export interface AwaitOutcomeOptions extends AwaitOptions {
  /** Which life of the id is meant: the offset of its Schedule. Default: whichever there is. */
  readonly scheduleOffset?: number;
}

/**
 * Appends commands and questions, and brings back their answers.
 *
 * A command is durable once the broker has it; a missing answer means only that nobody knows yet. A question carries the
 * last offset that this channel has seen decided in its partition, so whoever writes and then asks sees what it wrote.
 */
export class RequestChannel {
  readonly #parts: RequestChannelParts;
  readonly #clock = new DeadlineClock();
  /** By request id, or by address where an exchange has one of its own. */
  readonly #open = new TransientMap<string, Exchange>();
  readonly #announced = new AnnouncedOutcomes();
  readonly #outcomeWaits = new OutcomeWaits({
    begin: (plan) => this.#begin(plan),
    ownAddress: () => this.#ownAddress(),
    questionRecord: (query, trace) => this.#queryRecord(query, query.target, { trace }),
  });
  readonly #seenOffsets = new Map<number, number>();
  readonly #noticeListeners = new Set<(notice: CancelNotice) => void>();
  readonly #carrier: ExchangeCarrier;
  #ownAddresses = 0;
  #closed = false;

  constructor(parts: RequestChannelParts) {
    this.#parts = parts;
    this.#carrier = {
      send: (record, exchange) => this.#send(record, exchange),
      close: (exchange) => this.#close(exchange),
    };
  }

  /** Where this instance listens: by it a worker is found that runs an attempt. */
  get replyTo(): ReplyAddress {
    return this.#parts.replyTo;
  }

  /** How long the prefix of topics is. */
  get prefixLength(): number {
    return this.#parts.prefixLength ?? 0;
  }

  /**
   * Appends a command and waits for what was decided. Its `requestId` is the sender's own and new. What names a task queue
   * that has no room beside the prefix is refused here: the log knows no prefix.
   *
   * @throws OperationalError (rejects): RKT1201 when no answer came in time (the command may still be decided), RKT1006
   * when it is larger than a record may be.
   */
  request(command: CommandDraft, options: RequestOptions = {}): Promise<CommandReply> {
    return this.#request(command, this.replyTo, command.requestId, options);
  }

  /** As `request`, for a command whose `requestId` is someone else's choice and may be in use for another activity. */
  requestApart(command: CommandDraft, options: RequestOptions = {}): Promise<CommandReply> {
    const replyTo = this.#ownAddress();
    return this.#request(command, replyTo, replyTo.address, options);
  }

  /**
   * Appends a Schedule and waits for its answer, as `requestApart`. The outcome of what it begins comes unasked: an
   * `awaitOutcome` of that run that follows soon needs no question.
   */
  requestStart(schedule: CommandDraftOf<'Schedule'>, options: RequestOptions = {}): Promise<CommandReply> {
    const { target } = schedule;
    const replyTo = this.#addressOfRun(target);
    this.#announced.expect(replyTo.address, target);
    const command = { ...schedule, awaitOutcome: true, acknowledge: true };
    return this.#request(command, replyTo, replyTo.address, options);
  }

  /**
   * Appends a Schedule and waits for the outcome, without a further question on the way while all goes well.
   *
   * @returns the outcome, or the refusal of the Schedule.
   * @throws OperationalError as `request`; once accepted, only after two minutes of silence.
   */
  requestOutcome(schedule: CommandDraftOf<'Schedule'>, { signal, trace }: AwaitOptions = {}): Promise<OutcomeReply> {
    const replyTo = this.#ownAddress();
    const { target, requestId } = schedule;
    const refused = this.#refused(schedule);
    if (refused !== undefined) return Promise.resolve(refused);
    let writtenOffset: number | undefined;
    const question = (of: ExecutionId, ofThisLife = true): OutputRecord => {
      const query = { type: 'AwaitOutcome', target: of, requestId, replyTo } as const;
      // Of a run's activity the life that this Schedule began is meant: its id may soon be another's, if it may be reused.
      const isOneOfMany = target.workflowId !== '' && schedule.idReusePolicy !== 'reject-duplicate';
      const scheduleOffset = isOneOfMany && ofThisLife ? writtenOffset : undefined;
      return this.#queryRecord(ofLife(query, scheduleOffset), of, { writtenOffset, trace });
    };
    const decided = this.#exchange<OutcomeReply | CommandReply>(
      {
        id: replyTo.address,
        counted: countedAs(schedule, true),
        what: whatOf(schedule),
        record: this.#commandRecord({ ...schedule, awaitOutcome: true }, replyTo, trace),
        onWritten: (offset) => {
          writtenOffset = offset;
        },
        // A new execution is answered by its outcome alone. A question that overtook its Schedule would find nothing.
        repeatRecord: () => (writtenOffset === undefined ? undefined : question(target)),
        ...outcomePauses,
        silenceMsMax: this.#parts.requestTimeoutMs,
        isAnswer: (body) => isOutcome(body) || runThatWasThere(target, body) !== undefined,
        goOn: ({ body }) => awaitScheduled(schedule, body, question),
      },
      signal,
    );
    return decided.then((reply) => {
      const runId = runThatWasThere(target, reply.body);
      // `isAnswer` let nothing else through.
      return runId === undefined ? (reply as OutcomeReply) : this.awaitOutcome({ ...target, runId }, { signal, trace });
    });
  }

  /**
   * Waits until the activity is closed. An empty run id means the latest run. However many wait here for the same, the
   * log is asked once.
   *
   * @returns the outcome, or the refusal when there is no such activity.
   * @throws OperationalError (rejects) RKT1201 after two minutes of silence.
   */
  awaitOutcome(
    target: ExecutionId,
    { signal, scheduleOffset, trace }: AwaitOutcomeOptions = {},
  ): Promise<OutcomeReply> {
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    const ofRun = this.#addressOfRun(target);
    const announced = this.#announced.take(ofRun.address, target);
    // `AnnouncedOutcomes` keeps nothing else.
    if (announced?.outcome !== undefined) return Promise.resolve(announced.outcome as OutcomeReply);
    // `isOutcome` let nothing else through.
    return this.#outcomeWaits.join(
      { target, scheduleOffset, trace },
      announced && ofRun,
      signal,
    ) as Promise<OutcomeReply>;
  }

  /**
   * @param options which large parts are left out of the answer.
   * @throws OperationalError (rejects) RKT1201 when no answer came in time.
   */
  describe(
    target: ExecutionId,
    requestId: string,
    { without = [], trace }: DescribeOptions = {},
  ): Promise<DescribeReply> {
    return this.#exchange<DescribeReply>({
      id: requestId,
      counted: { namespace: target.namespace, operation: 'Describe', isLong: false },
      what: `the description of activity '${target.activityId}'`,
      record: this.#queryRecord({ type: 'Describe', target, requestId, replyTo: this.replyTo, without }, target, {
        trace,
      }),
      repetition: repetitions.description,
      silenceMsMax: this.#parts.requestTimeoutMs,
      isAnswer: ({ type }) => type === 'Described' || type === 'Refused',
    });
  }

  /**
   * Waits for news of a run: another status than is known, or signals beyond those that are. An empty run id means the
   * latest run.
   *
   * @returns the news, or the refusal when there is no such run (any more).
   * @throws OperationalError (rejects) RKT1201 after two minutes of silence.
   */
  awaitRun(run: RunId, known: KnownOfRun, { signal, trace }: AwaitOptions = {}): Promise<RunReply> {
    const replyTo = this.#ownAddress();
    const { address } = replyTo;
    const query = { type: 'AwaitRun', run, known, requestId: address, replyTo } as const;
    return this.#exchange<RunReply>(
      {
        id: address,
        counted: { namespace: run.namespace, operation: 'AwaitRun', isLong: true },
        what: `news of workflow '${run.workflowId}'`,
        record: this.#queryRecord(query, { ...run, activityId: '' }, { trace }),
        ...outcomePauses,
        repetition: repetitions.runNews,
        isAnswer: ({ type }) => type === 'RunDescribed' || type === 'Refused',
      },
      signal,
    );
  }

  /** @returns a function that ends it. */
  onCancelNotice(listener: (notice: CancelNotice) => void): () => void {
    this.#noticeListeners.add(listener);
    return () => void this.#noticeListeners.delete(listener);
  }

  /** A reply has come to an address of this instance. One that nobody waits for any more is dropped. */
  receive(reply: Reply): void {
    if (reply.body.type === 'CancelNotice') {
      for (const listener of this.#noticeListeners) listener(reply.body);
      return;
    }
    const exchange = this.#open.get(reply.address === this.replyTo.address ? reply.requestId : reply.address);
    if (exchange === undefined) {
      this.#announced.receive(reply);
      return;
    }
    const { partition } = exchange;
    this.#seenOffsets.set(partition, Math.max(reply.offset, this.#seenOffset(partition)));
    exchange.receive(reply);
  }

  /** Whoever still waits gets an OperationalError RKT1201. */
  close(): void {
    this.#closed = true;
    for (const exchange of [...this.#open.values()]) exchange.fail(closedError(exchange.plan.what));
    this.#clock.close();
  }

  #request(command: CommandDraft, replyTo: ReplyAddress, id: string, options: RequestOptions): Promise<CommandReply> {
    const { repetition, timeoutMs = this.#parts.requestTimeoutMs, trace } = options;
    const refused = this.#refused(command);
    if (refused !== undefined) return Promise.resolve(refused);
    if (command.type === 'Delete') this.#announced.forget();
    return this.#exchange<CommandReply>({
      id,
      counted: countedAs(command, false),
      what: whatOf(command),
      record: this.#commandRecord(command, replyTo, trace),
      repetition,
      silenceMsMax: timeoutMs,
      isAnswer: isDecision,
    });
  }

  /** Nothing of it is written. */
  #refused(command: CommandDraft): ReplyOf<'Refused'> | undefined {
    const refusal = this.prefixLength === 0 ? undefined : queueRefusal(command, this.prefixLength);
    if (refusal === undefined) return undefined;
    return { ...this.replyTo, requestId: command.requestId, offset: -1, body: { type: 'Refused', refusal } };
  }

  #exchange<R extends Reply>(plan: ExchangePlan, signal?: AbortSignal): Promise<R> {
    if (signal?.aborted === true) return Promise.reject(reasonOf(signal));
    const exchange = this.#begin(plan);
    // `isAnswer` let nothing else through.
    const answer = exchange.answer as Promise<R>;
    return signal === undefined ? answer : endedBy(signal, exchange, answer);
  }

  #begin(plan: ExchangePlan): Exchange {
    const exchange = new Exchange(plan, this.#carrier);
    if (plan.counted !== undefined) this.#parts.metrics?.begin(plan.counted, exchange.answer);
    if (this.#closed) exchange.fail(closedError(plan.what));
    else if (this.#open.has(plan.id))
      exchange.fail(new Error(`Expected a request id of its own, but '${plan.id}' is in use`));
    else {
      this.#open.set(plan.id, exchange);
      exchange.start(performance.now());
      this.#clock.add(exchange);
    }
    return exchange;
  }

  #ownAddress(): ReplyAddress {
    const { partition, address } = this.replyTo;
    return { partition, address: `${address}/${String(this.#ownAddresses++)}` };
  }

  /** Of the run that a Schedule of this instance begins: run ids are made by chance, so it is used by no other. */
  #addressOfRun({ runId }: ExecutionId): ReplyAddress {
    const { partition, address } = this.replyTo;
    return { partition, address: `${address}/${runId}` };
  }

  #seenOffset(partition: number): number {
    return this.#seenOffsets.get(partition) ?? -1;
  }

  #commandRecord(command: CommandDraft, replyTo: ReplyAddress, trace?: TraceContext): OutputRecord {
    const value = this.#parts.codec.encodeCommand({ ...command, replyTo });
    const target = 'run' in command ? { ...command.run, activityId: '' } : command.target;
    return this.#record({ topic: topics.commands, ...this.#placeOf(target), value }, command, trace);
  }

  #queryRecord(
    query: QueryDraft,
    target: ExecutionId,
    { writtenOffset = -1, trace }: { readonly writtenOffset?: number | undefined } & Pick<RequestOptions, 'trace'> = {},
  ): OutputRecord {
    const place = this.#placeOf(target);
    const seenOffset = Math.max(writtenOffset, this.#seenOffset(place.partition));
    const value = this.#parts.codec.encodeQuery({ ...query, seenOffset });
    return this.#record({ topic: topics.queries, ...place, value }, query, trace);
  }

  #placeOf(target: ExecutionId): { readonly key: string; readonly partition: number } {
    const key = partitionKey(target);
    return { key, partition: partitionFor(key, this.#parts.partitions) };
  }

  #record(record: OutputRecord, about: object, trace = this.#parts.tracing.current()): OutputRecord {
    if (trace !== undefined) return { ...record, headers: traceHeaders(trace), about };
    return this.#parts.tracing.isOn ? { ...record, about, span: 'root' } : record;
  }

  #send(record: OutputRecord, exchange: Exchange): void {
    this.#parts.outbox.send(record).then(
      ({ offset }) => {
        exchange.written(record, offset);
      },
      (error: unknown) => {
        exchange.fail(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }

  #close(exchange: Exchange): void {
    if (this.#open.get(exchange.plan.id) === exchange) this.#open.delete(exchange.plan.id);
    this.#clock.remove(exchange);
  }
}

/** Why no activity of it could ever be sent, where it names a queue. */
function queueRefusal(command: CommandDraft, prefixLength: number): Refusal | undefined {
  if (command.type !== 'Schedule' && command.type !== 'UpdateOptions') return undefined;
  const { taskQueue, priorityKey } = command.options;
  if (taskQueue === undefined) return undefined;
  const level = priorityKey === undefined ? undefined : priorityLevel(priorityKey);
  return checkTaskQueue(command.target.namespace, taskQueue, level, prefixLength);
}

const isDecision = ({ type }: Reply['body']): boolean => type === 'Accepted' || type === 'Refused';

/** What is asked once the Schedule was accepted. */
function awaitScheduled(
  { target }: CommandDraftOf<'Schedule'>,
  body: Reply['body'],
  question: (of: ExecutionId, ofThisLife: boolean) => OutputRecord,
): NextQuestion | undefined {
  const scheduled = scheduledIn(body);
  if (scheduled === undefined) return undefined;
  const { runId, started } = scheduled;
  const ofRun = target.workflowId === '' ? { ...target, runId } : target;
  return {
    // The life of one that was there began with another Schedule.
    record: () => question(ofRun, started),
    ...outcomePauses,
    // An execution that was there before may be closed already, and then nobody tells us unasked.
    atOnce: !started,
  };
}

/** The run of a standalone activity that a Schedule did not begin, and whose outcome others here may wait for. */
function runThatWasThere({ workflowId }: ExecutionId, body: Reply['body']): string | undefined {
  const scheduled = workflowId === '' ? scheduledIn(body) : undefined;
  return scheduled?.started === false ? scheduled.runId : undefined;
}

/** Which run it is, and whether it is a new one: told by the answer to the Schedule, or to a question asked later. */
const scheduledIn = (body: Reply['body']): { readonly runId: string; readonly started: boolean } | undefined => {
  if (body.type === 'OutcomePending') return { runId: body.runId, started: true };
  return body.type === 'Accepted' && body.answer.type === 'Scheduled' ? body.answer : undefined;
};

const countedAs = (command: CommandDraft, isLong: boolean): CountedRequest => ({
  namespace: 'run' in command ? command.run.namespace : command.target.namespace,
  operation: command.type,
  isLong,
});

const whatOf = (command: CommandDraft): string =>
  'run' in command
    ? `the answer to ${command.type} of workflow '${command.run.workflowId}'`
    : `the answer to ${command.type} of activity '${command.target.activityId}'`;

const closedError = (what: string): OperationalError =>
  new OperationalError(`Expected to get ${what}, but the connection was closed`, 'RKT1201', false);
