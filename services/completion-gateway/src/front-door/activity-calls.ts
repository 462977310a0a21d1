import { randomUUID } from 'node:crypto';
import {
  checkReason,
  checkRequest,
  checkRunIdFormat,
  checkTarget,
  firstRefusal,
  validateSchedule,
  validateUpdate,
  type Activity,
  type ActivityOptionsRequest,
  type ClosedStatus,
  type ExecutionId,
  type IdConflictPolicy,
  type IdReusePolicy,
  type Offset,
  type Outcome,
  type Payload,
  type Payloads,
} from '@ratchet/domain';
import type { Caller, Role } from './caller.ts';
import { ChangeWatch } from './change-watch.ts';
import { orFrontDoorError, executionId, type ActivityRef, type CommandOfCaller, type Desk } from './desk.ts';
import { asFrontDoorError, refusedError, throwRefusal } from './front-door-errors.ts';

export interface StartActivityRequest {
  readonly activityId: string;
  readonly activityType: string;
  /** Empty: one is made, and the request cannot be repeated. */
  readonly requestId: string;
  readonly options: ActivityOptionsRequest;
  readonly input: Payloads;
  readonly header: Readonly<Record<string, Payload>>;
  readonly idReusePolicy: IdReusePolicy;
  readonly idConflictPolicy: IdConflictPolicy;
  /** URLs to be told of the outcome. */
  readonly callbackUrls?: readonly string[];
}

export interface StartedActivity {
  readonly runId: string;
  /** False: it was there before. */
  readonly started: boolean;
}

export interface ReachedOutcome {
  readonly runId: string;
  readonly status: ClosedStatus;
  readonly outcome: Outcome;
}

/** What is asked of an activity: an empty request id is made up. */
export interface ActivityRequest extends ActivityRef {
  readonly requestId: string;
}
export interface ReasonedRequest extends ActivityRequest {
  readonly reason: string;
}
export interface ResetRequest extends ActivityRequest {
  readonly keepPaused: boolean;
  readonly resetHeartbeat: boolean;
  readonly restoreOriginalOptions: boolean;
}
export interface UpdateOptionsRequest extends ActivityRequest {
  /** Only what is present changes. */
  readonly options: Partial<ActivityOptionsRequest>;
  readonly restoreOriginal: boolean;
}

/**
 * Standalone activities from outside: started, seen, and asked to do something else. Semantics sections 1.1, 1.5, 2.1, 2.4.
 *
 * Every call throws FrontDoorError: what `Desk.admit` refuses, and `Desk.poll` where it waits; INVALID_ARGUMENT that names the field, before anything is
 * written; what the log refuses; UNAVAILABLE when no answer came in time.
 */
export class ActivityCalls {
  readonly #desk: Desk;
  readonly #changes = new ChangeWatch((target) => this.#description(target));

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** @throws FrontDoorError ALREADY_EXISTS, with who has the id, when the policies say no. */
  async start(caller: Caller, request: StartActivityRequest): Promise<StartedActivity> {
    const { retentionMs } = this.#desk.admit(caller, 'writer');
    const { activityId, requestId, ...rest } = request;
    const command = {
      type: 'Schedule',
      target: executionId(caller.namespace, { activityId, runId: randomUUID() }),
      ...rest,
      shielded: false,
      retentionMs,
      awaitOutcome: false,
    } as const;
    const named = requestId === '' ? randomUUID() : requestId;
    throwRefusal(validateSchedule({ ...command, requestId: named, identity: caller.identity }));
    const answer = await this.#desk.send(caller, command, { requestId });
    if (answer.type !== 'Scheduled')
      throw new Error(`Expected to hear of a Schedule, but the answer is ${answer.type}`);
    const { runId, started } = answer;
    return { runId, started };
  }

  /** The activity as it stands; everything that this gateway has acknowledged before is in it. */
  async describe(caller: Caller, ref: ActivityRef): Promise<Activity> {
    return this.#description(this.#target(caller, ref, 'reader'));
  }

