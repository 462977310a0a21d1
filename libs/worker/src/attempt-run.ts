import { randomUUID } from 'node:crypto';
import type { ActivityTask, EpochMillis, Payloads } from '@ratchet/domain';
import { OperationalError, traceOfLine, type TraceContext } from '@ratchet/kafka';
import {
  ApplicationFailure,
  attemptOf,
  encodePayloads,
  errorText,
  fieldOf,
  isInstance,
  payloadsToValues,
  repetitions,
  type CommandReply,
  type Due,
  type RequestOptions,
  type TaskToken,
} from '@ratchet/protocol';
import { activityInfo } from './activity-info.ts';
import type { LogFields } from './activity-log.ts';
import { endOfThrown, type AttemptEnd } from './attempt-end.ts';
import { AttemptHeartbeats } from './attempt-heartbeats.ts';
import { attemptReport, unreportable, type AttemptReport } from './attempt-report.ts';
import type { CancelReason } from './cancel-reason.ts';
import { Cancellation, isCancellation } from './cancellation.ts';
import { Context } from './context.ts';
import type { AttemptTools } from './worker-tools.ts';

/** An attempt that was granted to this worker. */
export interface GrantedAttempt {
  readonly task: ActivityTask;
  readonly token: TaskToken;
  readonly startedAt: EpochMillis;
  readonly trace: TraceContext | undefined;
}

/**
 * One attempt, from the grant to the report.
 *
 * It is told to stop when a limit of the attempt passes on this worker's clock, though nothing came from the log
 * (semantics section 1.4): the log will say the same, so whatever the function gives later is not reported.
 */
export class AttemptRun implements Due {
  dueAt: number;
  readonly #attempt: GrantedAttempt;
  readonly #tools: AttemptTools;
  readonly #cancellation = new Cancellation();
  readonly #heartbeats: AttemptHeartbeats;
  readonly #startToCloseAt: number;
  readonly #stray = Promise.withResolvers<never>();
  #ended = false;

