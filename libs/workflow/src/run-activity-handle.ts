import { randomUUID } from 'node:crypto';
import type { ActivityDescription } from '@ratchet/client';
import { describeActivity, refusalError, send } from '@ratchet/client/session';
import type { ExecutionId } from '@ratchet/domain';
import { failureToError, payloadsToValues, type CancelledFailure, type OutcomeReply } from '@ratchet/protocol';
import type { ActivityCancellationType } from './cancellation-type.ts';
import type { EffectiveCancellation } from './effective-cancellation.ts';
import { ActivityFailure } from './errors.ts';
import type { RunSession } from './run-session.ts';

/** @internal How a handle knows its activity. */
export interface RunActivityParts {
  readonly activityId: string;
  /** Absent on one that was picked up by its id: its outcome says it. */
  readonly activityType?: string;
  readonly cancellationType: ActivityCancellationType;
  readonly cancellation: EffectiveCancellation;
  /** Asks for the outcome; ended by the signal when nobody here waits for it any more. */
  readonly awaitOutcome: (signal: AbortSignal) => Promise<OutcomeReply>;
}

/** One activity of a run. */
export class RunActivityHandle<Result = unknown> {
  readonly activityId: string;
  readonly #run: RunSession;
  readonly #target: ExecutionId;
  readonly #parts: RunActivityParts;
  readonly #given = new AbortController();
  /** Rejects when it is reported cancelled before it has ended. */
  readonly #reported = Promise.withResolvers<never>();
  readonly #unwatch: () => void;
  #result: Promise<Result> | undefined;

  /** @internal Made by `WorkflowRun`. */
  constructor(run: RunSession, parts: RunActivityParts) {
    this.activityId = parts.activityId;
    this.#run = run;
    this.#parts = parts;
    this.#target = { ...run.run, activityId: parts.activityId };
    this.#reported.promise.catch(() => undefined);
    this.#unwatch = parts.cancellation.onCancel((cause) => {
      this.#cancelWith(cause);
    });
  }

  /**
   * Waits for the end, across restarts of any service. What it gives is kept; after any other error than `ActivityFailure`
   * the next call asks anew.
   *
   * @throws ActivityFailure (rejects) when it failed, timed out, was cancelled or terminated; its `cause` says how. When its
   * scope is cancelled: at once or once it has ended, as its cancellation type says.
   * @throws ActivityNotFoundError when there is no such activity (any more); OperationalError RKT1201 when no service answers
   * for two minutes.
   */
  result(): Promise<Result> {
    if (this.#result !== undefined) return this.#result;
    const result = Promise.race([this.#outcome(), this.#reported.promise]);
    this.#result = result;
    result.catch((error: unknown) => {
      if (!(error instanceof ActivityFailure)) this.#result = undefined;
    });
    return result;
  }

  /**
   * Asks the activity to stop, whatever its cancellation type. Resolves once the request is recorded, not once the activity
   * has ended.
   *
   * @throws RequestRefusedError (rejects) when it has ended, or someone else has asked before; ActivityNotFoundError.
   */
  async cancel(reason = ''): Promise<void> {
    await this.#requestCancel(reason);
  }

  /** What is known of it now. @throws ActivityNotFoundError (rejects) when there is no such activity (any more). */
  async describe(): Promise<ActivityDescription> {
    const { channel, converter } = this.#run.session;
    const { body } = await channel.describe(this.#target, randomUUID());
    if (body.type === 'Refused') throw refusalError(body.refusal, this.#target);
    return describeActivity(body.description, converter);
  }

  async #outcome(): Promise<Result> {
    const { body } = await this.#parts.awaitOutcome(this.#given.signal);
    // Until it is known to have ended, a cancellation of its scope reaches it.
    this.#unwatch();
    if (body.type === 'Refused') throw refusalError(body.refusal, this.#target);
    const { converter } = this.#run.session;
    const { outcome, activityType, workerIdentity: identity } = body;
    if (outcome.type === 'success') {
      // What it is, the caller's types know.
      return (await payloadsToValues(converter, outcome.result))[0] as Result;
    }
    const { retryState } = outcome;
    throw this.#failure({ activityType, identity, retryState }, await failureToError(converter, outcome.failure));
  }

  async #requestCancel(reason: string, sender?: Pick<RunSession, 'driverId'>): Promise<void> {
    const { session } = this.#run;
    const { identity } = session;
    const request = { requestId: randomUUID(), identity, reason, ...(sender && { driverId: sender.driverId }) };
    await send(session, { type: 'RequestCancel', target: this.#target, cascaded: false, ...request });
  }

  #cancelWith(cause: CancelledFailure): void {
    const { cancellationType, activityType = '' } = this.#parts;
    // Who cancels goes on; whether the request arrives, the outcome tells whoever waits for it.
    if (cancellationType !== 'ABANDON') this.#requestCancel(cause.message, this.#run).catch(() => undefined);
    if (cancellationType === 'WAIT_CANCELLATION_COMPLETED') return;
    this.#reported.reject(this.#failure({ activityType, identity: '', retryState: 'cancel-requested' }, cause));
    this.#given.abort(cause);
  }

  #failure(
    info: Omit<ConstructorParameters<typeof ActivityFailure>[1], 'activityId'>,
    cause: ActivityFailure['cause'],
  ): ActivityFailure {
    const { activityId } = this;
    return new ActivityFailure(
      `activity '${activityId}' did not complete: ${cause.message}`,
      { ...info, activityId },
      cause,
    );
  }
}
