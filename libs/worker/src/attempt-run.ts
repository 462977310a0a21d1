import { randomUUID } from 'node:crypto';
import { blobBytesMax, payloadsBytes, type ActivityTask, type EpochMillis, type Payloads } from '@ratchet/domain';
import {
  ApplicationFailure,
  attemptOf,
  encodePayloads,
  payloadsToValues,
  type CommandReply,
  type Due,
  type TaskToken,
} from '@ratchet/protocol';
import { activityInfo } from './activity-info.ts';
import type { LogFields } from './activity-log.ts';
import { endOfThrown, type AttemptEnd } from './attempt-end.ts';
import { attemptReport, type AttemptReport } from './attempt-report.ts';
import { Cancellation, type CancelReason } from './cancellation.ts';
import { Context } from './context.ts';
import { heartbeatIntervalMs, HeartbeatThrottle } from './heartbeat-throttle.ts';
import type { WorkerTools } from './worker-tools.ts';

/** An attempt that was granted to this worker. */
export interface GrantedAttempt {
  readonly task: ActivityTask;
  readonly token: TaskToken;
  readonly startedAt: EpochMillis;
  readonly traceparent: string | undefined;
}

/** A report that hears nothing is sent again: the first one in the log counts, so this does no harm. */
const reportRepeatMs = 10_000;
const heartbeatTimeoutMsDefault = 30_000;

/**
 * One attempt, from the grant to the report.
 *
 * It stops waiting when a limit of the attempt passes (semantics section 1.4): the log will say the same, so whatever
 * the function gives later is not reported. An activity without heartbeats in time is one whose last answered
 * heartbeat (or its start) is longer ago than the heartbeat timeout.
 */
export class AttemptRun implements Due {
  dueAt: number;
  readonly #attempt: GrantedAttempt;
  readonly #tools: WorkerTools;
  readonly #cancellation = new Cancellation();
  readonly #startToCloseAt: number;
  #heardAt = performance.now();
  #heartbeats: HeartbeatThrottle<Payloads> | undefined;
  #heartbeatError: unknown;
  #ended = false;

  constructor(attempt: GrantedAttempt, tools: WorkerTools) {
    this.#attempt = attempt;
    this.#tools = tools;
    this.#startToCloseAt = this.#heardAt + unlimited(attempt.task.options.startToCloseTimeoutMs);
    this.dueAt = this.#deadline();
  }