  constructor(attempt: GrantedAttempt, tools: AttemptTools) {
    this.#attempt = attempt;
    this.#tools = tools;
    const { startToCloseTimeoutMs, heartbeatTimeoutMs } = attempt.task.options;
    this.#startToCloseAt = performance.now() + (startToCloseTimeoutMs === 0 ? Infinity : startToCloseTimeoutMs);
    this.#heartbeats = new AttemptHeartbeats({
      heartbeatTimeoutMs,
      converter: tools.converter,
      send: (command, options) => this.#request(command, options),
      cancel: (reason) => {
        this.cancel(reason);
      },
      log: (level, message) => {
        tools.log(level, message, fieldsOf(attempt));
      },
    });
    this.dueAt = this.#deadline();
    this.#stray.promise.catch(() => undefined);
  }

  /**
   * Runs the function.
   *
   * @returns once the attempt has ended: the report on its way, which settles (never rejects) when it was answered; and
   * the function, which goes on for a while when a promise that it left alone has failed the attempt.
   */
  async run(): Promise<{ readonly reported: Promise<void>; readonly returned: Promise<unknown> }> {
    this.#tools.clock.add(this);
    const begunAt = performance.now();
    const returned = this.#call();
    const end = await this.#endOf(Promise.race([returned, this.#stray.promise]));
    this.#ended = true;
    this.#tools.clock.remove(this);
    this.#tools.metrics?.ended(this.#attempt.task, end.type, performance.now() - begunAt);
    // Nobody may be waiting for the activity, and it may be retried for ever: here at least it is seen.
    if (end.type === 'failed')
      this.#tools.log(isBenign(end.error) ? 'debug' : 'warn', `the activity failed: ${errorText(end.error)}`, {
        ...fieldsOf(this.#attempt),
        error: end.error,
      });
    return { reported: this.#report(end, this.#heartbeats.take()), returned: returned.catch(() => undefined) };
  }

  cancel(reason: CancelReason): void {
    if (this.#ended || !this.#cancellation.request(reason)) return;
    // Nobody listens to it any more, however long it goes on.
    if (this.#cancellation.isAbandoned) this.#heartbeats.take();
    this.#tools.log('debug', `the activity is to stop: ${reason}`, fieldsOf(this.#attempt));
  }

  whenDue(now: number): void {
    this.dueAt = this.#deadline();
    if (this.dueAt > now) return;
    this.dueAt = Infinity;
    this.cancel('TIMED_OUT');
  }

  #deadline(): number {
    return Math.min(this.#startToCloseAt, this.#heartbeats.deadline);
  }

  async #endOf(outcome: Promise<unknown>): Promise<AttemptEnd> {
    try {
      const result = await outcome;
      return this.#cancellation.isAbandoned ? { type: 'unsaid' } : { type: 'completed', result };
    } catch (error) {
      const end = endOfThrown(error, this.#cancellation);
      const isUnheard = this.#cancellation.reason === 'HEARTBEAT_DETAILS_CONVERSION_FAILED';
      return isUnheard && end.type !== 'unsaid' ? { type: 'failed', error: this.#heartbeats.failure } : end;
    }
  }

  async #call(): Promise<unknown> {
    const { task, startedAt, trace } = this.#attempt;
    const { activities, converter, logOfActivities } = this.#tools;
    const activity = activities.get(task.activityType);
    if (activity === undefined) throw notRegistered(task.activityType, activities.keys());
    const args = await payloadsToValues(converter, task.input);
    const [heartbeatDetails] = await payloadsToValues(converter, task.heartbeatDetails);
    const context = new Context({
      info: activityInfo(task, startedAt, heartbeatDetails),
      log: (level, message, fields) => {
        logOfActivities(level, message, { ...traceOfLine(trace), ...fields });
      },
      cancellation: this.#cancellation,
      heartbeat: (details) => {
        if (!this.#ended && !this.#cancellation.isAbandoned) this.#heartbeats.add(details);
      },
      stray: (error) => {
        this.#strayed(error);
      },
    });
    // The stack traces of failures are cut at this file (see the failure converter).
    return this.#traced(() => Context.run(context, () => activity(...args)));
  }

  /** What the function asks of others belongs to a span of its own, which Temporal's SDKs name so. */
  async #traced(run: () => unknown): Promise<unknown> {
    const { task, trace } = this.#attempt;
    const { tracing } = this.#tools;
    const name = `RunActivity:${task.activityType}`;
    const span = tracing.begin({ name, kind: 'internal', attributes: {}, about: task }, trace);
    if (span === undefined) return tracing.within(trace, run);
    try {
      const result = await span.within(run);
      span.end();
      return result;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  /** The attempt fails at once: what it waits for may have been the promise's part. What still runs of it is told to stop. */
  #strayed(error: unknown): void {
    // What it was told to stop, and nobody waited for.
    if (isCancellation(error) && this.#cancellation.reason !== undefined) return;
    if (!this.#ended) {
      this.#stray.reject(error);
      this.#cancellation.deliver('NOT_FOUND');
      return;
    }
    this.#tools.log('warn', `a promise that the activity left alone was rejected after its end: ${errorText(error)}`, {
      ...fieldsOf(this.#attempt),
      error,
    });
  }

  async #report(end: AttemptEnd, unsent: Payloads | undefined): Promise<void> {
    const fields = fieldsOf(this.#attempt);
    const { converter, log } = this.#tools;
    try {
      const report = await attemptReport(end, converter, (error) => {
        log('warn', `the end of an attempt could not be converted: ${errorText(error)}`, fields);
      });
      if (report === undefined) {
        // Whoever completes it from outside may go on from there.
        if (unsent !== undefined && !this.#cancellation.isAbandoned) await this.#heartbeats.send(unsent);
        return;
      }
      const { body } = await this.#sendAnyhow(report, unsent);
      if (body.type === 'Refused') log('warn', `${report.type} was refused: ${body.refusal.message}`, fields);
    } catch (error) {
      log('warn', `the end of an attempt was not reported, or not answered: ${errorText(error)}`, fields);
    }
  }

  /** A report that cannot be written, whatever is wrong with it, is replaced by one that can. */
  async #sendAnyhow(report: AttemptReport, unsent: Payloads | undefined): Promise<CommandReply> {
    try {
      return await this.#send(report, unsent);
    } catch (error) {
      // The connection was closed: nothing can be sent any more.
      if (isInstance(error, OperationalError) && error.code === 'RKT1201') throw error;
      this.#tools.log('warn', `${report.type} could not be sent: ${errorText(error)}`, fieldsOf(this.#attempt));
      return this.#request(unreportable, { repetition: repetitions.report, timeoutMs: Infinity });
    }
  }

  /** The last thing the activity said goes with its failure, and before its cancellation; a success needs none. */
  async #send(report: AttemptReport, unsent: Payloads | undefined): Promise<CommandReply> {
    // The first one in the log counts, so a repetition does no harm.
    const options = { repetition: repetitions.report, timeoutMs: Infinity };
    const details = report.type === 'Complete' || unsent === undefined ? undefined : await this.#encoded(unsent);
    if (details === undefined) return this.#request(report, options);
    if (report.type === 'Fail') return this.#request({ ...report, lastHeartbeatDetails: details }, options);
    await this.#request({ type: 'RecordHeartbeat', details }, options);
    return this.#request(report, options);
  }

  /** @returns `undefined` when a codec refuses: the end is reported even so. */
  async #encoded(unsent: Payloads): Promise<Payloads | undefined> {
    const { converter, log } = this.#tools;
    try {
      return await encodePayloads(converter, unsent);
    } catch (error) {
      log('warn', `the last heartbeat could not be converted: ${errorText(error)}`, fieldsOf(this.#attempt));
      return undefined;
    }
  }

  #request(
    report: AttemptReport | { readonly type: 'RecordHeartbeat'; readonly details: Payloads },
    options: RequestOptions,
  ): Promise<CommandReply> {
    const { token, trace } = this.#attempt;
    const { channel, identity } = this.#tools;
    return channel.request(
      { ...report, target: token.id, attempt: attemptOf(token), requestId: randomUUID(), identity },
      { ...options, trace },
    );
  }
}

const isBenign = (error: unknown): boolean =>
  isInstance(error, ApplicationFailure) && fieldOf(error, 'category') === 'benign';

const fieldsOf = ({ task, trace }: Pick<GrantedAttempt, 'task' | 'trace'>): LogFields => ({
  ...task.id,
  activityType: task.activityType,
  attempt: task.attempt,
  taskQueue: task.options.taskQueue,
  ...traceOfLine(trace),
});

/** As the reference has it: another worker of the queue may know it, so it is retried. */
const notRegistered = (activityType: string, known: Iterable<string>): ApplicationFailure =>
  ApplicationFailure.create({
    type: 'NotFoundError',
    message: `Activity function ${activityType} is not registered on this Worker, available activities: ${JSON.stringify([...known])}`,
  });