  /** As `describe`, once the activity is no longer at `version`. @returns nothing when `signal` came first. It is one request. */
  async describeChange(
    caller: Caller,
    ref: ActivityRef,
    version: Offset,
    signal: AbortSignal,
  ): Promise<Activity | undefined> {
    const target = this.#target(caller, ref, 'reader');
    return this.#desk.poll(caller, () => this.#changes.changed(target, version, signal));
  }

  /** Waits for the end. @returns nothing when `signal` came first. Semantics section 2.7. */
  async awaitOutcome(caller: Caller, ref: ActivityRef, signal: AbortSignal): Promise<ReachedOutcome | undefined> {
    const target = this.#target(caller, ref, 'reader');
    try {
      const { body } = await this.#desk.poll(caller, () => this.#desk.channel.awaitOutcome(target, { signal }));
      if (body.type === 'Refused') throw refusedError(body.refusal);
      const { runId, status, outcome } = body;
      return { runId, status, outcome };
    } catch (error) {
      if (signal.aborted) return undefined;
      throw asFrontDoorError(error);
    }
  }

  async requestCancel(caller: Caller, { reason, ...request }: ReasonedRequest): Promise<void> {
    throwRefusal(checkReason(reason));
    await this.#order(caller, request, (target) => ({ type: 'RequestCancel', target, reason, cascaded: false }));
  }

  async terminate(caller: Caller, { reason, ...request }: ReasonedRequest): Promise<void> {
    throwRefusal(checkReason(reason));
    await this.#order(caller, request, (target) => ({ type: 'Terminate', target, reason }));
  }

  /** Ends it if it is open, and forgets it: the id is free. */
  async delete(caller: Caller, ref: ActivityRef): Promise<void> {
    await this.#order(caller, { ...ref, requestId: '' }, (target) => ({ type: 'Delete', target }));
  }

  async pause(caller: Caller, { reason, ...request }: ReasonedRequest): Promise<void> {
    throwRefusal(checkReason(reason));
    await this.#order(caller, request, (target) => ({ type: 'Pause', target, reason }));
  }

  async unpause(caller: Caller, request: ActivityRequest): Promise<void> {
    await this.#order(caller, request, (target) => ({ type: 'Unpause', target }));
  }

  async reset(caller: Caller, request: ResetRequest): Promise<void> {
    const { keepPaused, resetHeartbeat, restoreOriginalOptions } = request;
    const how = { keepPaused, resetHeartbeat, restoreOriginalOptions };
    await this.#order(caller, request, (target) => ({ type: 'Reset', target, ...how }));
  }

  /** @returns the activity as it stands then. */
  async updateOptions(caller: Caller, request: UpdateOptionsRequest): Promise<Activity> {
    const { options, restoreOriginal } = request;
    throwRefusal(validateUpdate({ options, restoreOriginal }));
    const target = await this.#order(caller, request, (of) => ({
      type: 'UpdateOptions',
      target: of,
      options,
      restoreOriginal,
    }));
    return this.#description(target);
  }

  async #description(target: ExecutionId): Promise<Activity> {
    const { body } = await orFrontDoorError(this.#desk.channel.describe(target, randomUUID()));
    if (body.type === 'Refused') throw refusedError(body.refusal);
    return body.description;
  }

  #target(caller: Caller, ref: ActivityRef, role: Role): ExecutionId {
    this.#desk.admit(caller, role);
    const target = executionId(caller.namespace, ref);
    const ofRun = target.workflowId !== '';
    throwRefusal(firstRefusal(checkTarget(target), ofRun ? undefined : checkRunIdFormat(ref.runId)));
    return target;
  }

  async #order(
    caller: Caller,
    { requestId, ...ref }: ActivityRequest,
    command: (target: ExecutionId) => CommandOfCaller,
  ): Promise<ExecutionId> {
    const target = this.#target(caller, ref, 'writer');
    throwRefusal(checkRequest({ requestId: requestId === '' ? 'made up' : requestId, identity: caller.identity }));
    await this.#desk.send(caller, command(target), { requestId });
    return target;
  }
}
