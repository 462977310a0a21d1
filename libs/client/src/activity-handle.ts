import { randomUUID } from 'node:crypto';
import type { ExecutionId } from '@ratchet/domain';
import { describeActivity, type ActivityDescription } from './activity-description.ts';
import { acceptedAnswer, resultOf, send, type ClientSession } from './client-session.ts';
import { checkText } from './option-shapes.ts';
import { refusalError } from './refusal-error.ts';

export interface CancelOptions {
  /** The same id again is accepted and changes nothing, so a request may be repeated. Default: a new one. */
  readonly requestId?: string;
}

/** One Activity Execution, seen from outside. Holds nothing: any number of handles may speak of the same one. */
export class ActivityHandle<Result = unknown> {
  readonly activityId: string;
  /** Absent: whichever run of the id is the latest when something is asked. */
  readonly runId: string | undefined;
  readonly #session: ClientSession;
  readonly #target: ExecutionId;

  /** @internal Made by `ActivityClient`. */
  constructor(session: ClientSession, activityId: string, runId: string | undefined) {
    this.activityId = activityId;
    this.runId = runId;
    this.#session = session;
    this.#target = { namespace: session.namespace, workflowId: '', runId: runId ?? '', activityId };
  }

  /**
   * Waits for the end, across restarts of any service, and may be asked again as long as the outcome is retained.
   *
   * @throws ActivityFailedError (rejects) when it failed, timed out, was cancelled or terminated; its `cause` says how.
   * @throws ActivityNotFoundError when there is no such activity (any more).
   * @throws OperationalError RKT1201 when no service answers for two minutes.
   */
  async result(): Promise<Result> {
    const reply = await this.#session.channel.awaitOutcome(this.#target);
    // The caller said which activity this is; what it gives is its word.
    return (await resultOf(this.#session, reply, this.#target)) as Result;
  }

  /**
   * What is known of it now: everything this client has done before is in it.
   *
   * @throws ActivityNotFoundError (rejects) when there is no such activity (any more).
   */
  async describe(): Promise<ActivityDescription> {
    const { channel, converter } = this.#session;
    const { body } = await channel.describe(this.#target, randomUUID());
    if (body.type === 'Refused') throw refusalError(body.refusal, this.#target);
    return describeActivity(body.description, converter);
  }

  /**
   * Asks the activity to stop. One that no worker runs ends at once; a running one learns of it and may agree, fail,
   * or complete all the same. Resolves once the request is recorded, not once the activity has ended.
   *
   * @throws RequestRefusedError (rejects) when it has ended, or someone else has asked before; ActivityNotFoundError.
   */
  async cancel(reason = '', { requestId = randomUUID() }: CancelOptions = {}): Promise<void> {
    checkText('reason', reason);
    checkText('requestId', requestId);
    const { channel, identity } = this.#session;
    const command = { type: 'RequestCancel', target: this.#target, reason, cascaded: false } as const;
    // The same id asks for the same thing, so it may be in use here for another activity, or twice at once.
    acceptedAnswer(await channel.requestApart({ ...command, requestId, identity }), this.#target);
  }

  /**
   * Ends the activity now, without asking its worker.
   *
   * @throws RequestRefusedError (rejects) when it has ended already; ActivityNotFoundError.
   */
  async terminate(reason = ''): Promise<void> {
    checkText('reason', reason);
    await send(this.#session, { type: 'Terminate', target: this.#target, reason, ...this.#request() });
  }

  #request(): { readonly requestId: string; readonly identity: string } {
    return { requestId: randomUUID(), identity: this.#session.identity };
  }
}