  /**
   * Runs the function.
   *
   * @returns once it has ended: the report on its way, which settles (never rejects) when it was answered.
   */
  async run(): Promise<{ readonly reported: Promise<void> }> {
    this.#tools.clock.add(this);
    const end = await this.#endOf();
    this.#ended = true;
    this.#tools.clock.remove(this);
    const unsent = this.#heartbeats?.take()?.value;
    return { reported: this.#report(end, unsent) };
  }

  cancel(reason: CancelReason): void {
    if (!this.#ended) this.#cancellation.request(reason);
  }

  whenDue(now: number): void {
    this.dueAt = this.#deadline();
    if (this.dueAt > now) return;
    this.dueAt = Infinity;
    this.cancel('TIMED_OUT');
  }

  #deadline(): number {
    const { heartbeatTimeoutMs } = this.#attempt.task.options;
    return Math.min(this.#startToCloseAt, this.#heardAt + unlimited(heartbeatTimeoutMs));
  }

  async #endOf(): Promise<AttemptEnd> {
    try {
      const result = await this.#call();
      return this.#cancellation.isAbandoned ? { type: 'unsaid' } : { type: 'completed', result };
    } catch (error) {
      if (this.#cancellation.reason === 'HEARTBEAT_DETAILS_CONVERSION_FAILED') {
        return { type: 'failed', error: this.#heartbeatError };
      }
      return endOfThrown(error, this.#cancellation);
    }
  }

  async #call(): Promise<unknown> {
    const { task, startedAt, traceparent } = this.#attempt;
    const { activities, converter, tracing, log } = this.#tools;
    const activity = activities.get(task.activityType);
    if (activity === undefined) throw notRegistered(task.activityType, activities.keys());
    const args = await payloadsToValues(converter, task.input);
    const [heartbeatDetails] = await payloadsToValues(converter, task.heartbeatDetails);
    const context = new Context({
      info: activityInfo(task, startedAt, heartbeatDetails),
      log,
      cancellation: this.#cancellation,
      heartbeat: (details) => {
        this.#heartbeat(details);
      },
    });
    // The stack traces of failures are cut at this file (see the failure converter).
    return tracing.within(traceparent, () => Context.run(context, () => activity(...args)));
  }

  #heartbeat(details: unknown): void {
    if (this.#ended) return;
    const payloads = this.#heartbeatPayloads(details);
    if (payloads === undefined) return;
    const intervalMs = heartbeatIntervalMs(this.#attempt.task.options.heartbeatTimeoutMs);
    this.#heartbeats ??= new HeartbeatThrottle(intervalMs, (latest) => void this.#sendHeartbeat(latest));
    this.#heartbeats.add(payloads);
  }

  /** Converted at once, so that what the activity changes later does not change what it has said. */
  #heartbeatPayloads(details: unknown): Payloads | undefined {
    if (details === undefined) return [];
    try {
      const payload = this.#tools.converter.payloadConverter.toPayload(details);
      if (payloadsBytes([payload]) <= blobBytesMax) return [payload];
      throw ApplicationFailure.nonRetryable('Heartbeat details exceed size limit.', 'SizeLimitExceeded');
    } catch (error) {
      this.#heartbeatError = error;
      this.cancel('HEARTBEAT_DETAILS_CONVERSION_FAILED');
      return undefined;
    }
  }

  async #sendHeartbeat(payloads: Payloads): Promise<void> {
    const { options } = this.#attempt.task;
    const timeoutMs = options.heartbeatTimeoutMs > 0 ? options.heartbeatTimeoutMs : heartbeatTimeoutMsDefault;
    try {
      const details = await encodePayloads(this.#tools.converter, payloads);
      const sentAt = performance.now();
      this.#heard(await this.#request({ type: 'RecordHeartbeat', details }, { timeoutMs }), sentAt);
    } catch (error) {
      // The deadline of the attempt says what a heartbeat without an answer means.
      this.#tools.log('debug', `a heartbeat was not answered: ${messageOf(error)}`, fieldsOf(this.#attempt.task));
    }
  }

  #heard({ body }: CommandReply, sentAt: number): void {
    if (body.type === 'Refused') {
      const { reason, message } = body.refusal;
      if (reason === 'not-found' || reason === 'stale-attempt') this.cancel('NOT_FOUND');
      else this.#tools.log('warn', `a heartbeat was refused: ${message}`, fieldsOf(this.#attempt.task));
      return;
    }
    this.#heardAt = Math.max(this.#heardAt, sentAt);
    if (body.answer.type !== 'HeartbeatRecorded') return;
    const { cancelRequested, reset, paused } = body.answer;
    if (cancelRequested) this.cancel('CANCELLED');
    else if (reset) this.cancel('RESET');
    else if (paused) this.cancel('PAUSED');
  }

  async #report(end: AttemptEnd, unsent: Payloads | undefined): Promise<void> {
    const { converter, log } = this.#tools;
    const report = await attemptReport(end, converter);
    if (report === undefined) {
      // Whoever completes it from outside may go on from there.
      if (unsent !== undefined && !this.#cancellation.isAbandoned) await this.#sendHeartbeat(unsent);
      return;
    }
    try {
      const { body } = await this.#send(report, unsent);
      if (body.type === 'Refused')
        log('warn', `${report.type} was refused: ${body.refusal.message}`, fieldsOf(this.#attempt.task));
    } catch (error) {
      log('warn', `${report.type} was not answered: ${messageOf(error)}`, fieldsOf(this.#attempt.task));
    }
  }

  /** The last thing the activity said goes with its failure, and before its cancellation; a success needs none. */
  async #send(report: AttemptReport, unsent: Payloads | undefined): Promise<CommandReply> {
    const options = { repeatMs: reportRepeatMs, timeoutMs: Infinity };
    if (report.type === 'Complete' || unsent === undefined) return this.#request(report, options);
    const lastHeartbeatDetails = await encodePayloads(this.#tools.converter, unsent);
    if (report.type === 'Fail') return this.#request({ ...report, lastHeartbeatDetails }, options);
    await this.#request({ type: 'RecordHeartbeat', details: lastHeartbeatDetails }, options);
    return this.#request(report, options);
  }

  #request(
    report: AttemptReport | { readonly type: 'RecordHeartbeat'; readonly details: Payloads },
    options: { readonly repeatMs?: number; readonly timeoutMs: number },
  ): Promise<CommandReply> {
    const { token, traceparent } = this.#attempt;
    const { channel, identity } = this.#tools;
    return channel.request(
      { ...report, target: token.id, attempt: attemptOf(token), requestId: randomUUID(), identity },
      { ...options, traceparent },
    );
  }
}

const unlimited = (timeoutMs: number): number => (timeoutMs === 0 ? Infinity : timeoutMs);

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const fieldsOf = ({ id, activityType, attempt, options }: ActivityTask): LogFields => ({
  ...id,
  activityType,
  attempt,
  taskQueue: options.taskQueue,
});

/** As the reference has it: another worker of the queue may know it, so it is retried. */
const notRegistered = (activityType: string, known: Iterable<string>): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'NotFoundError',
    message: `Activity function ${activityType} is not registered on this Worker, available activities: ${JSON.stringify([...known])}`,
  });
