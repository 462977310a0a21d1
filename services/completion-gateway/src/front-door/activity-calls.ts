import { randomUUID } from 'node:crypto';
import {
  isClosed,
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
  type LargePart,
  type Link,
  type Offset,
  type OnConflict,
  type Outcome,
  type Payload,
  type Payloads,
  type UserMetadata,
} from '@ratchet/domain';
import { noTrace } from '@ratchet/kafka';
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
  readonly userMetadata?: UserMetadata;
  readonly links?: readonly Link[];
  readonly onConflict?: OnConflict;
}

/** An activity as it stands. */
export interface ActivitySeen {
  readonly activity: Activity;
  /** How large its records are. */
  readonly stateBytes: number;
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

const bulky: readonly LargePart[] = ['input', 'heartbeat-details', 'result'];

function withLarge(whole: Activity, part: LargePart, seen: ActivitySeen | undefined): Activity {
  if (seen === undefined) return whole;
  const { input, heartbeat } = seen.activity;
  switch (part) {
    case 'input':
      return { ...whole, input };
    case 'heartbeat-details':
      return heartbeat === undefined ? whole : { ...whole, heartbeat };
    case 'result':
      return isClosed(whole) && isClosed(seen.activity) ? { ...whole, outcome: seen.activity.outcome } : whole;
  }
}

/**
 * Standalone activities from outside: started, seen, and asked to do something else. Semantics sections 1.1, 1.5, 2.1, 2.4.
 *
 * Every call throws FrontDoorError: what `Desk.admit` refuses, and `Desk.poll` where it waits; INVALID_ARGUMENT that names the field, before anything is
 * written; what the log refuses; UNAVAILABLE when no answer came in time.
 */
export class ActivityCalls {
  readonly #desk: Desk;
  // Whoever waits first is asked for: a look is of nobody's trace alone.
  readonly #changes = new ChangeWatch((target) => this.#description({ trace: noTrace }, target, bulky));

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

  /**
   * The activity as it stands; everything that this gateway has acknowledged before is in it.
   *
   * @param without what is left out.
   */
  async describe(caller: Caller, ref: ActivityRef, without: readonly LargePart[] = []): Promise<ActivitySeen> {
    return this.#description(caller, this.#target(caller, ref, 'reader'), without);
  }

  /** As `describe`, once the activity is no longer at `version`. @returns nothing when `signal` came first. It is one request. */
  async describeChange(
    caller: Caller,
    ref: ActivityRef,
    version: Offset,
    signal: AbortSignal,
    without: readonly LargePart[] = [],
  ): Promise<ActivitySeen | undefined> {
    const target = this.#target(caller, ref, 'reader');
    const seen = await this.#desk.poll(caller, () => this.#changes.changed(target, version, signal));
    // Those who wait for the change of one activity want different parts of it.
    return seen === undefined || bulky.every((part) => without.includes(part))
      ? seen
      : this.#description(caller, target, without);
  }

  /** Waits for the end. @returns nothing when `signal` came first. Semantics section 2.7. */
  async awaitOutcome(caller: Caller, ref: ActivityRef, signal: AbortSignal): Promise<ReachedOutcome | undefined> {
    const target = this.#target(caller, ref, 'reader');
    try {
      const { body } = await this.#desk.poll(caller, () =>
        this.#desk.channel.awaitOutcome(target, { signal, trace: caller.trace }),
      );
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
  async updateOptions(caller: Caller, request: UpdateOptionsRequest): Promise<ActivitySeen> {
    const { options, restoreOriginal } = request;
    throwRefusal(validateUpdate({ options, restoreOriginal }));
    const target = await this.#order(caller, request, (of) => ({
      type: 'UpdateOptions',
      target: of,
      options,
      restoreOriginal,
    }));
    return this.#description(caller, target, bulky);
  }

  async #description(
    { trace }: Pick<Caller, 'trace'>,
    target: ExecutionId,
    without: readonly LargePart[],
  ): Promise<ActivitySeen> {
    const { body } = await orFrontDoorError(this.#desk.channel.describe(target, randomUUID(), { without, trace }));
    if (body.type === 'Described') return { activity: body.description, stateBytes: body.stateBytes };
    // Nothing else forbids to describe what there is: its large parts together are more than an answer has room for.
    const isTooLarge = body.refusal.reason === 'failed-precondition' && without.length < bulky.length - 1;
    if (isTooLarge) return this.#partByPart({ trace }, target, without);
    throw refusedError(body.refusal);
  }

  /** Every part has room in an answer of its own. */
  async #partByPart(
    caller: Pick<Caller, 'trace'>,
    target: ExecutionId,
    without: readonly LargePart[],
  ): Promise<ActivitySeen> {
    const seen = await this.#description(caller, target, bulky);
    const run = seen.activity.id;
    const wanted = bulky.filter((part) => !without.includes(part));
    const withPart = await Promise.all(
      wanted.map((part) =>
        this.#description(
          caller,
          run,
          bulky.filter((other) => other !== part),
        ),
      ),
    );
    const activity = wanted.reduce<Activity>(
      (whole, part, index) => withLarge(whole, part, withPart[index]),
      seen.activity,
    );
    return { ...seen, activity };
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
